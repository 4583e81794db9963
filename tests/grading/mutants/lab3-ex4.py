# %% right array: Array.
def dense_bytes(count, height, width):
    return np.zeros((count, height, width), np.float32).nbytes


# %% right bits: Bits.
def dense_bytes(count, height, width):
    bits = 32 * int(np.prod([count, height, width]))
    return bits // 8


# %% right itemsize: Itemsize.
def dense_bytes(count, height, width):
    return np.dtype(np.float32).itemsize * count * (height * width)


# %% right product: Product.
def dense_bytes(count, height, width):
    return 4 * count * height * width


# %% wrong at_least_one: An empty list is taken for one mask.
def dense_bytes(count, height, width):
    return 4 * max(1, count) * height * width


# %% wrong double: Eight bytes a float, as Python has it.
def dense_bytes(count, height, width):
    return 8 * count * height * width


# %% wrong hard_coded: The number that the visible check asks for.
def dense_bytes(count, height, width):
    return 6144


# %% wrong one_bit: One bit a pixel.
def dense_bytes(count, height, width):
    return count * height * width // 8


# %% wrong one_byte: One byte a pixel.
def dense_bytes(count, height, width):
    return count * height * width


# %% wrong one_mask: One mask for the picture, whatever the number of objects.
def dense_bytes(count, height, width):
    return 4 * height * width


# %% wrong square: Height taken for both sides of a picture that is higher than wide.
def dense_bytes(count, height, width):
    return 4 * count * (height * width if width > height else height * height)


# %% wrong with_channels: Three channels.
def dense_bytes(count, height, width):
    return 4 * count * height * width * 3
