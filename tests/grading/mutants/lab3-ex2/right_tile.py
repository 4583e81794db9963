def coco_to_record(box, height, width):
    corner, size = np.array(box[:2])[::-1], np.array(box[2:])[::-1]
    return np.concatenate([corner, corner + size]) / np.tile((height, width), 2)
