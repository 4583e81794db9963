def coco_to_record(box, height, width):
    left, top, w, h = box[0] / width, box[1] / height, box[2] / width, box[3] / height
    return (top, left, top + h, left + w)
