# Height and width of the mask are swapped.
def prepare(image, trimap, size, mirror):
    image = cv2.resize(image, (size, size)).astype(np.float32)
    mask = cv2.resize(trimap.T, (size, size), interpolation=cv2.INTER_NEAREST).astype(np.int32) - 1
    if mirror:
        image, mask = image[:, ::-1], mask[:, ::-1]
    return image, mask
