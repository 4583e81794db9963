def count_right(overlaps, threshold=0.5):
    left = np.array(overlaps, float)
    right = 0
    for index in range(left.shape[0]):
        if left.shape[1] == 0:
            break
        best = left[index].argmax()
        if left[index, best] >= threshold:
            right += 1
            left[:, best] = -1
    return right
