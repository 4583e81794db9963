"""Generated detection examples, and what it takes for two of them to be the same."""

from __future__ import annotations

import numpy as np

from helpers.records import Example


def make_example(rng: np.random.Generator, count: int = 3, size=(24, 37), **changes) -> Example:
    """Objects with holes; each touches all four sides of its box."""
    height, width = size
    masks = np.zeros((count, *size), bool)
    boxes = np.zeros((count, 4), np.float32)
    for k in range(count):
        top, left = int(rng.integers(0, height)), int(rng.integers(0, width))
        bottom, right = int(rng.integers(top, height)) + 1, int(rng.integers(left, width)) + 1
        masks[k, top:bottom, left:right] = rng.random((bottom - top, right - left)) < 0.7
        masks[k, top, left] = masks[k, bottom - 1, right - 1] = True
        boxes[k] = (top, left, bottom, right)
    content = dict(
        image=rng.integers(0, 256, (*size, 3), np.uint8),
        boxes=boxes,
        classes=rng.integers(1, 4, count),
        masks=masks,
        crowd=rng.random(count) < 0.2,
        source_id="scène 7",
        class_names=("car",) * count,
        semantic=rng.integers(0, 9, size).astype(np.uint8),
        amodal=masks | (rng.random(masks.shape) < 0.1),
        facts={"light": "dusk", "numbers": [1, 2.5]},
    )
    return Example(**{**content, **changes})


def assert_same(found: Example, expected: Example) -> None:
    """Equal in everything, to the last bit: also the boxes, as the 32-bit numbers stored."""
    wanted = expected.image
    if wanted.ndim == 2:  # grey comes back as RGB
        wanted = np.repeat(wanted[..., None], 3, axis=2)
    np.testing.assert_array_equal(found.image, wanted)
    for name in ("masks", "classes", "crowd", "boxes_normalised", "semantic", "amodal"):
        wanted = getattr(expected, name)
        if wanted is None:
            assert getattr(found, name) is None
        else:
            np.testing.assert_array_equal(getattr(found, name), wanted, err_msg=name)
    # A pixel edge comes back within the rounding of 32 bits.
    np.testing.assert_allclose(found.boxes, expected.boxes, rtol=2e-7, atol=1e-6)
    assert found.image.dtype == np.uint8
    assert found.masks.dtype == found.crowd.dtype == bool
    assert found.boxes_normalised.dtype == np.float32
    for name in ("source_id", "class_names", "facts"):
        assert getattr(found, name) == getattr(expected, name)
