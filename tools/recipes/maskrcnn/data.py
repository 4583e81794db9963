"""The input pipeline of Mask R-CNN: records, augmentation, targets.

Introduced in lab 4. Decoding, flips, scaling, cropping and the assignment of anchors are those of
TF Model Garden. In between, lighting and image quality are degraded as by real cameras: a network
trained only on clean renders learns the look of the renderer. Objects are pasted from one picture
into another, so that a vehicle is not recognised by its surroundings. Photographs written by
`photographs` are mixed in with a weight per source; their unlabelled regions are ignored in the
loss.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from helpers import records
from helpers.errors import DataError
from tools.recipes.maskrcnn.photographs import UNKNOWN

if TYPE_CHECKING:
    import tensorflow as tf
    from official.vision.configs.maskrcnn import MaskRCNN

SCALES = (0.7, 2.0)
"""Training pictures are scaled to fit and then by a factor from this range."""

PASTED = 0.5
"""Share of the training pictures that get objects of another one pasted in."""

MAX_OBJECTS, MAX_NOT_JUDGED = 60, 40
"""Maximum numbers of objects and of ignored regions in a training picture."""

JUDGED_IOU = 0.2
"""Least IoU with an object of a detection that is judged even inside an ignored region."""


def training_batches(
    files: Sequence[str | Path],
    model: MaskRCNN,
    size: Sequence[int],
    *,
    batch_size: int,
    seed: int,
    scales: tuple[float, float] | None = SCALES,
    photographs: Mapping[str, float] | None = None,
) -> tf.data.Dataset:
    """Infinite shuffled batches of (image, labels) for the training step of Model Garden.

    Args:
        files: TFRecord files of the Object Detection API, such as those of Kerbside.
        model: Configuration of the model, which determines anchors and sizes.
        size: Height and width of the network input.
        batch_size: Total batch size over all devices.
        seed: Seed of shuffling and augmentation.
        scales: Range of the random scale factor; larger pictures are cropped. Enables flips, pasted
            objects and `spoil` as well. None disables all augmentation.
        photographs: Share (0 to 1) of the pictures taken from each file of `photographs.write`; the
            remaining ones come from `files`.

    Raises:
        DataError: There are no files, or one of them is missing or damaged.
    """
    import tensorflow as tf
    from official.vision.dataloaders import maskrcnn_input, tf_example_decoder

    shares = dict(photographs or {})
    check_files([*files, *shares])
    decoder = tf_example_decoder.TfExampleDecoder(include_mask=True)
    augment = scales is not None
    low, high = scales or (1.0, 1.0)
    parser = maskrcnn_input.Parser(
        output_size=list(size),
        min_level=model.min_level,
        max_level=model.max_level,
        num_scales=model.anchor.num_scales,
        aspect_ratios=model.anchor.aspect_ratios,
        anchor_size=model.anchor.anchor_size,
        aug_scale_min=low,
        aug_scale_max=high,
        include_mask=True,
        max_num_instances=MAX_OBJECTS,
    ).parse_fn(is_training=True)

    def decode(record: tf.Tensor) -> dict[str, tf.Tensor]:
        decoded = decoder.decode(record)
        masks = decoded["groundtruth_instance_masks"]
        decoded["groundtruth_instance_masks"] = tf.where(masks == UNKNOWN, -1.0, masks)
        return decoded

    @tf.autograph.experimental.do_not_convert  # nothing needs it; it would take half of the start
    def example(record: tf.Tensor, other: tf.Tensor) -> tuple:
        decoded = decode(record)
        if augment:
            decoded = tf.cond(
                tf.random.uniform([]) < PASTED,
                lambda: paste(decoded, decode(other)),
                lambda: decoded,
            )
            decoded["image"] = spoil(decoded["image"])
            decoded = tf.cond(
                tf.random.uniform([]) < 0.5, lambda: flipped(decoded), lambda: decoded
            )
        image, labels = parser(decoded)
        return image, not_judged(labels, _crowds(decoded, labels["image_info"]))

    def source(names: Sequence[str | Path], seed: int) -> tf.data.Dataset:
        records = tf.data.TFRecordDataset([str(name) for name in names]).cache()
        return records.shuffle(2000, seed=seed, reshuffle_each_iteration=True).repeat()

    def mixed(seed: int) -> tf.data.Dataset:
        rendered = source(files, seed)
        if not shares:
            return rendered
        sources = [rendered, *(source([name], seed) for name in shares)]
        weights = [1 - sum(shares.values()), *shares.values()]
        return tf.data.Dataset.sample_from_datasets(sources, weights, seed=seed)

    pairs = tf.data.Dataset.zip((mixed(seed), mixed(seed + 1)))
    examples = pairs.map(example, num_parallel_calls=tf.data.AUTOTUNE)
    return examples.batch(batch_size, drop_remainder=True).prefetch(2)


def check_files(files: Sequence[str | Path]) -> None:
    """Raise `DataError` unless there are files and all records in them are as they were written."""
    if not files:
        raise DataError("data", expected="TFRecord files", found="none")
    for file in files:
        for _ in records.payloads(file):  # TensorFlow's message would not name the file
            pass


# --- what is not judged -----------------------------------------------------------------------


def _crowds(picture: dict[str, tf.Tensor], info: tf.Tensor) -> tf.Tensor:
    """Boxes of the crowds (K, 4) in pixels of the network input, transformed as by the parser."""
    import tensorflow as tf
    from official.vision.ops import box_ops, preprocess_ops

    boxes = tf.boolean_mask(picture["groundtruth_boxes"], picture["groundtruth_is_crowd"])
    boxes = box_ops.denormalize_boxes(boxes, tf.shape(picture["image"])[:2])
    boxes = preprocess_ops.resize_and_crop_boxes(boxes, info[2], info[1], info[3])
    return tf.gather(boxes, box_ops.get_non_empty_box_indices(boxes))


def not_judged(labels: dict, crowds: tf.Tensor) -> dict:
    """Exclude ignored regions from the targets.

    Anchors within such a region that match no object get the target -1, which the loss ignores. For
    the second stage, the regions are appended to the objects as class 0, which `model.Sampler`
    handles.

    Args:
        labels: Labels from the parser of Model Garden.
        crowds: (K, 4) ymin, xmin, ymax, xmax in pixels of the network input.

    Returns:
        The labels, with `gt_boxes` and `gt_classes` longer by `MAX_NOT_JUDGED`.
    """
    import tensorflow as tf
    from official.vision.ops import preprocess_ops

    objects, targets = labels["gt_boxes"], {}
    for level, anchors in labels["anchor_boxes"].items():
        target = labels["rpn_score_targets"][level]
        flat = tf.reshape(anchors, [-1, 4])

        def without(flat=flat, target=target) -> tf.Tensor:
            free = outside(flat, objects, crowds)
            return tf.where((target == 0) & tf.reshape(free, tf.shape(target)), -1, target)

        targets[level] = tf.cond(tf.shape(crowds)[0] > 0, without, lambda target=target: target)
    padded = preprocess_ops.clip_or_pad_to_fixed_size(crowds, MAX_NOT_JUDGED, -1)
    classes = tf.zeros([tf.minimum(tf.shape(crowds)[0], MAX_NOT_JUDGED)], tf.int64)
    classes = preprocess_ops.clip_or_pad_to_fixed_size(classes, MAX_NOT_JUDGED, -1)
    return labels | {
        "rpn_score_targets": targets,
        "gt_boxes": tf.concat([objects, padded], axis=0),
        "gt_classes": tf.concat([labels["gt_classes"], classes], axis=0),
    }


def outside(boxes: tf.Tensor, objects: tf.Tensor, crowds: tf.Tensor) -> tf.Tensor:
    """Which boxes (..., N) are to be ignored.

    A box is ignored if more than half of it lies in one crowd and its IoU with every object is
    below `JUDGED_IOU`: a poor box around a labelled object is wrong even in a picture with
    unlabelled ones.

    Args:
        boxes: (..., N, 4) ymin, xmin, ymax, xmax.
        objects: (..., G, 4), padded with negative numbers.
        crowds: (..., K, 4), padded likewise.
    """
    import tensorflow as tf

    def area(box: tf.Tensor) -> tf.Tensor:
        return tf.reduce_prod(tf.maximum(box[..., 2:] - box[..., :2], 0.0), axis=-1)

    def shared(others: tf.Tensor) -> tf.Tensor:
        low = tf.maximum(boxes[..., None, :2], others[..., None, :, :2])
        high = tf.minimum(boxes[..., None, 2:], others[..., None, :, 2:])
        return tf.reduce_prod(tf.maximum(high - low, 0.0), axis=-1)

    own = area(boxes)[..., None]
    inside = tf.math.divide_no_nan(shared(crowds), own)
    common = shared(objects)
    iou = tf.math.divide_no_nan(common, own + area(objects)[..., None, :] - common)
    return tf.reduce_any(inside > 0.5, axis=-1) & tf.reduce_all(iou < JUDGED_IOU, axis=-1)


# --- augmentation -----------------------------------------------------------------------------


def paste(onto: dict[str, tf.Tensor], source: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Paste about half of the objects of one picture into another, at their original positions.

    "Simple copy-paste" (Ghiasi et al., 2021) without displacement: pole-mounted cameras have
    similar views, so objects at the same height in the picture have similar sizes. Occluded parts
    are removed from the masks; a fully occluded object is dropped, and one without an outline is
    ignored once most of its box is occluded.

    Args:
        onto: Picture from the decoder of Model Garden, with -1 for unknown masks.
        source: Picture whose objects are pasted; rescaled to the size of `onto`.

    Returns:
        A picture like `onto`, with boxes and areas computed from the new masks.
    """
    import tensorflow as tf

    size = tf.shape(onto["image"])[:2]
    known = tf.reduce_max(source["groundtruth_instance_masks"], axis=[1, 2]) > 0
    chosen = tf.random.uniform(tf.shape(source["groundtruth_classes"])) < 0.5
    chosen &= known & ~source["groundtruth_is_crowd"]
    added = {
        name: tf.boolean_mask(value, chosen)
        for name, value in source.items()
        if name.startswith("groundtruth_")
    }
    pixels = tf.image.resize(source["image"], size, antialias=True)
    pixels = tf.cast(tf.round(pixels), source["image"].dtype)
    new = added["groundtruth_instance_masks"][..., None]
    new = tf.image.resize(new, size, method="nearest")[..., 0]
    added["groundtruth_instance_masks"] = new
    front = tf.reduce_any(new > 0, axis=0)
    result = dict(onto)
    result["image"] = tf.where(front[..., None], pixels, onto["image"])
    old = onto["groundtruth_instance_masks"]
    drawn = tf.reduce_max(old, axis=[1, 2]) >= 0
    behind = tf.where(drawn[:, None, None], old * tf.cast(~front, tf.float32), old)
    masks = tf.concat([behind, new], axis=0)
    for name, value in added.items():
        result[name] = tf.concat([onto[name], value], axis=0)
    drawn = tf.concat([drawn, tf.ones_like(new[:, 0, 0], tf.bool)], axis=0)
    boxes = tf.where(drawn[:, None], _boxes(masks), result["groundtruth_boxes"])
    result["groundtruth_instance_masks"], result["groundtruth_boxes"] = masks, boxes
    result["groundtruth_area"] = tf.reduce_sum(masks, axis=[1, 2])
    hidden = tf.concat(
        [_covered(onto["groundtruth_boxes"], front), tf.zeros_like(new[:, 0, 0])], axis=0
    )
    result["groundtruth_is_crowd"] |= ~drawn & (hidden > 0.6)
    seen = ~drawn | tf.reduce_any(masks > 0, axis=[1, 2])
    for name in added:
        result[name] = tf.boolean_mask(result[name], seen)
    return result


