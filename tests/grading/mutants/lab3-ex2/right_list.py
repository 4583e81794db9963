def coco_to_record(box, height, width):
    x, y, w, h = box
    return [y / height, x / width, (y + h) / height, (x + w) / width]
