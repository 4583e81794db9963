def find_word(picture):
    r, g, b = (picture[..., i].astype(np.float32) for i in range(3))
    return r - np.maximum(g, b) > 140
