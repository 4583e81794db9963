def dense_bytes(count, height, width):
    return np.zeros((count, height, width), np.float32).nbytes
