"""The TensorFlow Object Detection API (TFOD2) on current TensorFlow, in one process.

Lab 3 introduces it. TFOD2 was written for TensorFlow 2.8 and is no longer maintained; what it asks
of newer packages and no longer finds, `activate()` gives back, each piece with its reason. It lies
in a folder of its own, since it would overwrite other people's packages. Beside that: pipeline
configurations read and written, models built from them, and the lists of what there is to build.
Its programs run by `python -m tools.tfod run`; TensorFlow is imported where it is used.
"""

from __future__ import annotations

import csv
import importlib.util
import os
import shutil
import subprocess
import sys
import types
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from helpers import DATA, ROOT, files
from helpers.environment import version
from helpers.errors import DataError, SetupError

FOLDER = Path(sys.prefix) / "tfod2"
"""Where TFOD2 and the two packages that only it uses are installed."""

INSTALL = "python -m tools.tfod install"
"""The command that installs it, in the course's folder; `install()` does so from any folder."""

REQUIREMENTS = ROOT / "requirements" / "tfod2.txt"
"""The three packages, pinned with hashes."""

CONFIG = DATA / "tfod2" / "mask_rcnn_resnet50_kerbside.config"
"""The course's own pipeline configuration: Mask R-CNN with ResNet-50, 128x128 pixels."""

ZOO = DATA / "tfod2" / "zoo.csv"
"""TFOD2's model zoo for TensorFlow 2, with speed and COCO mAP as its makers published them."""


# Installation and the shim


def installed() -> bool:
    """Whether TFOD2 lies in its folder, or is importable already. Imports nothing."""
    if (FOLDER / "object_detection" / "__init__.py").is_file():
        return True
    return importlib.util.find_spec("object_detection") is not None


