def distance(picture):
    return np.sqrt(((picture.astype(float) - (255, 0, 0)) ** 2).sum(axis=2))


tolerances = np.arange(20, 200, 10)
scores = [mean_word_iou(lambda p, t=t: distance(p) < t, practice) for t in tolerances]
chosen = tolerances[int(np.argmax(scores))]


def find_word(picture):
    return distance(picture) < chosen
