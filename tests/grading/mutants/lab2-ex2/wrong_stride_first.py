# The step grows before the layer's own kernel widens the window.
def receptive_field(layers):
    size, step = 1, 1
    for kernel, stride in layers:
        step *= stride
        size += (kernel - 1) * step
    return size


deepest = receptive_field(4 * [(3, 1), (3, 1), (2, 2)] + 2 * [(3, 1)])
covers_256 = deepest >= 256
