def find_word(picture):
    difference = picture.astype(int) - [255, 0, 0]
    return (difference**2).sum(axis=-1) < 95**2
