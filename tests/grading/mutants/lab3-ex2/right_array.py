def coco_to_record(box, height, width):
    x, y, w, h = np.asarray(box, float)
    return np.array([y, x, y + h, x + w]) / np.array([height, width, height, width])
