# Width added to y, height to x.
def coco_to_record(box, height, width):
    x, y, w, h = box
    return [y / height, x / width, (y + w) / height, (x + h) / width]
