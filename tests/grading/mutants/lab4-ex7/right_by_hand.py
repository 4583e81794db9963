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
