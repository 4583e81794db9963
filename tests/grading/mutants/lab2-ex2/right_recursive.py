def receptive_field(layers):
    if not layers:
        return 1
    (kernel, stride), rest = layers[0], layers[1:]
    return kernel + stride * (receptive_field(rest) - 1)


block = ((3, 1), (3, 1))
deepest = receptive_field((*block, (2, 2)) * 4 + block)
covers_256 = bool(deepest >= 256)
