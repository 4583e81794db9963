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

`run tensorboard` starts TensorBoard, whose own command needs a removed part of setuptools.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import runpy
import sys
import types
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
    if log_every:
        from object_detection import model_lib_v2

        model_lib_v2.LOG_EVERY = log_every
        model_lib_v2.train_loop = functools.partial(
            model_lib_v2.train_loop, num_steps_per_iteration=log_every
        )
    from tf_keras.src.saving.legacy.saved_model.utils import keras_option_scope

    with keras_option_scope(save_traces=False):
        runpy.run_module(f"{PACKAGE}.{program}", run_name="__main__", alter_sys=True)


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
