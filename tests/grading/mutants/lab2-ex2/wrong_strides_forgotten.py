# Every layer widens the window by its kernel, whatever the strides before it.
def receptive_field(layers):
    return 1 + sum(kernel - 1 for kernel, _ in layers)


deepest = receptive_field(4 * [(3, 1), (3, 1), (2, 2)] + 2 * [(3, 1)])
covers_256 = deepest >= 256
