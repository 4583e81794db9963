def dense_bytes(count, height, width):
    return np.dtype(np.float32).itemsize * count * (height * width)
