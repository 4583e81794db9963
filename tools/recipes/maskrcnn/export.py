"""Export of a trained Mask R-CNN to a SavedModel that needs only TensorFlow, and the way back.

Introduced in lab 4. The signature is that of a TFOD2 export, so tools for such exports accept it; a
second one, `stages`, returns all intermediate results for inspection. Rests on
`tools.recipes.maskrcnn.model` and TF Model Garden; the exported model does not.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from helpers.detector import DESCRIPTION
from helpers.errors import WeightsError
from tools.recipes.command import check_parent
from tools.recipes.maskrcnn.model import MASK_THRESHOLD, padded_size

if TYPE_CHECKING:
    import tensorflow as tf
    import tf_keras
    from official.vision.configs.maskrcnn import MaskRCNN

STAGES = "stages"
"""Name of the second signature."""


def export(
    model: tf_keras.Model,
    config: MaskRCNN,
    folder: str | os.PathLike,
    *,
    size: Sequence[int],
    class_names: Sequence[str],
) -> Path:
    """Write a SavedModel atomically.

    Both signatures take `input_tensor`, (B, H, W, 3) uint8. `serving_default` gives, as TFOD2 does,
    `detection_boxes` (B, N, 4) in [0, 1], `detection_classes` (B, N) from 1, `detection_scores` (B,
    N), `detection_masks` (B, N, 28, 28) in the boxes, and `num_detections` (B,), all float32; in
    addition, `detection_features` (B, N, 256), the input of the classifier for each detection. A
    score is the class probability times the confidence of the mask, see `_ranked`.

    `stages` returns the intermediate results in order of computation, in pixels of the network
    input, to which `scale` (B, 2) converts: the pyramid's maps `level_2` to `level_5`; `anchors`,
    `objectness` and `decoded_boxes` (B, A, ...) of the region proposal network before non-maximum
    suppression; `proposals` (B, P, 4) after it, with their `proposal_scores`, `proposal_levels` in
    the pyramid, `roi_features` (B, P, 7, 7, filters) and `class_scores` (B, P, classes + 1); the
    final detections, with `mask_logits` (B, N, 28, 28, classes) for every class; and the last layer
    of the box head, which maps features to class scores, `class_kernel` (1, 256, classes + 1) and
    `class_bias` (1, classes + 1).

    Args:
        model: Model from `tools.recipes.maskrcnn.model.build`.
        config: Configuration of the model.
        folder: Output folder; a SavedModel in it is replaced.
        size: Height and width of the network input.
        class_names: Names of the classes 1, 2, ...

    Raises:
        WeightsError: The folder is not writable, or holds other files.
    """
    import tensorflow as tf

    folder = Path(folder)
    check_destination(folder)
    # Variables only: with the Keras model, the SavedModel would hold a copy of each layer's graph.
    module = tf.Module()
    module.weights = _weights(model)
    picture = tf.TensorSpec((None, None, None, 3), tf.uint8, name="input_tensor")

    def graph(function: Callable) -> tf.types.experimental.ConcreteFunction:
        traced = tf.function(
            lambda input_tensor: function(model, config, input_tensor, size), autograph=False
        )
        return traced.get_concrete_function(picture)

    signatures = {"serving_default": graph(_serve), STAGES: graph(_stages)}
    building = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        tf.saved_model.save(module, str(building), signatures=signatures)
        description = building / DESCRIPTION
        description.parent.mkdir(exist_ok=True)
        names = {str(number): name for number, name in enumerate(class_names, start=1)}
        content = {
            "classes": names,
            "alignment": "centres",
            "mask_threshold": MASK_THRESHOLD,
            "size": list(size),
        }
        description.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        building.chmod(0o755)
        _put(building, folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return folder


def _put(new: Path, folder: Path) -> None:
    """Rename a folder; one that it replaces is on the disk until then, as NEW-replaced."""
    old = new.with_name(f"{new.name}-replaced")
    if folder.exists():
        os.replace(folder, old)
    try:
        os.replace(new, folder)
    except OSError:
        if old.exists():
            os.replace(old, folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def check_destination(folder: Path) -> None:
    """Raise `WeightsError` unless a SavedModel can be written to the folder."""
    check_parent(folder, "a folder that can be written to")
    occupied = folder.exists() and not (folder / "saved_model.pb").is_file()
    if occupied and (folder.is_file() or any(folder.iterdir())):
        expected = "a new folder or one with a SavedModel"
        raise WeightsError(str(folder), expected=expected, found="other files")


def restore(model: tf_keras.Model, folder: str | os.PathLike) -> None:
    """Load the weights of an export into a model of the same configuration, for further training.

    Raises:
        WeightsError: The folder is not an export of this module, or its weights do not match.
    """
    import tensorflow as tf

    variables = _weights(model)
    expected = f"an export with the {len(variables)} weights of this model"
    try:
        stored = tf.train.load_checkpoint(str(Path(folder) / "variables" / "variables"))
        names = [f"weights/{k}/.ATTRIBUTES/VARIABLE_VALUE" for k in range(len(variables))]
        values = [stored.get_tensor(name) for name in names]
    except (tf.errors.OpError, ValueError) as error:
        found = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        raise WeightsError(str(folder), expected=expected, found=found) from error
    extra = stored.has_tensor(f"weights/{len(values)}/.ATTRIBUTES/VARIABLE_VALUE")
    for variable, value in zip(variables, values, strict=True):
        if extra or variable.shape != value.shape:
            found = "more weights" if extra else f"{variable.name} of shape {value.shape}"
            raise WeightsError(str(folder), expected=expected, found=found)
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def blended(
    model: tf_keras.Model, parts: Sequence[tuple[str | os.PathLike, float]]
) -> tf_keras.Model:
    """Set a model's weights to the weighted mean of those of several exports, and return it.

    Fine-tuning degrades earlier abilities; interpolated weights keep most of both (Wortsman et al.,
    2022, "Robust fine-tuning of zero-shot models"), provided that one model was trained from the
    other.

    Args:
        model: Network of the configuration of all exports.
        parts: Folder of each export and its share; the shares add up to 1.

    Raises:
        WeightsError: As for `restore`, or the shares do not add up to 1.
    """
    total = sum(share for _, share in parts)
    if not math.isclose(total, 1, abs_tol=1e-6):
        raise WeightsError("shares", expected="numbers that add up to 1", found=f"{total:g}")
    means = [0.0] * len(_weights(model))
    for folder, share in parts:
        restore(model, folder)
        means = [m + share * w.numpy() for m, w in zip(means, _weights(model), strict=True)]
    for variable, value in zip(_weights(model), means, strict=True):
        variable.assign(value)
    return model


def _weights(model: tf_keras.Model) -> list[tf.Variable]:
    """All weights, each once, in an order independent of frozen layers."""
    import tf_keras

    layers = [each for each in model.submodules if isinstance(each, tf_keras.layers.Layer)]
    leaves = [layer for layer in layers if not layer.submodules]
    return list({id(weight): weight for layer in leaves for weight in layer.weights}.values())


# --- the graphs -------------------------------------------------------------------------------


def _prepare(images: tf.Tensor, size: Sequence[int]) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Scale pictures to fit, as the parser of Model Garden does in training.

    Returns:
        Normalised, padded pictures, their size before padding (B, 2), and the scale (2,).
    """
    import tensorflow as tf
    from official.vision.ops import preprocess_ops

    shape = tf.cast(tf.shape(images), tf.float32)
    factor = tf.reduce_min(tf.constant(size, tf.float32) / shape[1:3])
    scaled = tf.maximum(tf.round(shape[1:3] * factor), 1.0)
    images = preprocess_ops.normalize_image(images)
    images = tf.image.resize(images, tf.cast(scaled, tf.int32))
    height, width = padded_size(size)
    images = tf.image.pad_to_bounding_box(images, 0, 0, height, width)
    return images, tf.tile(scaled[None], [tf.shape(images)[0], 1]), scaled / shape[1:3]