def _covered(boxes: tf.Tensor, front: tf.Tensor) -> tf.Tensor:
    """Share of each normalised box (N, 4) that a mask (H, W) covers, from an integral image."""
    import tensorflow as tf

    size = tf.cast(tf.shape(front), tf.float32)
    sums = tf.cumsum(tf.cumsum(tf.cast(front, tf.float32), 0), 1)
    sums = tf.pad(sums, [[1, 0], [1, 0]])
    ends = tf.cast(tf.round(boxes * tf.tile(size, [2])), tf.int32)
    top, left, bottom, right = tf.unstack(ends, axis=1)

    def to(row: tf.Tensor, column: tf.Tensor) -> tf.Tensor:
        return tf.gather_nd(sums, tf.stack([row, column], axis=1))

    inside = to(bottom, right) - to(top, right) - to(bottom, left) + to(top, left)
    area = tf.cast((bottom - top) * (right - left), tf.float32)
    return tf.math.divide_no_nan(inside, area)


def _boxes(masks: tf.Tensor) -> tf.Tensor:
    """Normalised bounding boxes (N, 4) of non-empty masks (N, H, W)."""
    import tensorflow as tf

    ends = []
    for axis in (2, 1):
        line = tf.cast(tf.reduce_any(masks > 0, axis=axis), tf.int32)
        length = tf.shape(line)[1]
        first = tf.argmax(line, axis=1, output_type=tf.int32)
        last = length - tf.argmax(line[:, ::-1], axis=1, output_type=tf.int32)
        ends.append(tf.stack([first, last], axis=1) / length)
    return tf.cast(
        tf.stack([ends[0][:, 0], ends[1][:, 0], ends[0][:, 1], ends[1][:, 1]], 1), tf.float32
    )


