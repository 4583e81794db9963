def strip_share(mask, zone, height=3):
    inside = total = 0
    for column in range(mask.shape[1]):
        rows = np.flatnonzero(mask[:, column])
        if rows.size:
            chosen = rows[rows > rows[-1] - height]
            inside += zone[chosen, column].sum()
            total += chosen.size
    return inside / total if total else 0.0
