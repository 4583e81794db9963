def prepare(image, trimap, size, mirror):
    rows = (np.arange(size) + 0.5) * trimap.shape[0] / size
    columns = (np.arange(size) + 0.5) * trimap.shape[1] / size
    mask = trimap[rows.astype(int)][:, columns.astype(int)].astype(int) - 1
    image = cv2.resize(image.astype(np.float32), (size, size), interpolation=cv2.INTER_AREA)
    return (image[:, ::-1], mask[:, ::-1]) if mirror else (image, mask)
