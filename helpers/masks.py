"""The forms of a mask and exact conversion between them, overlays, outlines and boundary bands.

Introduced in lab 1 and used by every later lab. Rests on NumPy, OpenCV (contours, morphology, PNG)
and pycocotools (run-length encoding); nothing here knows about TensorFlow or Matplotlib.

Three in-memory forms: a `mask` is (H, W) bool, `masks` are (N, H, W) bool and may overlap, and
`labels` are (H, W) integers, one class (or instance) number per pixel, so they cannot overlap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from helpers.errors import ArrayError, DataError

Mask = NDArray[np.bool_]
Labels = NDArray[np.integer]
Image = NDArray[np.uint8]
Colours = Sequence[tuple[int, int, int]]


# --- checks, shared by the modules that take masks -------------------------------------------


def check_mask(mask: np.ndarray, name: str = "mask") -> Mask:
    """Returns `mask` unchanged if it is (H, W) bool; raises `ArrayError` otherwise."""
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
    """Returns `labels` unchanged if it holds integers, from 0 to `num_classes - 1` where given.

    Raises:
        ArrayError: not an integer dtype (NaN is refused here: only floats have it), or a value
            outside the range.
    """
    labels = np.asarray(labels)
    if not np.issubdtype(labels.dtype, np.integer):
        do = "Probabilities become labels with `.argmax(axis=-1)`, a mask with `.astype(int)`."
        if np.issubdtype(labels.dtype, np.floating) and np.isnan(labels).any():
            do = f"It holds {int(np.isnan(labels).sum())} NaN; find where they arise first. {do}"
        raise ArrayError(name, expected="an integer dtype", found=str(labels.dtype), do=do)
    if num_classes is not None and labels.size:
        low, high = int(labels.min()), int(labels.max())
        if low < 0 or high >= num_classes:
            raise ArrayError(
                name,
                expected=f"values from 0 to {num_classes - 1}",
                found=f"values from {low} to {high}",
                do="Shift 1-based labels with `- 1`, and name the void label as `ignore`.",
            )
    return labels


def check_image(image: np.ndarray, name: str = "image") -> Image:
    """Returns `image` unchanged if it is (H, W, 3) uint8; raises `ArrayError` otherwise."""
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ArrayError(
            name,
            expected="(H, W, 3) uint8, RGB",
            found=f"{image.shape} {image.dtype}",
            do="Grey: `np.repeat(grey[..., None], 3, axis=2)`; alpha: `image[..., :3]`; "
            "floats in [0, 1]: `np.uint8(np.round(255 * image))`.",
        )
    return image


def check_same_size(first: np.ndarray, second: np.ndarray, names: tuple[str, str]) -> None:
    """Raises `ArrayError` unless both arrays begin with the same height and width."""
    if first.shape[:2] != second.shape[:2]:
        raise ArrayError(
            names[1],
            expected=f"the size of {names[0]}, {first.shape[0]} x {first.shape[1]}",
            found=" x ".join(map(str, second.shape[:2])),
            do="Resize masks by nearest neighbour only.",
        )


# --- integer labels, stacks of masks, colour maps ---------------------------------------------


def masks_to_labels(masks: np.ndarray, values: Sequence[int] | None = None) -> NDArray[np.int32]:
    """(N, H, W) bool -> (H, W) int32; pixels of no mask are 0, mask i is `values[i]` (or i + 1).

    >>> masks_to_labels(np.array([[[True, False]], [[False, True]]]))
    array([[1, 2]], dtype=int32)

    Raises:
        ArrayError: Two masks share a pixel: labels would lose one of them in silence. Decide which
            is in front and cut the other first.
    """
    masks = np.asarray(masks)
    if masks.dtype != np.bool_ or masks.ndim != 3:
        found = f"{masks.shape} {masks.dtype}"
        raise ArrayError("masks", expected="(N, H, W) bool", found=found)
    values = np.arange(1, len(masks) + 1) if values is None else np.asarray(values)
    if len(values) != len(masks):
        found = f"{len(values)} values"
        raise ArrayError("values", expected=f"{len(masks)}, one per mask", found=found)
    shared = int((masks.sum(axis=0) > 1).sum())
    if shared:
        raise ArrayError(
            "masks",
            expected="masks that do not overlap",
            found=f"{shared} pixels in more than one",
            do="Cut what lies behind: `masks[i] &= ~masks[j]`.",
        )
    return np.einsum("nhw,n->hw", masks, values.astype(np.int32), dtype=np.int32)


def labels_to_rgb(labels: Labels, colours: Colours) -> Image:
    """(H, W) labels -> (H, W, 3) uint8; label i becomes `colours[i]` (RGB, 0 to 255).

    >>> labels_to_rgb(np.array([[0, 1]]), [(0, 0, 0), (255, 0, 0)]).tolist()
    [[[0, 0, 0], [255, 0, 0]]]
    """
    labels = check_labels(labels, len(colours))
    return np.asarray(colours, dtype=np.uint8)[labels]


def rgb_to_labels(rgb: Image, colours: Colours) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 -> (H, W) uint8 labels, by exact comparison of colours.

    Raises:
        DataError: A pixel has a colour that is not in `colours`, as after JPEG or a smooth resize.
    """
    rgb = check_image(rgb, "rgb")
    pack = np.array([1 << 16, 1 << 8, 1])
    codes = rgb.astype(np.int64) @ pack
    labels = np.full(codes.shape, 255, dtype=np.uint8)
    for index, colour in enumerate(colours):
        labels[codes == np.asarray(colour) @ pack] = index
    unknown = labels == 255
    if unknown.any():
        y, x = np.argwhere(unknown)[0]
        raise DataError(
            "rgb",
            expected=f"only the {len(colours)} colours of the map",
            found=f"{int(unknown.sum())} other pixels, the first at row {y}, column {x}: "
            f"{tuple(int(v) for v in rgb[y, x])}",
            do="Store colour maps as PNG, never as JPEG, and resize them by nearest neighbour.",
        )
    return labels


