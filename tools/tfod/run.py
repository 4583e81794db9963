"""Programs of TFOD2, unchanged, on current TensorFlow: `python -m tools.tfod run`.

Lab 3 trains, evaluates and exports with it. The source of the programs is not modified; these are
the only changes made from outside, partly by option:

- `helpers.tfod.activate()` restores the interfaces that TFOD2 needs.
- `--seed`: TensorFlow's seed and its deterministic kernels. TFOD2 maps over its records with a
  TensorFlow 1 function that ignores the seed; the TensorFlow 2 function replaces it.
  Runs begin alike, and were still seen to differ after some steps.
- `--log-every`: number of steps per iteration; TFOD2 runs 100 and logs the last.
- The exporter omits the Keras trace of each layer, which no server reads and which doubles its
  running time.
- Variables are made before a graph is: TensorFlow traces a graph that makes variables twice, which
  takes longer than anything else in a short run. So evaluation and export first send a black
  picture through the model, and with `--log-every 1` the first training step runs without a graph.

`run tensorboard` starts TensorBoard, whose own command needs a removed part of setuptools.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import runpy
import sys
import types
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

from helpers import tfod
from helpers.errors import SetupError

PACKAGE = "object_detection"


def run(
    program: str, arguments: list[str], *, seed: int | None = None, log_every: int | None = None
) -> None:
    """Run a program of TFOD2 in this process, as from its own command line.

    Args:
        program: Module within `object_detection`, such as "model_main_tf2" or
            "dataset_tools.create_coco_tf_record"; or "tensorboard".
        arguments: Arguments of the program.
        seed: Seed of weights and sampling; None for random ones.
        log_every: Number of steps between two log lines of `model_main_tf2`.

    Raises:
        SetupError: TFOD2 is not installed, or has no such program.
        SystemExit: The program has exited.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.argv = [program, *arguments]
    if program == "tensorboard":
        _pkg_resources()
        runpy.run_module("tensorboard.main", run_name="__main__", alter_sys=True)
        return
    # A lab's kernel hands this on. Without a seed it stops TFOD2: "Random ops require a seed".
    os.environ["TF_DETERMINISTIC_OPS"] = "0" if seed is None else "1"
    tfod.activate()
    _check(program)
    import tensorflow as tf

    if seed is not None:
        tf.keras.utils.set_random_seed(seed)
        dataset = tf.compat.v1.data.Dataset
        dataset.map_with_legacy_function = lambda self, *given, **named: self.map(*given, **named)
    if program == "model_main_tf2":
        _training(log_every)
    if program in ("model_main_tf2", "exporter_main_v2"):
        _prediction()
    from tf_keras.src.saving.legacy.saved_model.utils import keras_option_scope

    with keras_option_scope(save_traces=False):
        runpy.run_module(f"{PACKAGE}.{program}", run_name="__main__", alter_sys=True)


def _training(log_every: int | None) -> None:
    """Set the steps per iteration; if it is one, the first runs without a graph."""
    import tensorflow as tf
    from object_detection import model_lib_v2 as library

    if log_every:
        library.LOG_EVERY = log_every
        library.train_loop = functools.partial(
            library.train_loop, num_steps_per_iteration=log_every
        )
    if log_every != 1:
        return
    train_loop, step = library.train_loop, library.eager_train_step

    def train(*given: object, **named: object) -> None:
        tf.config.run_functions_eagerly(True)
        train_loop(*given, **named)

    def train_step(*given: object, **named: object) -> dict:
        try:
            return step(*given, **named)
        finally:
            tf.config.run_functions_eagerly(False)

    library.train_loop, library.eager_train_step = train, train_step


def _prediction() -> None:
    """Have the models of evaluation and export make their variables when they are built."""
    from object_detection import exporter_lib_v2, model_lib_v2

    for table, name in (
        (model_lib_v2.MODEL_BUILD_UTIL_MAP, "detection_model_fn_base"),
        (exporter_lib_v2.INPUT_BUILDER_UTIL_MAP, "model_build"),
    ):
        table[name] = functools.partial(_built, table[name])


def _built(build: Callable, *given: object, is_training: bool, **named: object) -> object:
    """A model from TFOD2's builder, with its variables unless it is to be trained."""
    import numpy as np

    model = build(*given, is_training=is_training, **named)
    if not is_training:
        tfod.forward(model, np.zeros((64, 64, 3), np.uint8))
    return model


def _pkg_resources() -> None:
    """Provide the module, removed in setuptools 82, with which TensorBoard finds its plug-ins."""
    if importlib.util.find_spec("pkg_resources"):
        return

    def iter_entry_points(group: str) -> list[types.SimpleNamespace]:
        """Entry points of a group, in the form of the old module."""
        found = metadata.entry_points(group=group)
        return [types.SimpleNamespace(resolve=entry_point.load) for entry_point in found]

    sys.modules["pkg_resources"] = types.ModuleType("pkg_resources")
    sys.modules["pkg_resources"].iter_entry_points = iter_entry_points


def programs() -> list[str]:
    """Programs of TFOD2 for TensorFlow 2 (it still contains those for TensorFlow 1)."""
    folder = Path(importlib.util.find_spec(PACKAGE).origin).parent
    found = []
    for path in [*sorted(folder.glob("*.py")), *sorted(folder.glob("dataset_tools/*.py"))]:
        text = path.read_text(encoding="utf-8")
        of_today = "compat.v2" in text or path.parent.name == "dataset_tools"
        if of_today and "flags.DEFINE" in text and "__main__" in text:
            found.append(".".join(path.relative_to(folder).with_suffix("").parts))
    return found


def _check(program: str) -> None:
    """Refuse a name that is not a program of TFOD2."""
    if program not in programs():
        raise SetupError(
            "run",
            expected=f"tensorboard or one of TFOD2's programs ({', '.join(programs())})",
            found=repr(program),
            do="Options of this command stand before the program's name.",
        )
