# x and y taken for the centre.
def coco_to_record(box, height, width):
    x, y, w, h = box
    return [(y - h / 2) / height, (x - w / 2) / width, (y + h / 2) / height, (x + w / 2) / width]
