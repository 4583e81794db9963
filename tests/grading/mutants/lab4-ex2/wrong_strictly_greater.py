# An IoU equal to the threshold is refused.
def count_right(overlaps, threshold=0.5):
    left, right = np.array(overlaps, float), 0
    for index in range(len(left)):
        if left.shape[1] and left[index].max() > threshold:
            right += 1
            left[:, left[index].argmax()] = -1
    return right
