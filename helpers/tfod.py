"""The TensorFlow Object Detection API (TFOD2) on current TensorFlow, in one process.

Introduced in lab 3. TFOD2 was written for TensorFlow 2.8 and is no longer maintained; `activate()`
restores what it needs of other packages and no longer finds, each piece with its reason. It has a
separate folder, since it would overwrite other people's packages. Its programs are run with
`python -m tools.tfod run`; TensorFlow is imported where it is used.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np

from helpers import DATA, environment
from helpers.errors import DataError, SetupError

# Installs it, in the course's folder; `environment.install_tfod2` does so from any folder.
INSTALL = "python -m tools.tfod install"
# The course's own pipeline configuration: Mask R-CNN with ResNet-50, 128x128 pixels.
CONFIG = DATA / "tfod2" / "mask_rcnn_resnet50_kerbside.config"
# TFOD2's model zoo for TensorFlow 2, with speed and COCO mAP as its makers published them.
ZOO = DATA / "tfod2" / "zoo.csv"


def installed() -> bool:
    """Whether TFOD2 lies in its folder, or is importable already. Imports nothing.

    >>> installed()
    True
    """
    if (environment.TFOD2_FOLDER / "object_detection" / "__init__.py").is_file():
        return True
    return importlib.util.find_spec("object_detection") is not None


def activate() -> None:
    """Make `import object_detection` work in this process; calling it again does no harm.

    Call it before TensorFlow is imported: TFOD2 is written against Keras 2, and TensorFlow decides
    at its import which Keras `tf.keras` is. Otherwise, or without TFOD2, it is a `SetupError`.

    >>> activate()
    >>> import object_detection
    """
    if not installed():
        expected = f"the package object_detection in {environment.TFOD2_FOLDER.name}/"
        do = f"Call helpers.environment.install_tfod2(), or run `{INSTALL}`, and retry."
        raise SetupError("TFOD2", expected=expected, found="nothing", do=do)
    _keras_2()
    folder = environment.TFOD2_FOLDER
    if folder.is_dir() and str(folder) not in sys.path:
        sys.path.append(str(folder))  # last, so that nobody else's packages are shadowed
    for mend in (
        _numpy_float, _pillow_getsize, _estimator, _control_flow, _tensorflow_io, _no_autograph,
    ):  # fmt: skip
        mend()


def _keras_2() -> None:
    """`tf.keras` must be Keras 2: TFOD2 subclasses layers in ways that Keras 3 refuses."""
    tensorflow = sys.modules.get("tensorflow")
    # Keras 2 in TensorFlow's lazy form has no __version__ at all.
    version = "2" if tensorflow is None else getattr(tensorflow.keras, "__version__", "2")
    if not version.startswith("2"):
        found = f"Keras {version}, chosen when TensorFlow was imported"
        do = "Restart the kernel and call helpers.tfod.activate() before TensorFlow is imported."
        expected = "Keras 2, which TFOD2 is written for"
        raise SetupError("tf.keras", expected=expected, found=found, do=do)
    os.environ["TF_USE_LEGACY_KERAS"] = "1"


def _numpy_float() -> None:
    """`np.float` was an alias of `float` until NumPy 1.24; TFOD2's metrics still use it."""
    if "float" not in vars(np):
        np.float = float  # noqa: NPY001


def _pillow_getsize() -> None:
    """Pillow 10 removed `getsize`, with which TFOD2 measures the labels that it draws."""
    from PIL import ImageFont

    def getsize(font: Any, text: str, *arguments: Any, **options: Any) -> tuple[int, int]:
        """Width and height of `text` in pixels."""
        left, top, right, bottom = font.getbbox(text, *arguments, **options)
        return right - left, bottom - top

    for font in (ImageFont.FreeTypeFont, ImageFont.ImageFont):
        if not hasattr(font, "getsize"):
            font.getsize = getsize


