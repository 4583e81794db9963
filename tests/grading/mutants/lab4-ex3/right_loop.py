def ap_voc(hits, objects):
    curve, right = [], 0
    for number, hit in enumerate(hits, start=1):
        right += bool(hit)
        curve.append((right / objects, right / number))
    total = 0
    for tenth in range(11):
        reached = [p for r, p in curve if r * 10 >= tenth - 1e-6]
        total += max(reached, default=0)
    return total / 11
