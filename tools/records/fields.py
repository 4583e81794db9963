"""Fields of other people's files: checked and converted, or refused in one line."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from helpers.errors import DataError


def take(item: Any, key: str, kind: type, where: str) -> Any:
    """Return `item[key]` if of the given type; else a `DataError` names `where` and the key."""
    value = item.get(key) if isinstance(item, dict) else None
    if not isinstance(value, kind):
        found = f"{value!r:.60}" if isinstance(item, dict) else f"{item!r:.60} for an object"
        expected = {list: "a list", str: "a text"}[kind]
        raise DataError(f"{where}, {key}", expected=expected, found=found)
    return value


def identity(item: Any, key: str, where: str, *, whole: bool = False) -> Any:
    """Number stored under a key, also as "7" or 7.0; unless `whole`, also text."""
    value = item.get(key) if hasattr(item, "get") else None
    if isinstance(value, str) and re.fullmatch(r"0|[1-9][0-9]{0,17}", value):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    good = isinstance(value, int) and not isinstance(value, bool)
    if not good and (whole or not isinstance(value, str)):
        found = f"{value!r:.60}" if hasattr(item, "get") else f"{item!r:.60} for an object"
        expected = "a whole number" if whole else "a number or a text"
        raise DataError(f"{where}, {key}", expected=expected, found=found)
    return value


def flag(value: Any, where: str) -> bool:
    """Boolean in any spelling used in files: 1, true, "1", "true"; a missing one is false."""
    known = {"none": False, "0": False, "false": False, "1": True, "true": True}
    text = f"{value:g}" if isinstance(value, float) else str(value).strip().lower()
    if text not in known:
        raise DataError(where, expected="0 or 1", found=f"{value!r:.60}")
    return known[text]


def numbers(values: Any, where: str, *, texts: bool = False) -> np.ndarray:
    """Convert a list of finite numbers, with `texts` also "1.5" and the like, to (N,) float64.

    Raises:
        DataError: The value is not such a list.
    """
    kinds = (int, float, str) if texts else (int, float)
    try:
        plain = isinstance(values, list) and all(type(value) in kinds for value in values)
        plain = plain and "_" not in "".join(v for v in values if isinstance(v, str))
        array = np.array(values if plain else [np.nan], float)
    except (OverflowError, ValueError):
        array = np.array([np.inf])
    if not np.isfinite(array).all():
        raise DataError(where, expected="finite numbers", found=f"{values!r:.60}")
    return array
