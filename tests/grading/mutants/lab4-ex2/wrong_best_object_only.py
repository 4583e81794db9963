# A detection whose best object is taken does not get its second best.
def count_right(overlaps, threshold=0.5):
    taken = set()
    for row in overlaps:
        if len(row) and row.max() >= threshold:
            taken.add(int(row.argmax()))
    return len(taken)
