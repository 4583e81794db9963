# The mask is still resized smoothly.
def prepare(image, trimap, size, mirror):
    image = cv2.resize(image, (size, size)).astype(np.float32)
    mask = cv2.resize(trimap, (size, size)).astype(np.int32) - 1
    if mirror:
        image, mask = image[:, ::-1], mask[:, ::-1]
    return image, mask
