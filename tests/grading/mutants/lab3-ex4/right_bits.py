def dense_bytes(count, height, width):
    bits = 32 * int(np.prod([count, height, width]))
    return bits // 8
