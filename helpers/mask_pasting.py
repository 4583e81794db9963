"""From the small masks of a Mask R-CNN, one for each box, to masks of the whole picture.

Introduced in lab 4. A Mask R-CNN answers with 28 x 28 or 33 x 33 numbers for each detection, which
cover its box and not the picture; stretching them over the picture is the usual mistake. Rests on
NumPy alone.

There are two conventions about where in the box the numbers lie. By `"centres"` the box is cut into
28 x 28 cells and each number stands in the middle of its cell: RoIAlign as it is meant, TF Model
Garden, Detectron2. By `"corners"` the first and the last number lie on the edges of the box and
pixels are counted alike: TFOD2, whose `reframe_box_masks_to_image_masks` this then reproduces.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from helpers.errors import ArrayError, explain

ALIGNMENTS = ("centres", "corners")


def paste(
    box_masks: np.ndarray,
    boxes: np.ndarray,
    size: Sequence[int],
    *,
    alignment: str = "centres",
    threshold: float = 0.5,
) -> NDArray[np.bool_]:
    """Masks of the picture's size.

    Args:
        box_masks: (N, M, M) float, 0 to 1, each over the area of its box.
        boxes: (N, 4) `ymin, xmin, ymax, xmax` in pixels; may reach beyond the picture.
        size: height and width of the picture.
        alignment: "centres" or "corners", see above.
        threshold: a pixel belongs to a mask if its interpolated value is larger.

    Returns:
        (N, H, W) bool; False outside the box.

    Raises:
        ArrayError: shapes that do not fit each other, or an unknown alignment.
    """
    box_masks, boxes = np.asarray(box_masks, np.float32), np.asarray(boxes, float)
    if box_masks.ndim != 3 or 0 in box_masks.shape[1:]:
        found = f"shape {box_masks.shape}"
        raise ArrayError(explain("box_masks", expected="(N, M, M) with M > 0", found=found))
    if boxes.shape != (len(box_masks), 4):
        expected = f"shape ({len(box_masks)}, 4), one box for each mask"
        raise ArrayError(explain("boxes", expected=expected, found=f"shape {boxes.shape}"))
    if alignment not in ALIGNMENTS:
        expected = " or ".join(map(repr, ALIGNMENTS))
        raise ArrayError(explain("alignment", expected=expected, found=repr(alignment)))
    height, width = size
    masks = np.zeros((len(boxes), height, width), bool)
    for mask, values, (ymin, xmin, ymax, xmax) in zip(masks, box_masks, boxes, strict=True):
        top, rows = _weights(ymin, ymax, height, values.shape[0], alignment)
        left, columns = _weights(xmin, xmax, width, values.shape[1], alignment)
        # Bilinear interpolation is one product for the rows and one for the columns, and only the
        # pixels of the box are computed: this is what makes it fast.
        pixels = rows @ values @ columns.T
        mask[top : top + len(rows), left : left + len(columns)] = pixels > threshold
    return masks


def _weights(
    low: float, high: float, pixels: int, cells: int, alignment: str
) -> tuple[int, NDArray[np.float32]]:
    """Along one axis: the first pixel of the box, and what each pixel takes of each number.

    Returns:
        The pixel, and (K, cells) for the K pixels of the box; each row adds up to 1.
    """
    if not (np.isfinite([low, high]).all() and low < high):
        return 0, np.zeros((0, cells), np.float32)
    index = np.arange(pixels)
    if alignment == "centres":
        inside = (index + 0.5 >= low) & (index + 0.5 < high)
        places = ((index + 0.5 - low) / (high - low)) * cells - 0.5
        places = places.clip(0, cells - 1)  # beyond the outermost numbers there is nothing to mix
    else:
        # TFOD2 counts pixel 0 as 0 and the last one as 1, so its pixels are a little too wide.
        shares = index / (pixels - 1) if pixels > 1 else np.array([0.5])
        places = (shares - low / pixels) / ((high - low) / pixels) * (cells - 1)
        inside = (places >= 0) & (places <= cells - 1)
    index, places = index[inside], places[inside]
    lower = np.floor(places).astype(int).clip(0, max(0, cells - 2))
    share = places - lower
    weights = np.zeros((len(index), cells), np.float32)
    row = np.arange(len(index))
    weights[row, lower] = 1 - share
    weights[row, np.minimum(lower + 1, cells - 1)] += share
    return (int(index[0]) if len(index) else 0), weights
