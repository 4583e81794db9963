# xmin, ymin, xmax, ymax.
def coco_to_record(box, height, width):
    x, y, w, h = box
    return [x / width, y / height, (x + w) / width, (y + h) / height]