# --- files and strings: PNG, RLE, polygons ----------------------------------------------------


def encode_png(labels: np.ndarray) -> bytes:
    """A mask (bool, stored with 1 bit a pixel) or labels (uint8, 8 bits) -> the bytes of a PNG."""
    labels = np.asarray(labels)
    if labels.dtype == np.bool_:
        pixels, options = labels.astype(np.uint8) * 255, [cv2.IMWRITE_PNG_BILEVEL, 1]
    elif labels.dtype == np.uint8:
        pixels, options = labels, []
    else:
        found = str(labels.dtype)
        raise ArrayError("labels", expected="dtype bool or uint8", found=found)
    if labels.ndim != 2 or 0 in labels.shape:
        found = f"shape {labels.shape}"
        raise ArrayError("labels", expected="shape (H, W) with pixels in it", found=found)
    return cv2.imencode(".png", pixels, [*options, cv2.IMWRITE_PNG_COMPRESSION, 9])[1].tobytes()


def decode_png(png: bytes) -> NDArray[np.uint8]:
    """The bytes of a grey PNG -> (H, W) uint8, the numbers as stored (a 1-bit mask: 0, 255)."""
    pixels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED) if png else None
    if pixels is None or pixels.ndim != 2 or pixels.dtype != np.uint8:
        found = "damaged bytes" if pixels is None else f"{pixels.shape} {pixels.dtype}"
        raise DataError("png", expected="a grey 8-bit PNG", found=found)
    return pixels


def mask_to_rle(mask: Mask) -> dict:
    """(H, W) bool -> COCO's compressed run-length code, `{"size": [H, W], "counts": bytes}`.

    Runs go down the columns, first a run of background: `pycocotools.mask.encode`.
    """
    return coco_mask.encode(np.asfortranarray(check_mask(mask).astype(np.uint8)))


def rle_to_mask(rle: Mapping) -> Mask:
    """COCO's run-length code, compressed (bytes or str) or a plain list of counts -> (H, W) bool.

    >>> rle_to_mask({"size": [2, 2], "counts": [1, 2, 1]})
    array([[False,  True],
           [ True, False]])

    Raises:
        DataError: No such code, damaged, or its runs do not fill `size`. (pycocotools takes the
            runs on trust, so they are checked first.)
    """
    try:
        height, width = (int(side) for side in rle["size"])
        counts = rle["counts"]
        runs = np.array(counts) if isinstance(counts, list) else _run_lengths(counts)
        negative = int(runs.min(initial=0))
        if negative < 0 or int(runs.sum()) != height * width:
            found = f"a run of {negative}" if negative < 0 else f"runs of {int(runs.sum())} in all"
            raise DataError("rle", expected=f"{height * width} pixels", found=found)
        code = {"size": [height, width], "counts": counts}
        if isinstance(counts, list):
            code = coco_mask.frPyObjects(code, height, width)
        return coco_mask.decode(code).astype(bool)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        expected = 'a dict with "size": [H, W] and "counts", run lengths or their code'
        raise DataError("rle", expected=expected, found=repr(rle)[:80]) from error


