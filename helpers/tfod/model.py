"""TFOD2's own training and export, called from Python: lab 3's second half.

Each function is a thin wrap of one of TFOD2's programs (`model_main_tf2.py`, `exporter_main_v2.py`)
and of its pipeline configuration; `helpers.tfod.activate()` is called first. What was exported,
`helpers.detector` loads. Rests on `helpers.tfod.activation`; TFOD2 and TensorFlow are imported
where they are used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from helpers import DATA, files
from helpers.errors import DataError, explain
from helpers.tfod import activation

CONFIG = DATA / "tfod2" / "mask_rcnn_resnet50_kerbside.config"
"""The course's own pipeline configuration: Mask R-CNN with ResNet-50, 128x128 pixels."""


def read_config(path: str | Path = CONFIG) -> Any:
    """A pipeline configuration as TFOD2's protobuf message.

    Raises:
        DataError: The file is missing or not a pipeline configuration; names line and column.
    """
    activation.activate()
    from google.protobuf import text_format
    from object_detection.protos import pipeline_pb2

    try:
        text = Path(path).read_text(encoding="utf-8")
        return text_format.Parse(text, pipeline_pb2.TrainEvalPipelineConfig())
    except (OSError, UnicodeDecodeError, text_format.ParseError) as error:
        found = str(error).strip()
        raise DataError(
            explain(Path(path).name, expected="a TFOD2 pipeline configuration", found=found)
        ) from error


def write_config(config: Any, path: str | Path) -> Path:
    """Writes a pipeline configuration as text, complete or not at all; returns its path."""
    from google.protobuf import text_format

    return files.write_text(path, text_format.MessageToString(config))


def build(config: Any, *, training: bool = False) -> Any:
    """The detection model of a configuration, with random weights; its variables come at first use.

    Args:
        config: A pipeline configuration, from `read_config`.
        training: Whether batch norm learns and dropout is on.
    """
    activation.activate()
    from object_detection.builders import model_builder

    with _batch_norm_momentum():
        return model_builder.build(config.model, is_training=training)


def forward(model: Any, image: np.ndarray) -> dict[str, np.ndarray]:
    """One picture through the model: preprocess, predict, postprocess.

    Args:
        model: From `build`.
        image: (H, W, 3) uint8.

    Returns:
        TFOD2's detections without the batch: `detection_boxes` (N, 4) normalised, `detection_masks`
        (N, h, w) in their boxes, `detection_scores` (N,), `detection_classes` (N,) from 0, ...
    """
    import tensorflow as tf

    resized, shapes = model.preprocess(tf.constant(image[None], tf.float32))
    detections = model.postprocess(model.predict(resized, shapes), shapes)
    return {name: value.numpy()[0] for name, value in detections.items()}


def train(
    config_path: str | Path,
    folder: str | Path,
    steps: int,
    *,
    seed: int = 1,
    on_step: Callable[[int, dict[str, float]], None] | None = None,
) -> list[dict[str, float]]:
    """TFOD2's own training loop, from a configuration file; it logs every step.

    Checkpoints go to `folder`, the losses to `folder/train` for TensorBoard.

    Args:
        config_path: The edited pipeline configuration.
        folder: Where the checkpoints go; one that holds some is gone on with.
        steps: How many batches, those of an earlier run included.
        seed: Of weights and samples; the course's deterministic kernels insist on one.
        on_step: Called with each step's number and losses, for instance to move a progress bar.

    Returns:
        The losses of each step, with TFOD2's names (`Loss/total_loss`, ...).
    """
    activation.activate()
    import tensorflow as tf
    from object_detection import model_lib_v2

    tf.random.set_seed(seed)
    on_step = on_step or (lambda step, losses: None)
    losses: list[dict[str, float]] = []
    reduce_dict = model_lib_v2.reduce_dict

    def watch(strategy: Any, values: dict[str, Any], operation: Any) -> dict[str, Any]:
        """What the loop logs after a step passes through here, inside the graph."""

        def note(*numbers: np.ndarray) -> None:
            losses.append(dict(zip(values, map(float, numbers), strict=True)))
            on_step(len(losses), losses[-1])

        reduced = reduce_dict(strategy, values, operation)
        tf.py_function(note, [reduced[name] for name in values], [])
        return reduced

    def seeded_map(dataset: Any, function: Callable, **options: Any) -> Any:
        """TFOD2 maps with TensorFlow 1's functions, which the seed does not reach."""
        return dataset.map(function, **options)

    with (
        _batch_norm_momentum(),
        _replaced(model_lib_v2, "reduce_dict", watch),
        _replaced(tf.compat.v1.data.Dataset, "map_with_legacy_function", seeded_map),
    ):
        model_lib_v2.train_loop(
            str(config_path),
            str(folder),
            train_steps=steps,
            num_steps_per_iteration=1,
            checkpoint_every_n=steps,
            record_summaries=False,
        )
    return losses


def export(config: Any, checkpoint: str | Path, folder: str | Path) -> Path:
    """TFOD2's own exporter: configuration and checkpoint -> SavedModel.

    Args:
        config: The pipeline configuration that was trained.
        checkpoint: The folder with the checkpoints.
        folder: Gets `saved_model/`, `checkpoint/` and `pipeline.config`.

    Returns:
        The folder of the SavedModel, for `helpers.detector.load_detector`. Its input is
        `(1, H, W, 3)` uint8.
    """
    activation.activate()
    from object_detection import exporter_lib_v2
    from tf_keras.src.saving.legacy.saved_model.utils import keras_option_scope

    # Keras would trace each of its layers once more, for somebody who wants them one by one: that
    # takes as long again, and makes loading five times slower.
    with _batch_norm_momentum(), keras_option_scope(save_traces=False):
        exporter_lib_v2.export_inference_graph("image_tensor", config, str(checkpoint), str(folder))
    return Path(folder, "saved_model")


@contextmanager
def _batch_norm_momentum(value: float = 0.75) -> Iterator[None]:
    """TFOD2's ResNets average batch statistics over thousands of steps (momentum 0.997).

    After a short run such averages are still those of an untrained network, and the exported
    model sees other numbers than the trained one; 0.75 averages over the last four steps or so.
    The configuration has no entry for it.
    """
    from functools import partial

    from object_detection.models.keras_models import resnet_v1

    quick = partial(resnet_v1.resnet_v1_50, default_batchnorm_momentum=value)
    with _replaced(resnet_v1, "resnet_v1_50", quick):
        yield


@contextmanager
def _replaced(module: Any, name: str, value: Any) -> Iterator[None]:
    """Sets `module.name` for the length of a `with` block."""
    before = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, before)