def install() -> None:
    """Installs TFOD2 into `FOLDER` with this Python's pip or with uv, without what it asks for.

    Raises:
        SetupError: The installer is missing or failed; the message ends with what it said last.
    """
    options = ["--quiet", "--no-deps", "--require-hashes", "--target", str(FOLDER)]
    if version("pip") != "not installed":  # to ask find_spec would switch setuptools' distutils off
        installer = [sys.executable, "-m", "pip", "install", "--upgrade", *options]
    else:  # uv makes environments without pip
        uv = shutil.which("uv") or str(ROOT / "build" / "uv" / "bin" / "uv")
        installer = [uv, "pip", "install", "--python", sys.executable, *options]
    command = [*installer, "-r", str(REQUIREMENTS)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        said = (done.stderr or done.stdout).splitlines()[-8:] if done.returncode else []
    except OSError as error:
        said = [str(error)]
    if said:
        raise SetupError(
            " ".join(command[:3]),
            expected=f"to install {REQUIREMENTS.name}",
            found="an error",
            do="Is the package index reachable? It said:\n  " + "\n  ".join(said),
        )


def activate() -> None:
    """Makes `import object_detection` work in this process; calling it again does no harm.

    Call it before TensorFlow is imported: TFOD2 is written against Keras 2, and TensorFlow decides
    at its import which Keras `tf.keras` is. It is meant for one kernel, the one that runs TFOD2.

    Raises:
        SetupError: TFOD2 is not installed, or TensorFlow is already there with Keras 3.
    """
    if not installed():
        raise SetupError(
            "TFOD2",
            expected=f"the package object_detection in {FOLDER.name}/",
            found="nothing",
            do=f"Call helpers.tfod.install(), or run `{INSTALL}` in the course's folder, and "
            "try again.",
        )
    _keras_2()
    if FOLDER.is_dir() and str(FOLDER) not in sys.path:
        sys.path.append(str(FOLDER))  # last, so that nobody else's packages are shadowed
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
        raise SetupError(
            "tf.keras",
            expected="Keras 2, which TFOD2 is written for",
            found=f"Keras {version}, chosen when TensorFlow was imported",
            do="Restart the kernel and call helpers.tfod.activate() before TensorFlow is imported.",
        )
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


# Configurations and models


def read_config(path: str | Path = CONFIG) -> Any:
    """A pipeline configuration as TFOD2's protobuf message, `TrainEvalPipelineConfig`.

    Raises:
        DataError: The file is missing or not a pipeline configuration; names line and column.
    """
    activate()
    from google.protobuf import text_format
    from object_detection.protos import pipeline_pb2

    try:
        text = Path(path).read_text(encoding="utf-8")
        return text_format.Parse(text, pipeline_pb2.TrainEvalPipelineConfig())
    except (OSError, UnicodeDecodeError, text_format.ParseError) as error:
        found = str(error).strip()
        raise DataError(
            Path(path).name, expected="a TFOD2 pipeline configuration", found=found
        ) from error


def write_config(config: Any, path: str | Path) -> Path:
    """Writes a pipeline configuration as text, complete or not at all; returns its path."""
    from google.protobuf import text_format

    return files.write_text(path, text_format.MessageToString(config))


def build(config: Any, *, training: bool = False) -> Any:
    """The detection model of a configuration, with random weights; its variables come at first use.

    Args:
        config: A pipeline configuration, from `read_config`.
        training: Whether the network is built so that batch norm learns and dropout is on.
    """
    activate()
    from object_detection.builders import model_builder

    return model_builder.build(config.model, is_training=training)


def forward(model: Any, image: np.ndarray) -> dict[str, np.ndarray]:
    """One picture through the model: preprocess, predict, postprocess.

    Args:
        model: From `build`.
        image: (H, W, 3) uint8.

    Returns:
        TFOD2's detections without the batch: `detection_boxes` (N, 4) normalised, `detection_masks`
        (N, h, w) in their boxes, `detection_scores` (N,), `detection_classes` (N,) from 0,
        `num_detections` (a number; the rows after it are padding), ...
    """
    import tensorflow as tf

    resized, shapes = model.preprocess(tf.constant(image[None], tf.float32))
    detections = model.postprocess(model.predict(resized, shapes), shapes)
    return {name: value.numpy()[0] for name, value in detections.items()}


# What there is to build


def building_blocks() -> dict[str, tuple[str, ...]]:
    """What the installed TFOD2 can build, read from its own tables.

    Returns:
        The names a configuration may use, sorted: "meta-architectures" and, for each of them, its
        feature extractors (backbones).
    """
    activate()
    from object_detection.builders import model_builder as builder

    tables = {
        "meta-architectures": builder.META_ARCH_BUILDER_MAP,
        "faster_rcnn": builder.FASTER_RCNN_KERAS_FEATURE_EXTRACTOR_CLASS_MAP,
        "ssd": builder.SSD_KERAS_FEATURE_EXTRACTOR_CLASS_MAP,
        "center_net": builder.CENTER_NET_EXTRACTOR_FUNCTION_MAP,
    }
    return {table: tuple(sorted(names)) for table, names in tables.items()}


def experiments() -> dict[str, Any]:
    """The experiments in the installed Model Garden's vision registry: name -> configuration."""
    from official.core import exp_factory
    from official.vision import registry_imports  # noqa: F401  (fills the registry)

    names = sorted(exp_factory._REGISTERED_CONFIGS)
    return {name: exp_factory.get_exp_config(name) for name in names}


@dataclass(frozen=True)
class Published:
    """One line of TFOD2's model zoo; what was not published is None or empty."""

    name: str
    architecture: str
    backbone: str
    input_size: str  # "1024x1024", height first
    masks: bool
    box_map: float | None  # COCO mAP of the boxes in percent
    mask_map: float | None
    speed_ms: float | None  # a picture, as its makers measured it
    config: str  # name of its pipeline configuration, without .config
    archive: str  # below download.tensorflow.org/models/object_detection/tf2/


def published_zoo() -> list[Published]:
    """The zoo as published: what TFOD2 comes with weights for is not in the package."""

    def number(text: str) -> float | None:
        return float(text) if text else None

    with ZOO.open(encoding="utf-8", newline="") as stream:
        return [
            Published(
                *(row[key] for key in ("name", "architecture", "backbone", "input_size")),
                masks="masks" in row["outputs"].split(),
                box_map=number(row["box_map"]),
                mask_map=number(row["mask_map"]),
                speed_ms=number(row["speed_ms"]),
                config=row["config"],
                archive=row["archive"],
            )
            for row in csv.DictReader(stream)
        ]
