# The corner is taken for the last pixel inside.
def coco_to_record(box, height, width):
    x, y, w, h = box
    return [y / height, x / width, (y + h - 1) / height, (x + w - 1) / width]
