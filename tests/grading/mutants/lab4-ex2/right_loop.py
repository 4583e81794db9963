def count_right(overlaps, threshold=0.5):
    taken, right = set(), 0
    for row in overlaps:
        free = [(iou, number) for number, iou in enumerate(row) if number not in taken]
        if free and max(free)[0] >= threshold:
            taken.add(max(free)[1])
            right += 1
    return right
