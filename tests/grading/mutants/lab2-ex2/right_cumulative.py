def receptive_field(layers):
    if not layers:
        return 1
    kernels, strides = np.array(layers).T
    steps = np.cumprod(np.r_[1, strides[:-1]])
    return int(1 + ((kernels - 1) * steps).sum())


deepest, covers_256 = 140, False
