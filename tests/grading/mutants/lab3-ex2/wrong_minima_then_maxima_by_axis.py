# ymin, ymax, xmin, xmax.
def coco_to_record(box, height, width):
    x, y, w, h = box
    return [y / height, (y + h) / height, x / width, (x + w) / width]
