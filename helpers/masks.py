"""The forms of a mask and exact conversion between them, overlays, outlines and boundary bands.

Introduced in lab 1, used by all others. A `mask` is (H, W) bool, `masks` are (N, H, W) bool and may
overlap, `labels` are (H, W) integers, a class (or instance) each. All else is an `ArrayError`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from faster_coco_eval.core import mask as coco_mask
from numpy.typing import NDArray

from helpers.errors import ArrayError, DataError

Mask = NDArray[np.bool_]
Labels = NDArray[np.integer]
Image = NDArray[np.uint8]
Colours = Sequence[tuple[int, int, int]]


def check_mask(mask: np.ndarray, name: str = "mask") -> Mask:
    """Return `mask` unchanged if it is (H, W) bool; otherwise raise `ArrayError`."""
    mask = np.asarray(mask)
    if mask.dtype != np.bool_:
        do = f"Say which pixels you mean: `{name} > 0.5`, `{name} == 1` or `{name} != 0`."
        raise ArrayError(name, expected="dtype bool", found=str(mask.dtype), do=do)
    if mask.ndim != 2:
        raise ArrayError(name, expected="shape (H, W)", found=f"shape {mask.shape}")
    return mask


def check_labels(
    labels: np.ndarray, num_classes: int | None = None, name: str = "labels"
) -> Labels:
    """Return `labels`, of any shape, if they are integers (from 0, below `num_classes`)."""
    labels = np.asarray(labels)
    if not np.issubdtype(labels.dtype, np.integer):
        do = "Probabilities become labels with `.argmax(axis=-1)`, a mask with `.astype(int)`."
        if np.issubdtype(labels.dtype, np.floating) and np.isnan(labels).any():
            do = f"It holds {int(np.isnan(labels).sum())} NaN; find where they arise first. {do}"
        raise ArrayError(name, expected="an integer dtype", found=str(labels.dtype), do=do)
    if num_classes is not None and labels.size:
        low, high = int(labels.min()), int(labels.max())
        if low < 0 or high >= num_classes:
            expected, found = f"values from 0 to {num_classes - 1}", f"values from {low} to {high}"
            do = "Shift 1-based labels with `- 1`, and name the void label as `ignore`."
            raise ArrayError(name, expected=expected, found=found, do=do)
    return labels


def check_image(image: np.ndarray) -> Image:
    """Return `image` unchanged if it is (H, W, 3) uint8; otherwise raise `ArrayError`."""
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        do = "Grey: `np.repeat(grey[..., None], 3, axis=2)`; alpha: `image[..., :3]`; "
        do += "floats in [0, 1]: `np.uint8(np.round(255 * image))`."
        found = f"{image.shape} {image.dtype}"
        raise ArrayError("image", expected="(H, W, 3) uint8, RGB", found=found, do=do)
    return image


def check_same_size(first: np.ndarray, second: np.ndarray, names: tuple[str, str]) -> None:
    """Raise `ArrayError` unless both arrays begin with the same height and width."""
    if first.shape[:2] != second.shape[:2]:
        expected = f"the size of {names[0]}, {first.shape[0]} x {first.shape[1]}"
        found, do = " x ".join(map(str, second.shape[:2])), "Resize masks by nearest neighbour."
        raise ArrayError(names[1], expected=expected, found=found, do=do)


def masks_to_labels(masks: np.ndarray) -> NDArray[np.int32]:
    """(N, H, W) bool -> (H, W) int32; pixels of no mask are 0, those of mask i are i + 1.

    Masks that overlap are an `ArrayError`: labels would silently take a pixel from one of them.

    >>> masks_to_labels(np.array([[[True, False]], [[False, True]]]))
    array([[1, 2]], dtype=int32)
    """
    masks = np.asarray(masks)
    if masks.dtype != np.bool_ or masks.ndim != 3:
        found = f"{masks.shape} {masks.dtype}"
        raise ArrayError("masks", expected="(N, H, W) bool", found=found)
    if shared := int((masks.sum(axis=0) > 1).sum()):
        do, found = "Cut what lies behind: `masks[i] &= ~masks[j]`.", f"{shared} pixels in several"
        raise ArrayError("masks", expected="masks that do not overlap", found=found, do=do)
    return np.einsum("nhw,n->hw", masks, np.arange(1, len(masks) + 1, dtype=np.int32))


def mask_to_rle(mask: Mask) -> dict:
    """(H, W) bool -> COCO's compressed run-length code, `{"size": [H, W], "counts": bytes}`.

    Runs go down the columns, first a run of background.

    >>> mask_to_rle(np.array([[False, True], [True, False]]))
    {'size': [2, 2], 'counts': b'121'}
    """
    return coco_mask.encode(np.asfortranarray(check_mask(mask).astype(np.uint8)))


def rle_to_mask(rle: Mapping) -> Mask:
    """COCO's run-length code, compressed (bytes or str) or a plain list of counts -> (H, W) bool.

    A code that is damaged, or whose runs do not fill `size`, is a `DataError`.

    >>> rle_to_mask({"size": [2, 2], "counts": [1, 2, 1]})
    array([[False,  True],
           [ True, False]])
    """
    try:
        counts = rle["counts"]
        code = {"size": [int(side) for side in rle["size"]], "counts": counts}
        if isinstance(counts, list):
            code = coco_mask.frPyObjects(code, *code["size"])
        elif isinstance(counts, str):
            code["counts"] = counts.encode("ascii")
        return coco_mask.decode(code).astype(bool)
    # The library checks that the runs fill the mask, and raises all of these where they do not.
    except (KeyError, TypeError, AttributeError, ValueError, RuntimeError) as error:
        found = str(error).partition("; ")[2] or f"{rle!r:.80}"
        expected = '"size": [H, W] and "counts" whose runs fill it'
        raise DataError("rle", expected=expected, found=found) from error


def mask_to_polygons(mask: Mask) -> list[NDArray[np.int32]]:
    """(H, W) bool -> outlines, each (K, 2) int32 of x, y; holes are outlines of their own.

    Points lie on the centres of the boundary pixels, with straight runs left out
    (`cv2.findContours`, Suzuki and Abe 1985), and `polygons_to_mask` gives back the same mask.

    >>> mask_to_polygons(np.array([[True, True, True], [True, True, True]]))[0].tolist()
    [[0, 0], [0, 1], [2, 1], [2, 0]]
    """
    pixels = check_mask(mask).astype(np.uint8)
    outlines, _ = cv2.findContours(pixels, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    return [outline[:, 0] for outline in outlines]


def polygons_to_mask(polygons: Sequence[np.ndarray], size: tuple[int, int]) -> Mask:
    """Outlines (K, 2) of x, y -> (H, W) bool; an outline within another cuts a hole.

    The outline itself belongs to the mask, for a hole as well: the rule of `mask_to_polygons`.

    >>> polygons_to_mask([np.array([[0, 0], [2, 0], [0, 2]])], (3, 3)).astype(int).tolist()
    [[1, 1, 1], [1, 1, 0], [1, 0, 0]]
    """
    canvas = np.zeros(size, np.uint8)
    points = [np.round(np.asarray(p, float)) for p in polygons]
    for each in points:
        inside = (np.abs(each) < 1 << 31).all()
        if each.ndim != 2 or each.shape[1] != 2 or not inside:
            found = f"shape {each.shape}{'' if inside else ', with NaN or too large numbers'}"
            raise ArrayError("polygons", expected="arrays (K, 2) of pixels", found=found)
    if points:
        cv2.drawContours(canvas, [p.astype(np.int32)[:, None] for p in points], -1, 1, cv2.FILLED)
    return canvas.astype(bool)


def mask_to_box(mask: Mask) -> NDArray[np.float64]:
    """Smallest box round a mask (H, W): ymin, xmin, ymax, xmax in pixels, upper ends exclusive.

    An empty mask has no box and is an `ArrayError`.

    >>> mask_to_box(np.array([[False, False, False], [False, True, True]]))
    array([1., 1., 2., 3.])
    """
    mask = check_mask(mask)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        raise ArrayError("mask", expected="at least one pixel", found="an empty mask")
    return np.array([rows[0], columns[0], rows[-1] + 1, columns[-1] + 1], dtype=float)


def boundary_band(mask: Mask, width: int) -> Mask:
    """The pixels of a mask that lie within `width` pixels of its edge, as (H, W) bool.

    The mask minus its erosion by a (2 `width` + 1) square, where everything outside the picture
    counts as background: the definition of Boundary IoU (Cheng et al., 2021).

    >>> boundary_band(np.ones((3, 4), bool), 1).astype(int).tolist()
    [[1, 1, 1, 1], [1, 0, 0, 1], [1, 1, 1, 1]]
    """
    mask = check_mask(mask)
    if width < 1:
        raise ArrayError("width", expected="at least 1 pixel", found=str(width))
    if not mask.size:
        return mask.copy()  # OpenCV refuses it
    square = np.ones((2 * width + 1,) * 2, np.uint8)
    outside = {"borderType": cv2.BORDER_CONSTANT, "borderValue": 0}
    return mask & ~cv2.erode(mask.view(np.uint8), square, **outside).view(bool)


def overlay(image: Image, masks: np.ndarray, colours: Colours, alpha: float = 0.5) -> Image:
    """A copy of the image with each mask tinted in its colour, later ones over earlier ones.

    Args:
        image: (H, W, 3) uint8 RGB.
        masks: (N, H, W) bool.
        colours: RGB, 0 to 255; mask i takes `colours[i % len(colours)]`.
        alpha: Opacity of the colours, from 0 to 1.

    >>> overlay(np.zeros((1, 2, 3), np.uint8), np.array([[[True, False]]]), [(200, 0, 0)]).tolist()
    [[[100, 0, 0], [0, 0, 0]]]
    """
    blend = check_image(image).astype(np.float32)
    for index, mask in enumerate(masks):
        check_same_size(image, check_mask(mask, f"masks[{index}]"), ("image", f"masks[{index}]"))
        colour = np.asarray(colours[index % len(colours)], np.float32)
        blend[mask] = (1 - alpha) * blend[mask] + alpha * colour
    return np.uint8(np.round(blend))


def outline(image: Image, mask: Mask, colour: tuple[int, int, int], width: int = 1) -> Image:
    """A copy of the image with the mask's boundary band painted in `colour` (RGB).

    >>> outline(np.zeros((3, 3, 3), np.uint8), np.ones((3, 3), bool), (9, 9, 9))[..., 0].tolist()
    [[9, 9, 9], [9, 0, 9], [9, 9, 9]]
    """
    check_same_size(check_image(image), check_mask(mask), ("image", "mask"))
    painted = image.copy()
    painted[boundary_band(mask, width)] = colour
    return painted
