"""The input pipeline of Mask R-CNN: records, augmentation, targets.

Introduced in lab 4. Decoding, flips, scaling, cropping and the assignment of anchors are those of
TF Model Garden. In between, the light of a picture is changed and its quality spoilt in the ways
that real cameras do it: a network that only ever saw clean renders learns how the renderer looks.
Objects of one picture are pasted into another, so that a vehicle is not known by its surroundings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.errors import DataError, explain

if TYPE_CHECKING:
    import tensorflow as tf
    from official.vision.configs.maskrcnn import MaskRCNN

SCALES = (0.7, 2.0)
"""Training pictures are scaled to fit and then by a factor from this range."""

PASTED = 0.5
"""Share of the training pictures that get objects of another one pasted in."""


def training_batches(
    files: Sequence[str | Path],
    model: MaskRCNN,
    size: Sequence[int],
    *,
    batch_size: int,
    seed: int,
    scales: tuple[float, float] | None = SCALES,
) -> tf.data.Dataset:
    """Endless shuffled batches of (image, labels), as Model Garden's training step takes them.

    Args:
        files: TFRecord files of the Object Detection API, such as Kerbside's.
        model: the model's configuration, which decides about anchors and sizes.
        size: height and width that pictures are scaled to.
        batch_size: of all devices together.
        seed: of shuffling and augmentation.
        scales: from which a factor is drawn for each picture; what is too large then is cropped.
            Flips, pasted objects and the changes of `spoil` go with it. None: pictures stay as
            they are.

    Raises:
        DataError: no files, or one of them is missing.
    """
    import tensorflow as tf
    from official.vision.dataloaders import maskrcnn_input, tf_example_decoder

    check_files(files)
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
        aug_rand_hflip=augment,
        aug_scale_min=low,
        aug_scale_max=high,
        include_mask=True,
        max_num_instances=50,
    ).parse_fn(is_training=True)

    def example(record: tf.Tensor, other: tf.Tensor) -> tuple:
        decoded = decoder.decode(record)
        if augment:
            decoded = tf.cond(
                tf.random.uniform([]) < PASTED,
                lambda: paste(decoded, decoder.decode(other)),
                lambda: decoded,
            )
            decoded["image"] = spoil(decoded["image"])
        return parser(decoded)

    records = tf.data.TFRecordDataset([str(file) for file in files]).cache()

    def shuffled(seed: int) -> tf.data.Dataset:
        return records.shuffle(2000, seed=seed, reshuffle_each_iteration=True).repeat()

    pairs = tf.data.Dataset.zip((shuffled(seed), shuffled(seed + 1)))
    examples = pairs.map(example, num_parallel_calls=tf.data.AUTOTUNE)
    return examples.batch(batch_size, drop_remainder=True).prefetch(2)


def check_files(files: Sequence[str | Path]) -> None:
    """Raises `DataError` unless there are files and all of them exist."""
    expected = "TFRecord files"
    if not files:
        raise DataError(explain("data", expected=expected, found="none"))
    for file in files:
        if not Path(file).is_file():
            raise DataError(explain(str(file), expected="a TFRecord file", found="no such file"))


# --- augmentation -----------------------------------------------------------------------------


def paste(onto: dict[str, tf.Tensor], source: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Pastes about half of the objects of one picture into another, where they stood.

    "Simple copy-paste" (Ghiasi et al., 2021) without moving the objects: cameras on poles look down
    in much the same way, so what stood low in one picture has the size of what stands low in the
    other. What they hide is cut from the masks; an object that is hidden wholly is left out.

    Args:
        onto: a picture as Model Garden's decoder gives it.
        source: another one; of another size, nothing is pasted.

    Returns:
        As `onto`, with boxes and areas from the new masks.
    """
    import tensorflow as tf

    def pasted() -> dict[str, tf.Tensor]:
        chosen = tf.random.uniform(tf.shape(source["groundtruth_classes"])) < 0.5
        chosen &= ~source["groundtruth_is_crowd"]
        added = {
            name: tf.boolean_mask(value, chosen)
            for name, value in source.items()
            if name.startswith("groundtruth_")
        }
        front = tf.reduce_any(added["groundtruth_instance_masks"] > 0, axis=0)
        result = dict(onto)
        result["image"] = tf.where(front[..., None], source["image"], onto["image"])
        behind = onto["groundtruth_instance_masks"] * tf.cast(~front, tf.float32)
        masks = tf.concat([behind, added["groundtruth_instance_masks"]], axis=0)
        seen = tf.reduce_any(masks > 0, axis=[1, 2])
        for name, value in added.items():
            if name not in ("groundtruth_instance_masks", "groundtruth_boxes"):
                result[name] = tf.boolean_mask(tf.concat([onto[name], value], axis=0), seen)
        masks = tf.boolean_mask(masks, seen)
        result["groundtruth_instance_masks"] = masks
        result["groundtruth_boxes"] = _boxes(masks)
        result["groundtruth_area"] = tf.reduce_sum(masks, axis=[1, 2])
        return result

    same = tf.reduce_all(tf.shape(onto["image"]) == tf.shape(source["image"]))
    return tf.cond(same, pasted, lambda: dict(onto))


def _boxes(masks: tf.Tensor) -> tf.Tensor:
    """Normalised boxes (N, 4) round masks (N, H, W), none of them empty."""
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


def spoil(image: tf.Tensor) -> tf.Tensor:
    """Changes light and colour of a picture, then blurs it, adds noise and compresses it.

    Every step is taken at random and by a random amount; geometry stays, so masks and boxes do.

    Args:
        image: (H, W, 3) uint8 RGB.

    Returns:
        The same shape and dtype.
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
    """Exposure, contrast, colourfulness, hue, and the white balance of another camera."""
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
    """A Gaussian of 0.3 to 1.5 pixels, along each axis by itself."""
    import tensorflow as tf

    reach = tf.range(-4, 5, dtype=tf.float32)
    kernel = tf.exp(-(reach**2) / (2 * tf.random.uniform([], 0.3, 1.5) ** 2))
    kernel = tf.tile((kernel / tf.reduce_sum(kernel))[:, None, None, None], [1, 1, 3, 1])
    image = tf.pad(image[None], [[0, 0], [4, 4], [4, 4], [0, 0]], "SYMMETRIC")
    for turned in (kernel, tf.transpose(kernel, [1, 0, 2, 3])):
        image = tf.nn.depthwise_conv2d(image, turned, [1, 1, 1, 1], "VALID")
    return image[0]


def _noise(image: tf.Tensor) -> tf.Tensor:
    """Sensor noise with a deviation of up to 6 % of full scale."""
    import tensorflow as tf

    return image + tf.random.normal(tf.shape(image), stddev=tf.random.uniform([], 0, 0.06))


def _jpeg(image: tf.Tensor) -> tf.Tensor:
    """JPEG at a quality of 25 to 90."""
    import tensorflow as tf

    return tf.image.random_jpeg_quality(tf.clip_by_value(image, 0, 1), 25, 90)
