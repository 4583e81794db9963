# The last picture that shows something still.
def majority(labels, moving):
    result = np.full(labels.shape[1:], -1)
    for picture in labels:
        still = ~np.isin(picture, list(moving))
        result[still] = picture[still]
    return result
