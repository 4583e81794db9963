# The number of pixels of the window instead of its width.
def receptive_field(layers):
    size, step = 1, 1
    for kernel, stride in layers:
        size += (kernel - 1) * step
        step *= stride
    return size**2


deepest, covers_256 = 140**2, True
