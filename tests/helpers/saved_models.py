"""Small SavedModels with a known answer, for the tests of the detector."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf

BOXES = np.array([[0.25, 0.5, 0.75, 1.0], [0.0, 0.0, 0.5, 0.25], [0, 0, 1, 1]], np.float32)
SCORES = np.array([0.6, 0.9, 0.2], np.float32)
CLASSES = np.array([1, 3, 1], np.float32)


def answer(**changes) -> dict[str, np.ndarray]:
    """What TFOD2's exporter gives for one picture; None leaves an output out."""
    outputs = {
        "detection_boxes": BOXES[None],
        "detection_classes": CLASSES[None],
        "detection_scores": SCORES[None],
        "detection_masks": np.ones((1, 3, 28, 28), np.float32),
        "num_detections": np.array([3], np.float32),
    }
    return {name: value for name, value in (outputs | changes).items() if value is not None}


def save(
    folder: Path,
    outputs: dict[str, np.ndarray] | None = None,
    *,
    dtype: tf.DType = tf.uint8,
    shape: tuple = (1, None, None, 3),
    reframe: bool = False,
    inputs: int = 1,
    signatures: bool = True,
) -> Path:
    """Writes a model whose answer is always the same.

    `reframe` adds masks of the picture's size in which the upper half is full.
    """
    stored = answer() if outputs is None else outputs

    def respond(*images: tf.Tensor) -> dict[str, tf.Tensor]:
        result = {name: tf.constant(value) for name, value in stored.items()}
        if reframe:
            height, width = tf.shape(images[0])[1], tf.shape(images[0])[2]
            rows = tf.cast(tf.range(height) < height // 2, tf.float32)
            result["detection_masks_reframed"] = tf.tile(
                rows[None, None, :, None], [1, 3, 1, width]
            )
        return result

    model = tf.Module()
    names = ["input_tensor", "second"][:inputs]
    model.respond = tf.function(respond).get_concrete_function(
        *(tf.TensorSpec(shape, dtype, name=name) for name in names)
    )
    given = {"serving_default": model.respond} if signatures else {}
    tf.saved_model.save(model, str(folder), signatures=given)
    return folder
