"""Location of files and pixels: the file that a name means, and boxes in a rotated picture.

Rests on `helpers.pictures`, which opens the files.
"""

from __future__ import annotations

import difflib
import os
import unicodedata
from pathlib import Path
from urllib.parse import unquote

import numpy as np

from helpers.errors import DataError
from helpers.pictures import TURNS, Size, opened, orientation_of


def read_text(path: str | Path, expected: str) -> str:
    """The text of a file in UTF-8, with or without a byte-order mark; else a `DataError`."""
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        found = error.strerror or str(error)
    except UnicodeDecodeError as error:
        expected, found = f"{expected} in UTF-8", f"other bytes at {error.start}"
    raise DataError(str(path), expected=expected, found=found)


def header(path: str | Path) -> tuple[Size, int]:
    """Height and width of a picture as it is stored, and its EXIF orientation."""
    with opened(path) as (picture, _):
        size, orientation = (picture.height, picture.width), orientation_of(picture)
        turned = picture.format == "TIFF" and orientation > 4  # Pillow gives the upright size
        return size[::-1] if turned else size, orientation


def upright_box(box: np.ndarray, orientation: int, size: Size) -> np.ndarray:
    """Box (4,) in the upright picture of a box in the stored one, which has the given size."""
    swap, y, x = TURNS[orientation]
    top, left, bottom, right = box
    top, bottom = (top, bottom) if y > 0 else (size[0] - bottom, size[0] - top)
    left, right = (left, right) if x > 0 else (size[1] - right, size[1] - left)
    return np.array([left, top, right, bottom] if swap else [top, left, bottom, right])


def find(folder: str | Path, name: str, *, by_name: bool = False) -> Path:
    """Find the file that a name in annotations means, in a folder of pictures.

    The unchanged name takes precedence; then backslashes of Windows, `%20` for a space, decomposed
    accents of macOS and a leading name of the folder itself are understood. Links are followed, but
    no name leads out of the folder.

    Args:
        folder: Folder of the pictures.
        name: Name as the annotations have it.
        by_name: Whether only the last part of the name counts.

    Raises:
        DataError: No such file, or one outside the folder.
    """
    root = Path(os.path.abspath(folder))  # noqa: PTH100  (a folder that is a link stays one)
    spellings = [name, name.replace("\\", "/"), unquote(name), unquote(name).replace("\\", "/")]
    spellings += [unicodedata.normalize(form, spellings[-1]) for form in ("NFC", "NFD")]
    last = [each.rsplit("/", 1)[-1] for each in spellings]
    own = [each.removeprefix("./").removeprefix(f"{root.name}/") for each in spellings]
    inside, outside = [], False
    for spelling in dict.fromkeys(last if by_name else spellings + own):
        path = Path(os.path.normpath(root / spelling))
        outside |= path == root or not path.is_relative_to(root)
        if path != root and path.is_relative_to(root):
            inside.append(path)
            if _is_file(path):
                return path
    expected, found, do = f"a picture {name!r} in it", "no such file", ""
    if there := next((each for each in last[1:] if each and _is_file(root / each)), ""):
        do = f"{there!r} is there: with --by-name (from-labelme: --images) its name alone counts."
    elif outside or not inside:
        expected, found = "a path inside it", repr(name)
        do = "Names are relative to the folder of the pictures: is it another one?"
    elif near := _near(inside[0]):
        do = f"Is it {near!r}?"
    raise DataError(str(folder), expected=expected, found=found, do=do)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # too long, or with a NUL in it
        return False


def _near(path: Path) -> str:
    """Name in the same folder with nearly the same spelling, or ""."""
    names = os.listdir(path.parent) if os.path.isdir(path.parent) else []  # noqa: PTH112, PTH208
    texts = (".json", ".txt", ".xml", ".csv", ".yaml")
    names = [name for name in names if name != path.name and not name.lower().endswith(texts)]
    same = [name for name in names if Path(name).stem.lower() == path.stem.lower()]
    return next(iter(same or difflib.get_close_matches(path.name, names[:5000], 1, 0.8)), "")
