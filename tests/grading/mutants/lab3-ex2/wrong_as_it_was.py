# The colleague's code, unchanged.
def coco_to_record(box, height, width):
    x, y, w, h = box
    return [y / width, x / height, h / width, w / height]
