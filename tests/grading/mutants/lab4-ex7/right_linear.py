def to_picture(small, box, size):
    top, left, bottom, right = map(int, box)
    inside = cv2.resize(
        np.asarray(small), dsize=(right - left, bottom - top), interpolation=cv2.INTER_LINEAR
    )
    return np.pad(inside > 0.5, ((top, size[0] - bottom), (left, size[1] - right)))
