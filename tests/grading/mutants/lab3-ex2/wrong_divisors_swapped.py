# Only the corners are repaired: rows are divided by the width.
def coco_to_record(box, height, width):
    x, y, w, h = box
    return [y / width, x / height, (y + h) / width, (x + w) / height]
