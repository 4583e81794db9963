def prepare(image, trimap, size, mirror):
    image = cv2.resize(image, (size, size), interpolation=cv2.INTER_LINEAR)
    mask = cv2.resize(trimap, (size, size), interpolation=cv2.INTER_NEAREST)
    if mirror:
        image, mask = cv2.flip(image, 1), cv2.flip(mask, 1)
    return np.float32(image), np.int32(mask) - 1
