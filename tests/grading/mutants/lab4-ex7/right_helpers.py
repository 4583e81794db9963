def to_picture(small, box, size):
    return mask_pasting.paste(small[None], np.array(box, float)[None], size)[0]
