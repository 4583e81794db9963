# The right width, and the wrong conclusion.
def receptive_field(layers):
    size, step = 1, 1
    for kernel, stride in layers:
        size += (kernel - 1) * step
        step *= stride
    return size


deepest, covers_256 = 140, True
