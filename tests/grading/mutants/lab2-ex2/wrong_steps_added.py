# Steps add up instead of multiplying.
def receptive_field(layers):
    size, step = 1, 1
    for kernel, stride in layers:
        size += (kernel - 1) * step
        step += stride - 1
    return size


deepest = receptive_field(4 * [(3, 1), (3, 1), (2, 2)] + 2 * [(3, 1)])
covers_256 = deepest >= 256
