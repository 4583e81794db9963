"""The Mask R-CNN that the course trains and ships, from records to a SavedModel.

Lab 4 introduces it. `model` configures and builds the network, `data` is its input pipeline,
`training` trains it, `export` writes a SavedModel, which `helpers.detector` runs, and `cli` is
`python -m tools.recipes.maskrcnn`.
"""

from tools.recipes.maskrcnn.model import CLASSES, SIZE, build, configuration, padded_size

__all__ = ["CLASSES", "SIZE", "build", "configuration", "padded_size"]