def flipped(picture: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Mirror a picture with its boxes and masks."""
    import tensorflow as tf

    top, left, bottom, right = tf.unstack(picture["groundtruth_boxes"], axis=1)
    return picture | {
        "image": picture["image"][:, ::-1],
        "groundtruth_boxes": tf.stack([top, 1 - right, bottom, 1 - left], axis=1),
        "groundtruth_instance_masks": picture["groundtruth_instance_masks"][:, :, ::-1],
    }


def spoil(image: tf.Tensor) -> tf.Tensor:
    """Randomly change lighting and colour, then blur, add noise and compress.

    Each step is applied at random with random strength; the geometry, and with it masks and boxes,
    is unchanged.

    Args:
        image: (H, W, 3) uint8 RGB.

    Returns:
        Picture of the same shape and dtype.
    """
    import tensorflow as tf

    shape = image.shape
    x = tf.cast(image, tf.float32) / 255
    for chance, change in ((0.8, _light), (0.15, _grey), (0.4, _blur), (0.5, _noise), (0.5, _jpeg)):
        x = _sometimes(change, chance, x)
    x = tf.cast(tf.round(255 * tf.clip_by_value(x, 0, 1)), tf.uint8)
    return tf.ensure_shape(x, shape)


def _sometimes(change: Callable, chance: float, image: tf.Tensor) -> tf.Tensor:
    import tensorflow as tf

    return tf.cond(tf.random.uniform([]) < chance, lambda: change(image), lambda: image)


def _light(image: tf.Tensor) -> tf.Tensor:
    """Change exposure, contrast, saturation, hue and white balance."""
    import tensorflow as tf

    image = image ** tf.exp(tf.random.uniform([], -0.4, 0.4))
    image = tf.image.random_contrast(tf.image.random_brightness(image, 0.15), 0.7, 1.4)
    image = image * tf.random.uniform([3], 0.85, 1.15)
    image = tf.image.random_saturation(tf.clip_by_value(image, 0, 1), 0.4, 1.6)
    return tf.image.random_hue(image, 0.06)


def _grey(image: tf.Tensor) -> tf.Tensor:
    import tensorflow as tf

    return tf.tile(tf.image.rgb_to_grayscale(image), [1, 1, 3])


def _blur(image: tf.Tensor) -> tf.Tensor:
    """Apply a Gaussian blur with a sigma of 0.3 to 1.5 pixels, axis by axis."""
    import tensorflow as tf

    reach = tf.range(-4, 5, dtype=tf.float32)
    kernel = tf.exp(-(reach**2) / (2 * tf.random.uniform([], 0.3, 1.5) ** 2))
    kernel = tf.tile((kernel / tf.reduce_sum(kernel))[:, None, None, None], [1, 1, 3, 1])
    image = tf.pad(image[None], [[0, 0], [4, 4], [4, 4], [0, 0]], "SYMMETRIC")
    for turned in (kernel, tf.transpose(kernel, [1, 0, 2, 3])):
        image = tf.nn.depthwise_conv2d(image, turned, [1, 1, 1, 1], "VALID")
    return image[0]


def _noise(image: tf.Tensor) -> tf.Tensor:
    """Add sensor noise with a standard deviation of up to 6 % of full scale."""
    import tensorflow as tf

    return image + tf.random.normal(tf.shape(image), stddev=tf.random.uniform([], 0, 0.06))


def _jpeg(image: tf.Tensor) -> tf.Tensor:
    """Compress as JPEG at quality 25 to 90."""
    import tensorflow as tf

    return tf.image.random_jpeg_quality(tf.clip_by_value(image, 0, 1), 25, 90)
