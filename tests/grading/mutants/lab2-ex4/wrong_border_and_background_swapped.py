# Border and background in each other's place, as the published lab has them.
def prepare(image, trimap, size, mirror):
    image = cv2.resize(image, (size, size)).astype(np.float32)
    mask = cv2.resize(trimap, (size, size), interpolation=cv2.INTER_NEAREST)
    mask = np.array([0, 0, 2, 1], np.int32)[mask]
    if mirror:
        image, mask = image[:, ::-1], mask[:, ::-1]
    return image, mask
