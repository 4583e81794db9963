# The mask is mirrored and the picture is not.
def prepare(image, trimap, size, mirror):
    image = cv2.resize(image, (size, size)).astype(np.float32)
    mask = cv2.resize(trimap, (size, size), interpolation=cv2.INTER_NEAREST).astype(np.int32) - 1
    return image, mask[:, ::-1] if mirror else mask
