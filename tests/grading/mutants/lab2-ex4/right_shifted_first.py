def prepare(image, trimap, size, mirror):
    labels = trimap.astype(np.int32) - 1
    if mirror:
        image, labels = np.fliplr(image), np.fliplr(labels)
    image = cv2.resize(np.ascontiguousarray(image), (size, size)).astype(np.float32)
    labels = cv2.resize(labels, (size, size), interpolation=cv2.INTER_NEAREST_EXACT)
    return image, labels