def _anchors(config: MaskRCNN, images: tf.Tensor) -> dict[str, tf.Tensor]:
    import tensorflow as tf
    from official.vision.ops import anchor

    generate = anchor.build_anchor_generator(
        min_level=config.min_level,
        max_level=config.max_level,
        num_scales=config.anchor.num_scales,
        aspect_ratios=config.anchor.aspect_ratios,
        anchor_size=config.anchor.anchor_size,
    )
    levels = generate(image_size=tuple(images.shape[1:3]))
    repeats = [tf.shape(images)[0], 1, 1, 1]
    return {level: tf.tile(boxes[None], repeats) for level, boxes in levels.items()}


def _serve(
    model: tf_keras.Model, config: MaskRCNN, pictures: tf.Tensor, size: Sequence[int]
) -> dict[str, tf.Tensor]:
    import tensorflow as tf

    images, scaled, _ = _prepare(pictures, size)
    answer = _ranked(
        model(images, image_shape=scaled, anchor_boxes=_anchors(config, images), training=False)
    )
    boxes = answer["detection_boxes"] / tf.tile(scaled, [1, 2])[:, None]
    regions = model.roi_aligner(answer["decoder_features"], answer["detection_boxes"])
    return {
        "detection_boxes": tf.clip_by_value(boxes, 0.0, 1.0),
        "detection_classes": tf.cast(answer["detection_classes"], tf.float32),
        "detection_scores": answer["detection_scores"],
        "detection_masks": answer["detection_masks"],
        "num_detections": tf.cast(answer["num_detections"], tf.float32),
        "detection_features": _embeddings(model.detection_head[0], regions),
    }


