# %% right indexing: Indexing.
def prepare(image, trimap, size, mirror):
    rows = (np.arange(size) + 0.5) * trimap.shape[0] / size
    columns = (np.arange(size) + 0.5) * trimap.shape[1] / size
    mask = trimap[rows.astype(int)][:, columns.astype(int)].astype(int) - 1
    image = cv2.resize(image.astype(np.float32), (size, size), interpolation=cv2.INTER_AREA)
    return (image[:, ::-1], mask[:, ::-1]) if mirror else (image, mask)


# %% right one_class_at_a_time: One class at a time.
def prepare(image, trimap, size, mirror):
    image = cv2.resize(image, (size, size)).astype(np.float32)
    shares = [cv2.resize(np.float32(trimap == label), (size, size)) for label in (1, 2, 3)]
    mask = np.argmax(shares, axis=0).astype(np.int32)
    if mirror:
        image, mask = image[:, ::-1], mask[:, ::-1]
    return image, mask


# %% right opencv_flip: Opencv flip.
def prepare(image, trimap, size, mirror):
    image = cv2.resize(image, (size, size), interpolation=cv2.INTER_LINEAR)
    mask = cv2.resize(trimap, (size, size), interpolation=cv2.INTER_NEAREST)
    if mirror:
        image, mask = cv2.flip(image, 1), cv2.flip(mask, 1)
    return np.float32(image), np.int32(mask) - 1


# %% right shifted_first: Shifted first.
def prepare(image, trimap, size, mirror):
    labels = trimap.astype(np.int32) - 1
    if mirror:
        image, labels = np.fliplr(image), np.fliplr(labels)
    image = cv2.resize(np.ascontiguousarray(image), (size, size)).astype(np.float32)
    labels = cv2.resize(labels, (size, size), interpolation=cv2.INTER_NEAREST_EXACT)
    return image, labels


# %% right tensorflow: Tensorflow.
import tensorflow as tf


def prepare(image, trimap, size, mirror):
    image = tf.image.resize(image, (size, size), antialias=True)
    mask = tf.image.resize(trimap[..., None], (size, size), method="nearest")
    mask = tf.cast(mask[..., 0], tf.int32) - 1
    if mirror:
        image, mask = tf.reverse(image, [1]), tf.reverse(mask, [1])
    return image, mask


# %% wrong always_mirrored: Mirrored whether asked or not.
def prepare(image, trimap, size, mirror):
    image = cv2.resize(image, (size, size)).astype(np.float32)
    mask = cv2.resize(trimap, (size, size), interpolation=cv2.INTER_NEAREST).astype(np.int32) - 1
    return image[:, ::-1], mask[:, ::-1]


# %% wrong bilinear_mask: The mask is still resized smoothly.
def prepare(image, trimap, size, mirror):
    image = cv2.resize(image, (size, size)).astype(np.float32)
    mask = cv2.resize(trimap, (size, size)).astype(np.int32) - 1
    if mirror:
        image, mask = image[:, ::-1], mask[:, ::-1]
    return image, mask


# %% wrong border_and_background_swapped: Border and background in each other's place, as the published lab has them.
def prepare(image, trimap, size, mirror):
    image = cv2.resize(image, (size, size)).astype(np.float32)
    mask = cv2.resize(trimap, (size, size), interpolation=cv2.INTER_NEAREST)
    mask = np.array([0, 0, 2, 1], np.int32)[mask]
    if mirror:
        image, mask = image[:, ::-1], mask[:, ::-1]
    return image, mask


# %% wrong both_upside_down: Picture and mask go together, but top to bottom.
def prepare(image, trimap, size, mirror):
    image = cv2.resize(image, (size, size)).astype(np.float32)
    mask = cv2.resize(trimap, (size, size), interpolation=cv2.INTER_NEAREST).astype(np.int32) - 1
    if mirror:
        image, mask = image[::-1], mask[::-1]
    return image, mask


# %% wrong fixed_size: The size of the visible check instead of the argument, and of the mask alone.
def prepare(image, trimap, size, mirror):
    image = cv2.resize(image, (size, size)).astype(np.float32)
    mask = trimap[: 32 * 3 : 3, : 32 * 3 : 3].astype(np.int32) - 1
    if mirror:
        image, mask = image[:, ::-1], mask[:, ::-1]
    return image, mask


