# A pooling after the last level as well.
def receptive_field(layers):
    size, step = 1, 1
    for kernel, stride in layers:
        size += (kernel - 1) * step
        step *= stride
    return size


deepest = receptive_field(5 * [(3, 1), (3, 1), (2, 2)])
covers_256 = deepest >= 256
