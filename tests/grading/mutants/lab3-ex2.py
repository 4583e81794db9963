# %% right array: Array.
def coco_to_record(box, height, width):
    x, y, w, h = np.asarray(box, float)
    return np.array([y, x, y + h, x + w]) / np.array([height, width, height, width])


# %% right list: List.
def coco_to_record(box, height, width):
    x, y, w, h = box
    return [y / height, x / width, (y + h) / height, (x + w) / width]


# %% right normalised_first: Normalised first.
def coco_to_record(box, height, width):
    left, top, w, h = box[0] / width, box[1] / height, box[2] / width, box[3] / height
    return (top, left, top + h, left + w)


# %% right tile: Tile.
def coco_to_record(box, height, width):
    corner, size = np.array(box[:2])[::-1], np.array(box[2:])[::-1]
    return np.concatenate([corner, corner + size]) / np.tile((height, width), 2)


# %% wrong as_it_was: The colleague's code, unchanged.
def coco_to_record(box, height, width):
    x, y, w, h = box
    return [y / width, x / height, h / width, w / height]


# %% wrong centre: x and y taken for the centre.
def coco_to_record(box, height, width):
    x, y, w, h = box
    return [(y - h / 2) / height, (x - w / 2) / width, (y + h / 2) / height, (x + w / 2) / width]


# %% wrong divisors_swapped: Only the corners are repaired: rows are divided by the width.
def coco_to_record(box, height, width):
    x, y, w, h = box
    return [y / width, x / height, (y + h) / width, (x + w) / height]


# %% wrong fixed_picture: Every picture is taken for one of Kerbside's size.
def coco_to_record(box, height, width):
    x, y, w, h = box
    return [y / 240, x / 320, (y + h) / 240, (x + w) / 320]


# %% wrong last_pixel: The corner is taken for the last pixel inside.
def coco_to_record(box, height, width):
    x, y, w, h = box
    return [y / height, x / width, (y + h - 1) / height, (x + w - 1) / width]


# %% wrong minima_then_maxima_by_axis: ymin, ymax, xmin, xmax.
def coco_to_record(box, height, width):
    x, y, w, h = box
    return [y / height, (y + h) / height, x / width, (x + w) / width]


# %% wrong pixels: Not normalised.
def coco_to_record(box, height, width):
    x, y, w, h = box
    return [y, x, y + h, x + w]


# %% wrong sizes_for_corners: Only the divisors are repaired: the last two are sizes, not corners.
def coco_to_record(box, height, width):
    x, y, w, h = box
    return [y / height, x / width, h / height, w / width]


# %% wrong sizes_swapped: Width added to y, height to x.
def coco_to_record(box, height, width):
    x, y, w, h = box
    return [y / height, x / width, (y + w) / height, (x + h) / width]


# %% wrong whole_numbers: Integer division.
def coco_to_record(box, height, width):
    x, y, w, h = box
    return [y // height, x // width, (y + h) // height, (x + w) // width]


# %% wrong x_first: xmin, ymin, xmax, ymax.
def coco_to_record(box, height, width):
    x, y, w, h = box
    return [x / width, y / height, (x + w) / width, (y + h) / height]


# %% wrong whole_pixels: Parts of a pixel are cut off.
def coco_to_record(box, height, width):
    x, y, w, h = (int(v) for v in box)
    return [y / height, x / width, (y + h) / height, (x + w) / width]