def _run_lengths(counts: bytes | str) -> NDArray[np.int64]:
    """The run lengths in COCO's compressed code, without the mask.

    Each number is in 5-bit groups, lowest first, a sixth bit says that more follow; from the fourth
    number on it is the difference to the number two before (`rleToString` in pycocotools).
    """
    code = counts.encode("ascii") if isinstance(counts, str) else counts
    groups = np.frombuffer(code, np.uint8).astype(np.int64) - 48
    last = (groups & 32) == 0
    if groups.size and (groups.min() < 0 or groups.max() > 63 or not last[-1]):
        raise ValueError("not a run-length code")
    number = np.cumsum(last) - last  # to which number a group belongs
    place = np.arange(groups.size) - np.concatenate([[0], np.flatnonzero(last) + 1])[number]
    if (place > 6).any():
        raise ValueError("a run length of more than 32 bits")
    runs = np.zeros(int(last.sum()), np.int64)
    np.add.at(runs, number, (groups & 31) << (5 * place))
    runs -= np.where(groups[last] & 16, 32 << (5 * place[last]), 0)  # the sign
    for start in (1, 2):
        runs[start::2] = np.cumsum(runs[start::2])
    return runs


def mask_to_polygons(mask: Mask) -> list[NDArray[np.int32]]:
    """(H, W) bool -> outlines, each (K, 2) int32 of x, y; holes are outlines of their own.

    Points lie on the centres of the boundary pixels, with straight runs left out
    (`cv2.findContours`, Suzuki and Abe 1985), and `polygons_to_mask` gives back the same mask.
    """
    outlines, _ = cv2.findContours(
        check_mask(mask).astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE
    )
    return [outline[:, 0] for outline in outlines]


def polygons_to_mask(polygons: Sequence[np.ndarray], size: tuple[int, int]) -> Mask:
    """Outlines (K, 2) of x, y -> (H, W) bool; an outline within another cuts a hole.

    The outline itself belongs to the mask, for a hole as well: the rule of `mask_to_polygons`.
    """
    canvas = np.zeros(size, np.uint8)
    points = [np.round(np.asarray(p)).astype(np.int32).reshape(-1, 1, 2) for p in polygons]
    if points:
        cv2.drawContours(canvas, points, -1, color=1, thickness=cv2.FILLED)
    return canvas.astype(bool)


# --- boxes, bands and drawing -----------------------------------------------------------------


def mask_to_box(mask: Mask) -> NDArray[np.float64]:
    """The smallest box round a mask: ymin, xmin, ymax, xmax in pixels, upper ends exclusive.

    >>> mask_to_box(np.array([[False, False, False], [False, True, True]]))
    array([1., 1., 2., 3.])

    Raises:
        ArrayError: The mask is empty, so it has no box.
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
    """A copy of the image with each of the N masks tinted in its colour.

    Args:
        image: (H, W, 3) uint8 RGB.
        masks: (N, H, W) bool; a later mask is painted over an earlier one.
        colours: RGB, 0 to 255; mask i takes `colours[i % len(colours)]`.
        alpha: Opacity of the colours, from 0 to 1.
    """
    blend = check_image(image).astype(np.float32)
    for index, mask in enumerate(masks):
        check_same_size(image, check_mask(mask, f"masks[{index}]"), ("image", f"masks[{index}]"))
        colour = np.asarray(colours[index % len(colours)], np.float32)
        blend[mask] = (1 - alpha) * blend[mask] + alpha * colour
    return np.uint8(np.round(blend))


def outline(image: Image, mask: Mask, colour: tuple[int, int, int], width: int = 1) -> Image:
    """A copy of the image with the mask's boundary band painted in `colour` (RGB)."""
    check_same_size(check_image(image), check_mask(mask), ("image", "mask"))
    painted = image.copy()
    painted[boundary_band(mask, width)] = colour
    return painted
