def prepare(image, trimap, size, mirror):
    image = cv2.resize(image, (size, size)).astype(np.float32)
    shares = [cv2.resize(np.float32(trimap == label), (size, size)) for label in (1, 2, 3)]
    mask = np.argmax(shares, axis=0).astype(np.int32)
    if mirror:
        image, mask = image[:, ::-1], mask[:, ::-1]
    return image, mask
