"""The TensorFlow Object Detection API (TFOD2) on current TensorFlow.

Lab 3 introduces it. `activate()` makes `import object_detection` work in this process and has to be
called before TensorFlow is imported; `activation` has it. `doctor` and `failures` say what is
wrong with an environment, `zoo` lists the models there are, `model` builds, trains and exports one,
and `cli` is `python -m helpers.tfod`.
"""

from helpers.tfod.activation import FOLDER, INSTALL, activate, install, installed

__all__ = ["FOLDER", "INSTALL", "activate", "install", "installed"]
