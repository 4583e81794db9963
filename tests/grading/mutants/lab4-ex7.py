# %% right by_hand: By hand.
def to_picture(small, box, size):
    ymin, xmin, ymax, xmax = box
    mask = np.zeros(size, bool)
    rows = np.clip(
        (np.arange(ymax - ymin) + 0.5) / (ymax - ymin) * len(small) - 0.5, 0, len(small) - 1
    )
    columns = np.clip(
        (np.arange(xmax - xmin) + 0.5) / (xmax - xmin) * len(small) - 0.5, 0, len(small) - 1
    )
    a, b = rows.astype(int), columns.astype(int)
    a2, b2 = np.minimum(a + 1, len(small) - 1), np.minimum(b + 1, len(small) - 1)
    u, v = (rows - a)[:, None], columns - b
    upper = small[a][:, b] * (1 - v) + small[a][:, b2] * v
    lower = small[a2][:, b] * (1 - v) + small[a2][:, b2] * v
    mask[ymin:ymax, xmin:xmax] = upper * (1 - u) + lower * u > 0.5
    return mask


# %% right cubic: Cubic.
def to_picture(small, box, size):
    ymin, xmin, ymax, xmax = box
    picture = np.zeros(size, np.float32)
    picture[ymin:ymax, xmin:xmax] = cv2.resize(
        small, (xmax - xmin, ymax - ymin), interpolation=cv2.INTER_CUBIC
    )
    return picture > 0.5


# %% right helpers: Helpers.
def to_picture(small, box, size):
    return detector.paste(small[None], np.array(box, float)[None], size)[0]


# %% right linear: Linear.
def to_picture(small, box, size):
    top, left, bottom, right = map(int, box)
    inside = cv2.resize(
        np.asarray(small), dsize=(right - left, bottom - top), interpolation=cv2.INTER_LINEAR
    )
    return np.pad(inside > 0.5, ((top, size[0] - bottom), (left, size[1] - right)))


# %% wrong box_as_size: The last two numbers taken for height and width of the box.
def to_picture(small, box, size):
    ymin, xmin, height, width = box
    mask = np.zeros(size, bool)
    part = mask[ymin : ymin + height, xmin : xmin + width]
    part[:] = (cv2.resize(small, (width, height)) > 0.5)[: part.shape[0], : part.shape[1]]
    return mask


# %% wrong filled_box: The whole box.
def to_picture(small, box, size):
    mask = np.zeros(size, bool)
    mask[box[0] : box[2], box[1] : box[3]] = True
    return mask


# %% wrong hard_coded: The expected output of the visible check.
def to_picture(small, box, size):
    mask = np.zeros(size, bool)
    mask[10:30, 20:100] = True
    return mask


# %% wrong no_threshold: Every probability that is not 0 counts.
def to_picture(small, box, size):
    ymin, xmin, ymax, xmax = box
    mask = np.zeros(size, bool)
    mask[ymin:ymax, xmin:xmax] = cv2.resize(small, (xmax - xmin, ymax - ymin)).astype(bool)
    return mask


# %% wrong not_resized: The 28 x 28 numbers are put into the corner of the box as they are.
def to_picture(small, box, size):
    mask = np.zeros(size, bool)
    part = mask[box[0] : box[0] + 28, box[1] : box[1] + 28]
    part[:] = small[: part.shape[0], : part.shape[1]] > 0.5
    return mask


# %% wrong probabilities: The probabilities instead of a mask.
def to_picture(small, box, size):
    ymin, xmin, ymax, xmax = box
    picture = np.zeros(size, np.float32)
    picture[ymin:ymax, xmin:xmax] = cv2.resize(small, (xmax - xmin, ymax - ymin))
    return picture


# %% wrong sides_swapped: Resized to (height, width) and turned to fit.
def to_picture(small, box, size):
    ymin, xmin, ymax, xmax = box
    mask = np.zeros(size, bool)
    mask[ymin:ymax, xmin:xmax] = (cv2.resize(small, (ymax - ymin, xmax - xmin)) > 0.5).T
    return mask


# %% wrong stretched: Stretched over the whole picture, the published way.
def to_picture(small, box, size):
    return cv2.resize(small, (size[1], size[0])) > 0.5


# %% wrong upside_down: The box's rows from the bottom.
def to_picture(small, box, size):
    ymin, xmin, ymax, xmax = box
    mask = np.zeros(size, bool)
    mask[ymin:ymax, xmin:xmax] = cv2.resize(small, (xmax - xmin, ymax - ymin))[::-1] > 0.5
    return mask


# %% wrong x_first: The box read as xmin, ymin, xmax, ymax.
def to_picture(small, box, size):
    xmin, ymin, xmax, ymax = box
    mask = np.zeros(size, bool)
    part = mask[ymin:ymax, xmin:xmax]
    if part.size:
        part[:] = cv2.resize(small, part.shape[::-1]) > 0.5
    return mask


# %% wrong relative_threshold: The middle between the least and the greatest probability instead of one half.
def to_picture(small, box, size):
    ymin, xmin, ymax, xmax = box
    mask = np.zeros(size, bool)
    inside = cv2.resize(small, (xmax - xmin, ymax - ymin))
    mask[ymin:ymax, xmin:xmax] = inside > (inside.max() + inside.min()) / 2
    return mask
