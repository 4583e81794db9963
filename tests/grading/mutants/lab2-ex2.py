# %% right backwards: Backwards.
def receptive_field(layers):
    size = 1
    for kernel, stride in reversed(layers):
        size = stride * (size - 1) + kernel
    return size


deepest = receptive_field([(3, 1), (3, 1), (2, 2)] * 4 + [(3, 1)] * 2)
covers_256 = deepest > 255


# %% right cumulative: Cumulative.
def receptive_field(layers):
    if not layers:
        return 1
    kernels, strides = np.array(layers).T
    steps = np.cumprod(np.r_[1, strides[:-1]])
    return int(1 + ((kernels - 1) * steps).sum())


deepest, covers_256 = 140, False


# %% right loop: Loop.
def receptive_field(layers):
    width, jump = 1, 1
    for kernel, stride in layers:
        width = width + (kernel - 1) * jump
        jump = jump * stride
    return width


layers = []
for _ in range(4):
    layers += [(3, 1), (3, 1), (2, 2)]
deepest = receptive_field([*layers, (3, 1), (3, 1)])
covers_256 = False


# %% right recursive: Recursive.
def receptive_field(layers):
    if not layers:
        return 1
    (kernel, stride), rest = layers[0], layers[1:]
    return kernel + stride * (receptive_field(rest) - 1)


block = ((3, 1), (3, 1))
deepest = receptive_field((*block, (2, 2)) * 4 + block)
covers_256 = bool(deepest >= 256)


# %% wrong area: The number of pixels of the window instead of its width.
def receptive_field(layers):
    size, step = 1, 1
    for kernel, stride in layers:
        size += (kernel - 1) * step
        step *= stride
    return size**2


deepest, covers_256 = 140**2, True


# %% wrong covers: The right width, and the wrong conclusion.
def receptive_field(layers):
    size, step = 1, 1
    for kernel, stride in layers:
        size += (kernel - 1) * step
        step *= stride
    return size


deepest, covers_256 = 140, True


# %% wrong five_poolings: A pooling after the last level as well.
def receptive_field(layers):
    size, step = 1, 1
    for kernel, stride in layers:
        size += (kernel - 1) * step
        step *= stride
    return size


deepest = receptive_field(5 * [(3, 1), (3, 1), (2, 2)])
covers_256 = deepest >= 256


# %% wrong four_levels: The width of the four-level network of section 3.
def receptive_field(layers):
    size, step = 1, 1
    for kernel, stride in layers:
        size += (kernel - 1) * step
        step *= stride
    return size


deepest = receptive_field(3 * [(3, 1), (3, 1), (2, 2)] + 2 * [(3, 1)])
covers_256 = deepest >= 256


# %% wrong from_the_wrong_end: The published formula, walked from the input to the output.
def receptive_field(layers):
    size = 1
    for kernel, stride in layers:
        size = stride * (size - 1) + kernel
    return size


deepest = receptive_field(4 * [(3, 1), (3, 1), (2, 2)] + 2 * [(3, 1)])
covers_256 = deepest >= 256


# %% wrong hard_coded: The outputs of the visible examples.
def receptive_field(layers):
    return {2: 5, 1: 1, 3: 8}.get(len(layers), 140)


deepest, covers_256 = 140, False


# %% wrong steps_added: Steps add up instead of multiplying.
def receptive_field(layers):
    size, step = 1, 1
    for kernel, stride in layers:
        size += (kernel - 1) * step
        step += stride - 1
    return size


deepest = receptive_field(4 * [(3, 1), (3, 1), (2, 2)] + 2 * [(3, 1)])
covers_256 = deepest >= 256


# %% wrong stride_first: The step grows before the layer's own kernel widens the window.
def receptive_field(layers):
    size, step = 1, 1
    for kernel, stride in layers:
        step *= stride
        size += (kernel - 1) * step
    return size


deepest = receptive_field(4 * [(3, 1), (3, 1), (2, 2)] + 2 * [(3, 1)])
covers_256 = deepest >= 256


# %% wrong strides_forgotten: Every layer widens the window by its kernel, whatever the strides before it.
def receptive_field(layers):
    return 1 + sum(kernel - 1 for kernel, _ in layers)


deepest = receptive_field(4 * [(3, 1), (3, 1), (2, 2)] + 2 * [(3, 1)])
covers_256 = deepest >= 256


# %% wrong whole_kernel: The whole kernel is added instead of kernel - 1.
def receptive_field(layers):
    size, step = 1, 1
    for kernel, stride in layers:
        size += kernel * step
        step *= stride
    return size


deepest = receptive_field(4 * [(3, 1), (3, 1), (2, 2)] + 2 * [(3, 1)])
covers_256 = deepest >= 256


# %% wrong one_by_one_skipped: A 1 x 1 convolution is skipped together with its stride.
def receptive_field(layers):
    size, step = 1, 1
    for kernel, stride in layers:
        if kernel == 1:
            continue
        size += (kernel - 1) * step
        step *= stride
    return size


deepest, covers_256 = 140, False
