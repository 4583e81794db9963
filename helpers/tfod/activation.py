"""Makes the TensorFlow Object Detection API (TFOD2) usable on current TensorFlow, in one process.

Lab 3 introduces it. TFOD2 was written for TensorFlow 2.8 and is no longer maintained; what it asks
of newer packages and no longer finds is put back by `activate()`, each piece with its reason. The
package lies in a folder of its own, `tfod2` inside the environment, since it would overwrite other
people's packages. Rests on the standard library; TensorFlow is imported by `activate()`.
"""

from __future__ import annotations

import os
import sys
import types
from typing import Any

from helpers import side_packages
from helpers.errors import SetupError, explain

FOLDER = side_packages.folder("tfod2")
"""Where TFOD2 and the two packages that only it uses are installed."""

INSTALL = "python -m helpers.tfod install"


def installed() -> bool:
    """Whether TFOD2 lies in its folder (or is importable already, as after the classic recipe)."""
    return side_packages.present("object_detection", FOLDER)


def activate() -> None:
    """Makes `import object_detection` work in this process; calling it again does no harm.

    Call it before TensorFlow is imported: TFOD2 is written against Keras 2, and TensorFlow decides
    at its import which Keras `tf.keras` is. It is meant for one kernel, the one that runs TFOD2.

    Raises:
        SetupError: TFOD2 is not installed, or TensorFlow is already there with Keras 3.
    """
    if not installed():
        raise SetupError(
            explain(
                "TFOD2",
                expected=f"the package object_detection in {FOLDER.name}/",
                found="nothing",
                do=f"Run `{INSTALL}` (or `make setup`) and restart the kernel.",
            )
        )
    _choose_keras_2()
    side_packages.append_to_path(FOLDER)
    _numpy_float()
    _pillow_getsize()
    _estimator()
    _control_flow()
    _tensorflow_io()
    _no_autograph()


def _choose_keras_2() -> None:
    """`tf.keras` must be Keras 2: TFOD2 subclasses layers in ways that Keras 3 refuses."""
    tensorflow = sys.modules.get("tensorflow")
    # Keras 2 in TensorFlow's lazy form has no __version__ at all.
    version = "2" if tensorflow is None else getattr(tensorflow.keras, "__version__", "2")
    if not version.startswith("2"):
        raise SetupError(
            explain(
                "tf.keras",
                expected="Keras 2, which TFOD2 is written for",
                found=f"Keras {version}, chosen when TensorFlow was imported",
                do="Restart the kernel and call helpers.tfod.activate() before TensorFlow is "
                "imported.",
            )
        )
    os.environ["TF_USE_LEGACY_KERAS"] = "1"


def _numpy_float() -> None:
    """`np.float` was an alias of `float` until NumPy 1.24; TFOD2's metrics still say so."""
    import numpy as np

    if "float" not in vars(np):
        np.float = float  # noqa: NPY001


def _pillow_getsize() -> None:
    """`getsize` went with Pillow 10; TFOD2's drawing measures its labels with it."""
    from PIL import ImageFont

    def getsize(font: Any, text: str, *arguments: Any, **options: Any) -> tuple[int, int]:
        """Width and height of `text` in pixels."""
        left, top, right, bottom = font.getbbox(text, *arguments, **options)
        return right - left, bottom - top

    for font in (ImageFont.FreeTypeFont, ImageFont.ImageFont):
        if not hasattr(font, "getsize"):
            font.getsize = getsize


def _estimator() -> None:
    """`tf.estimator` went with TensorFlow 2.16; TFOD2 needs the names of its three modes."""
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
    import importlib.util

    if "tensorflow_io" not in sys.modules and not importlib.util.find_spec("tensorflow_io"):
        sys.modules["tensorflow_io"] = types.ModuleType("tensorflow_io")


def _no_autograph() -> None:
    """TensorFlow rewrites the source of every function that it traces, in case it has loops.

    TFOD2's functions were written without that help. Leaving them as they are about halves the time
    of the first training step of Mask R-CNN, which is nearly all tracing.
    """
    from tensorflow.python.autograph.core import config

    rules = tuple(config.DoNotConvert(name) for name in ("object_detection", "tf_slim"))
    if rules[0] not in config.CONVERSION_RULES and not getattr(config, "_tfod2", False):
        config.CONVERSION_RULES = (*rules, *config.CONVERSION_RULES)
        config._tfod2 = True


def install() -> None:
    """Installs requirements/tfod2.txt into `FOLDER`.

    Raises:
        SetupError: pip failed; the message ends with what it said last.
    """
    side_packages.install("requirements/tfod2.txt", FOLDER)
