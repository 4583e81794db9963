# Only the divisors are repaired: the last two are sizes, not corners.
def coco_to_record(box, height, width):
    x, y, w, h = box
    return [y / height, x / width, h / height, w / width]
