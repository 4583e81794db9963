def receptive_field(layers):
    size = 1
    for kernel, stride in reversed(layers):
        size = stride * (size - 1) + kernel
    return size


deepest = receptive_field([(3, 1), (3, 1), (2, 2)] * 4 + [(3, 1)] * 2)
covers_256 = deepest > 255
