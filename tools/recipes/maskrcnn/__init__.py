"""The Mask R-CNN that the course trains and ships, from records to a SavedModel.

Lab 4 introduces it. `model` configures and builds the network, `data` feeds it, `training` trains
it, `export` makes a SavedModel of it, which `helpers.detector` runs, and `cli` is
`python -m tools.recipes.maskrcnn`.
"""

from tools.recipes.maskrcnn.model import CLASSES, SIZE, build, configuration, padded_size

__all__ = ["CLASSES", "SIZE", "build", "configuration", "padded_size"]
