"""What converters of records take from others and do not trust: paths, pictures, JSON, outlines.

Annotations come from the network as often as not (lab 3). A path in them may point anywhere, a
picture may be half there, a polygon may have two corners or one at infinity, and pycocotools' C
code takes numbers as they come. So each is checked here, before it is used. Rests on Pillow and
pycocotools.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from helpers.errors import DataError, explain
from helpers.masks import rle_to_mask
from helpers.records.fields import MAX_PIXELS, Size
from helpers.records.png import SIGNATURE


def inside(folder: Path, name: str) -> Path:
    """A file by its name relative to a folder, which no link and no `..` may lead out of.

    Raises:
        DataError: The name is absolute, is no text, or leads outside.
    """
    root = folder.resolve()
    # On Windows a backslash separates folders and C: is a disk, so a name with them is not taken.
    if name.isprintable() and name and "\\" not in name and ":" not in name:
        path = (root / name).resolve()
        if path != root and path.is_relative_to(root):
            return path
    do = "Paths in annotations are relative to the folder of pictures and may not leave it."
    raise DataError(explain(str(folder), expected="a path inside it", found=repr(name), do=do))


def read_picture(folder: Path, name: str) -> tuple[bytes, str, Size]:
    """A picture's bytes, "jpeg" or "png", height and width, after a look at all of it.

    Raises:
        DataError: Outside the folder, missing, damaged, too large or of another format.
    """
    from PIL import Image

    path = inside(folder, name)
    do = "Fetch it again, or leave such pictures out with --skip-bad."
    expected = "a complete JPEG or PNG"
    try:
        encoded = path.read_bytes()
        with Image.open(io.BytesIO(encoded), formats=("JPEG", "PNG")) as picture:
            width, height = picture.size
            if width * height > MAX_PIXELS:
                expected = f"at most {MAX_PIXELS} pixels"
                raise ValueError(f"{width}x{height}")
            # An eighth of the size is enough to meet every byte of a JPEG, and much faster.
            picture.draft(None, (width // 8, height // 8))
            picture.load()
    # Pillow's decoders raise all of these for damaged files.
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        found = getattr(error, "strerror", None) or str(error)
        found = "other bytes" if "cannot identify" in found else found
        raise DataError(explain(str(path), expected=expected, found=found, do=do)) from error
    return encoded, "png" if encoded.startswith(SIGNATURE) else "jpeg", (height, width)


def read_json(path: Path) -> dict[str, Any]:
    """A file that holds one JSON object.

    Raises:
        DataError: Missing, damaged, or something else than an object.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        found = error.strerror or str(error)
        raise DataError(explain(str(path), expected="a JSON file", found=found)) from error
    except (ValueError, RecursionError) as error:
        raise DataError(explain(str(path), expected="JSON in UTF-8", found=str(error))) from error
    if not isinstance(content, dict):
        raise DataError(explain(str(path), expected="an object", found=type(content).__name__))
    return content


def take(item: Any, key: str, kind: type | tuple[type, ...], where: str) -> Any:
    """`item[key]`, if it is of a kind.

    Raises:
        DataError: No such key, or its value is something else; names `where` and the key.
    """
    value = item.get(key) if isinstance(item, dict) else None
    # True is an `int` for Python, not for somebody who looks for a number.
    if not isinstance(value, kind) or isinstance(value, bool):
        kinds = kind if isinstance(kind, tuple) else (kind,)
        expected = " or ".join(each.__name__ for each in kinds)
        found = f"{value!r:.60}" if isinstance(item, dict) else f"{item!r:.60} for an object"
        raise DataError(explain(f"{where}, {key}", expected=expected, found=found))
    return value


def numbers(values: Any, where: str) -> np.ndarray:
    """A list of finite numbers as an array (N,) float64.

    Raises:
        DataError: It is something else.
    """
    plain = isinstance(values, list) and all(type(value) in (int, float) for value in values)
    try:
        array = np.array(values if plain else [np.nan], float)
    except OverflowError:
        array = np.array([np.inf])
    if not np.isfinite(array).all():
        raise DataError(explain(where, expected="finite numbers", found=f"{values!r:.60}"))
    return array


def polygon_mask(polygons: Sequence[Any], size: Size, where: str) -> np.ndarray:
    """The union of polygons, each a list x, y, x, y and so on in pixels, as (H, W) bool.

    COCO's own rule decides which pixels belong to it.

    Raises:
        DataError: A polygon has less than three corners, or one further away than a picture's size.
    """
    from pycocotools import mask as coco_mask

    height, width = size
    checked = []
    for polygon in polygons:
        corners = numbers(polygon, f"{where}, polygon")
        if corners.size < 6 or corners.size % 2:
            expected = "at least 6 numbers, x and y in turn"
            raise DataError(
                explain(f"{where}, polygon", expected=expected, found=f"{corners.size} numbers")
            )
        points = corners.reshape(-1, 2)
        # Annotators draw a little over the edge; far outside, C code would draw for minutes.
        if (points < (-width, -height)).any() or (points > (2 * width, 2 * height)).any():
            expected = f"corners in or near a picture of {width}x{height}"
            found = f"x {points[:, 0].min():g} to {points[:, 0].max():g}, "
            found += f"y {points[:, 1].min():g} to {points[:, 1].max():g}"
            raise DataError(explain(f"{where}, polygon", expected=expected, found=found))
        checked.append(corners.tolist())
    if not checked:
        raise DataError(explain(where, expected="at least one polygon", found="none"))
    codes = coco_mask.frPyObjects(checked, height, width)
    return coco_mask.decode(coco_mask.merge(codes)).astype(bool)


def run_length_mask(code: dict[str, Any], size: Size, where: str) -> np.ndarray:
    """COCO's run-length code, compressed or a list, as (H, W) bool.

    Raises:
        DataError: Damaged, or of another size than the picture.
    """
    if code.get("size") != list(size):
        expected, found = f"size {list(size)} of the picture", repr(code.get("size"))
        raise DataError(explain(f"{where}, segmentation", expected=expected, found=found))
    counts = code.get("counts")
    if isinstance(counts, list) and not all(type(run) is int for run in counts):
        expected = "run lengths, which are whole numbers"
        raise DataError(explain(f"{where}, counts", expected=expected, found=f"{counts!r:.60}"))
    try:
        return rle_to_mask(code)
    except (DataError, OverflowError) as error:
        expected = "a complete run-length code"
        raise DataError(
            explain(f"{where}, segmentation", expected=expected, found=str(error))
        ) from error


def check_class(number: int, names: Mapping[int, str], where: str) -> None:
    """Raises `DataError` unless a class has a name."""
    if number not in names:
        expected = f"one of {len(names)} classes"
        raise DataError(explain(where, expected=expected, found=f"class {number}"))


def check_size(declared: Size, size: Size, what: str) -> None:
    """Raises `DataError` unless a declared height and width are the picture's."""
    if tuple(declared) != tuple(size):
        expected = f"{size[1]}x{size[0]} pixels as the picture has"
        raise DataError(explain(what, expected=expected, found=f"{declared[1]}x{declared[0]}"))