def _estimator() -> None:
    """TensorFlow 2.16 removed `tf.estimator`; TFOD2 needs the names of its three modes."""
    import tensorflow as tf

    if hasattr(tf.compat.v1, "estimator"):
        return
    name = "tensorflow.compat.v1.estimator"
    stub = types.ModuleType(name)
    stub.ModeKeys = type("ModeKeys", (), {"TRAIN": "train", "EVAL": "eval", "PREDICT": "infer"})
    stub.export = types.SimpleNamespace()
    tf.compat.v1.estimator = sys.modules[name] = stub


def _control_flow() -> None:
    """tf-slim looks up `case`, `cond`, `while_loop` where TensorFlow kept them until 2.13."""
    import tensorflow as tf
    from tensorflow.python.ops import control_flow_ops

    for name in ("case", "cond", "while_loop"):
        if not hasattr(control_flow_ops, name):
            setattr(control_flow_ops, name, getattr(tf.compat.v1, name))


def _tensorflow_io() -> None:
    """One model of TFOD2 (DeepMAC) uses tensorflow_io; its import must not fail for the others."""
    if "tensorflow_io" not in sys.modules and not importlib.util.find_spec("tensorflow_io"):
        sys.modules["tensorflow_io"] = types.ModuleType("tensorflow_io")


def _no_autograph() -> None:
    """TensorFlow rewrites the source of every function that it traces, in case it has loops.

    TFOD2's functions were written without that help. Leaving them as they are about halves the time
    of the first training step of Mask R-CNN, which is nearly all tracing.
    """
    from tensorflow.python.autograph.core import config

    if not getattr(config, "_tfod2", False):
        rules = tuple(config.DoNotConvert(name) for name in ("object_detection", "tf_slim"))
        config.CONVERSION_RULES = (*rules, *config.CONVERSION_RULES)
        config._tfod2 = True


def read_config(path: str | Path = CONFIG) -> Any:
    """A pipeline configuration as TFOD2's protobuf message, `TrainEvalPipelineConfig`.

    A file that is none is a `DataError` with line and column.

    >>> read_config().model.faster_rcnn.num_classes
    3
    """
    activate()
    from google.protobuf import text_format
    from object_detection.protos import pipeline_pb2

    try:
        text = Path(path).read_text(encoding="utf-8")
        return text_format.Parse(text, pipeline_pb2.TrainEvalPipelineConfig())
    except (OSError, UnicodeDecodeError, text_format.ParseError) as error:
        found = str(error).strip()
        expected = "a TFOD2 pipeline configuration"
        raise DataError(Path(path).name, expected=expected, found=found) from error


def build(config: Any, *, training: bool = False) -> Any:
    """The detection model of a configuration, with random weights.

    `training` decides whether batch norm learns and dropout is on.

    >>> build(read_config()).num_classes
    3
    """
    activate()
    from object_detection.builders import model_builder

    return model_builder.build(config.model, is_training=training)


def forward(model: Any, image: np.ndarray) -> dict[str, np.ndarray]:
    """One picture (H, W, 3) uint8 through a model of `build`: preprocess, predict, postprocess.

    The detections are TFOD2's without the batch: `detection_boxes` (N, 4) normalised,
    `detection_masks` (N, h, w) in their boxes, `detection_scores` (N,), `detection_classes` (N,)
    from 0, `num_detections` (a number; the rows after it are padding), ...

    >>> import tensorflow as tf
    >>> tf.random.set_seed(1)
    >>> answer = forward(build(read_config()), np.zeros((90, 120, 3), np.uint8))
    >>> answer["detection_boxes"].shape, answer["detection_masks"].shape
    ((10, 4), (10, 14, 14))
    """
    import tensorflow as tf

    resized, shapes = model.preprocess(tf.constant(image[None], tf.float32))
    detections = model.postprocess(model.predict(resized, shapes), shapes)
    return {name: value.numpy()[0] for name, value in detections.items()}


def experiments() -> dict[str, Any]:
    """The experiments in the installed Model Garden's vision registry: name -> configuration.

    >>> experiments()["maskrcnn_resnetfpn_coco"].task.model.include_mask
    True
    """
    from official.core import exp_factory
    from official.vision import registry_imports  # noqa: F401  (fills the registry)

    names = sorted(exp_factory._REGISTERED_CONFIGS)
    return {name: exp_factory.get_exp_config(name) for name in names}
