"""Records for the tests of the Mask R-CNN's recipe."""

from __future__ import annotations

import pytest

from tests.tools.recipes.maskrcnn.shapes import write_shapes


@pytest.fixture(scope="module")
def records_file(tmp_path_factory):
    """Eight pictures of shapes."""
    return write_shapes(tmp_path_factory.mktemp("records") / "shapes.tfrecord")
