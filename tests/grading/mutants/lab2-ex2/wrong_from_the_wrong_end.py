# The published formula, walked from the input to the output.
def receptive_field(layers):
    size = 1
    for kernel, stride in layers:
        size = stride * (size - 1) + kernel
    return size


deepest = receptive_field(4 * [(3, 1), (3, 1), (2, 2)] + 2 * [(3, 1)])
covers_256 = deepest >= 256