def _ranked(answer: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Predictions with mask-aware scores, highest first.

    A class score contains no information about the quality of the mask. It is multiplied by the
    mean probability inside the mask, which separates confident outlines from guesses ("maskness" of
    SOLO, Wang et al., 2020).
    """
    import tensorflow as tf

    masks = answer["detection_masks"]
    inside = tf.cast(masks > MASK_THRESHOLD, tf.float32)
    area = tf.reduce_sum(inside, axis=[2, 3])
    sure = tf.math.divide_no_nan(tf.reduce_sum(masks * inside, axis=[2, 3]), area)
    scores = answer["detection_scores"] * sure
    order = tf.argsort(scores, direction="DESCENDING", stable=True)
    found = {**answer, "detection_scores": scores}
    for name in ("detection_boxes", "detection_classes", "detection_scores", "detection_masks"):
        found[name] = tf.gather(found[name], order, batch_dims=1)
    return found


def _stages(
    model: tf_keras.Model, config: MaskRCNN, pictures: tf.Tensor, size: Sequence[int]
) -> dict[str, tf.Tensor]:
    import tensorflow as tf
    from official.vision.ops import box_ops

    images, scaled, scale = _prepare(pictures, size)
    anchors = _anchors(config, images)
    answer = _ranked(model(images, image_shape=scaled, anchor_boxes=anchors, training=False))
    proposals, scores = model.roi_generator(
        answer["rpn_boxes"], answer["rpn_scores"], anchors, scaled, False
    )
    batch = tf.shape(images)[0]

    def joined(levels: dict[str, tf.Tensor], values: int) -> tf.Tensor:
        return tf.concat([tf.reshape(v, [batch, -1, values]) for v in levels.values()], axis=1)

    every = joined(anchors, 4)
    decoded = box_ops.decode_boxes(joined(answer["rpn_boxes"], 4), every)
    sides = proposals[..., 2:] - proposals[..., :2]
    # The rule of the feature pyramid's paper (Lin et al., 2017, equation 1).
    level = 4 + tf.math.log(tf.sqrt(tf.reduce_prod(sides, -1)) / 224) / tf.math.log(2.0)
    levels = tf.clip_by_value(tf.floor(level), config.min_level, config.max_level)
    pyramid, found = answer["decoder_features"], answer["detection_boxes"]
    (head,) = model.detection_head
    mask_features = model.mask_roi_aligner(pyramid, found)
    every_class = [tf.fill(tf.shape(found)[:2], k) for k in range(1, config.num_classes)]
    return {
        **{f"level_{level}": pyramid[level] for level in anchors},
        "anchors": every,
        "objectness": tf.sigmoid(joined(answer["rpn_scores"], 1)[..., 0]),
        "decoded_boxes": box_ops.clip_boxes(decoded, scaled[:, None]),
        "proposals": proposals,
        "proposal_scores": scores,
        "proposal_levels": levels,
        "roi_features": model.roi_aligner(pyramid, proposals),
        "class_scores": tf.nn.softmax(answer["cls_outputs"]),
        "detection_boxes": found,
        "detection_classes": answer["detection_classes"],
        "detection_scores": answer["detection_scores"],
        "num_detections": answer["num_detections"],
        "mask_logits": tf.stack([model.mask_head([mask_features, k]) for k in every_class], -1),
        "class_kernel": tf.identity(head._classifier.kernel)[None],
        "class_bias": tf.identity(head._classifier.bias)[None],
        "scale": tf.tile(scale[None], [batch, 1]),
    }


def _embeddings(head: tf_keras.layers.Layer, regions: tf.Tensor) -> tf.Tensor:
    """Input (B, N, 256) of the last layers of the box head, which Model Garden does not expose."""
    import tensorflow as tf

    shape = tf.shape(regions)
    x = tf.reshape(regions, [-1, *regions.shape[2:]])
    for layer, norm in zip(head._convs, head._conv_norms, strict=True):
        x = tf.nn.relu(norm(layer(x), training=False))
    x = tf.reshape(x, [shape[0], shape[1], int(np.prod(regions.shape[2:]))])
    for layer, norm in zip(head._fcs, head._fc_norms, strict=True):
        x = tf.nn.relu(norm(layer(x), training=False))
    return x
