# Not normalised.
def coco_to_record(box, height, width):
    x, y, w, h = box
    return [y, x, y + h, x + w]
