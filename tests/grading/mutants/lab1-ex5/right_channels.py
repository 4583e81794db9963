def find_word(picture):
    r, g, b = np.moveaxis(picture.astype(int), -1, 0)
    return (r > 180) & (g < 75) & (b < 75)