# %% wrong image_from_0_to_1: The image is still divided by 255.
def prepare(image, trimap, size, mirror):
    image = cv2.resize(image, (size, size)).astype(np.float32) / 255
    mask = cv2.resize(trimap, (size, size), interpolation=cv2.INTER_NEAREST).astype(np.int32) - 1
    if mirror:
        image, mask = image[:, ::-1], mask[:, ::-1]
    return image, mask


# %% wrong image_not_mirrored: The mask is mirrored and the picture is not.
def prepare(image, trimap, size, mirror):
    image = cv2.resize(image, (size, size)).astype(np.float32)
    mask = cv2.resize(trimap, (size, size), interpolation=cv2.INTER_NEAREST).astype(np.int32) - 1
    return image, mask[:, ::-1] if mirror else mask


# %% wrong labels_from_1: The labels are not shifted.
def prepare(image, trimap, size, mirror):
    image = cv2.resize(image, (size, size)).astype(np.float32)
    mask = cv2.resize(trimap, (size, size), interpolation=cv2.INTER_NEAREST).astype(np.int32)
    if mirror:
        image, mask = image[:, ::-1], mask[:, ::-1]
    return image, mask


# %% wrong mask_not_mirrored: The mask stays when the picture is mirrored.
def prepare(image, trimap, size, mirror):
    image = cv2.resize(image, (size, size)).astype(np.float32)
    mask = cv2.resize(trimap, (size, size), interpolation=cv2.INTER_NEAREST).astype(np.int32) - 1
    return (image[:, ::-1] if mirror else image), mask


# %% wrong mask_turned_over_diagonal: Height and width of the mask are swapped.
def prepare(image, trimap, size, mirror):
    image = cv2.resize(image, (size, size)).astype(np.float32)
    mask = cv2.resize(trimap.T, (size, size), interpolation=cv2.INTER_NEAREST).astype(np.int32) - 1
    if mirror:
        image, mask = image[:, ::-1], mask[:, ::-1]
    return image, mask


# %% wrong mask_upside_down: The mask is flipped along the other axis.
def prepare(image, trimap, size, mirror):
    image = cv2.resize(image, (size, size)).astype(np.float32)
    mask = cv2.resize(trimap, (size, size), interpolation=cv2.INTER_NEAREST).astype(np.int32) - 1
    if mirror:
        image, mask = image[:, ::-1], mask[::-1]
    return image, mask


# %% wrong channels_turned: OpenCV is thought to hold BGR, so the channels are turned.
def prepare(image, trimap, size, mirror):
    image = cv2.cvtColor(cv2.resize(image, (size, size)), cv2.COLOR_BGR2RGB).astype(np.float32)
    mask = cv2.resize(trimap, (size, size), interpolation=cv2.INTER_NEAREST).astype(np.int32) - 1
    return (image[:, ::-1], mask[:, ::-1]) if mirror else (image, mask)


# %% wrong channels_mirrored: All axes of the image but the first are mirrored, the channels with them.
def prepare(image, trimap, size, mirror):
    image = cv2.resize(image, (size, size)).astype(np.float32)
    mask = cv2.resize(trimap, (size, size), interpolation=cv2.INTER_NEAREST).astype(np.int32) - 1
    if mirror:
        image, mask = image[:, ::-1, ::-1], mask[:, ::-1]
    return image, mask


# %% wrong bytes: The image stays uint8, whatever the docstring says.
def prepare(image, trimap, size, mirror):
    image = cv2.resize(image, (size, size))
    mask = cv2.resize(trimap, (size, size), interpolation=cv2.INTER_NEAREST).astype(np.int32) - 1
    return (image[:, ::-1], mask[:, ::-1]) if mirror else (image, mask)


# %% wrong both_by_nearest: The image is resized like a mask.
def prepare(image, trimap, size, mirror):
    image, mask = (
        cv2.resize(each, (size, size), interpolation=cv2.INTER_NEAREST) for each in (image, trimap)
    )
    image, mask = image.astype(np.float32), mask.astype(np.int32) - 1
    return (image[:, ::-1], mask[:, ::-1]) if mirror else (image, mask)


# %% wrong always_32: The size of the visible check instead of the argument, for image and mask.
def prepare(image, trimap, size, mirror):
    image = cv2.resize(image, (32, 32)).astype(np.float32)
    mask = cv2.resize(trimap, (32, 32), interpolation=cv2.INTER_NEAREST).astype(np.int32) - 1
    if mirror:
        image, mask = image[:, ::-1], mask[:, ::-1]
    return image, mask
