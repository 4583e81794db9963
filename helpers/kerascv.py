"""keras-cv, which the course reaches through this one place.

Its layers change pictures with their masks (lab 2), and it has DeepLabV3+ (lab 5). Release 0.9.0 is
the last one; when a version of Keras no longer runs it, this module is what has to change. Its
presets ask a server even where no weights are wanted, so models are built from their parts.
"""

from __future__ import annotations

from types import ModuleType


def layers() -> ModuleType:
    """`keras_cv.layers`; importing it takes seconds, so it waits until it is needed."""
    from keras_cv import layers

    return layers


def models() -> ModuleType:
    """`keras_cv.models`."""
    from keras_cv import models

    return models
