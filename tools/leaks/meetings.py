"""Record of what meets a test mask in a notebook, and of the values gone through meanwhile.

A prediction is what meets a mask in a call, a comparison or an operation; masks and predictions are
recognised by their content, whatever their names.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from tools.leaks.exchange import highest, kept

MAX_CANDIDATES = 5_000
MAX_MEETINGS = 200_000
MAX_BYTES = 200_000_000
"""Size of the largest argument that is examined."""


def plain(value: Any) -> Any:
    """Convert a number, a string or a tuple of these to JSON types; None for all else."""
    if isinstance(value, (np.ndarray, np.generic)) and value.ndim == 0:
        value = value.item()
    if isinstance(value, (bool, int, str)) or value is None:
        return value if not isinstance(value, str) or len(value) < 80 else None
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, np.ndarray) and value.ndim == 1:
        value = tuple(value)
    if isinstance(value, (tuple, list)) and 0 < len(value) <= 8:
        parts = [plain(part) for part in value]
        return parts if all(p is not None and not isinstance(p, list) for p in parts) else None
    return None


class Meetings:
    """Records what meets the first test masks, which no run but the second exchanges."""

    def __init__(self) -> None:
        self.masks: dict[bytes, str] = {}
        """Number of the picture, and what was made of its mask, by content."""
        self.shapes: set[tuple[int, ...]] = set()
        """Of all masks."""
        self.met: dict[str, dict[str, set[str]]] = {}
        """By place in the notebook and by picture: what was there together with its mask."""
        self.loops: dict[str, dict] = {}
        """By place: `values` gone through, their `count`, and whether they were `tried`, that is,
        whether one mask met different predictions with different values."""
        self.active: dict[str, int] = {}
        """By place: number of the value that is being gone through."""
        self.first: dict[tuple[str, str, str], tuple[int, bytes]] = {}
        """By loop, place and picture: number of a value, and what it led to."""
        self.taken: dict[bytes, np.ndarray] = {}
        """Arrays from which pixels were taken, by the pixels' content."""
        self.count = self.cell = 0

    def expect(self, masks: Any) -> None:
        """Learn the masks that stay, and what notebooks make of them."""
        if isinstance(masks, dict):
            masks = list(masks.values())
        elif hasattr(masks, "as_numpy_iterator"):
            batches = [np.asarray(batch[-1]) for batch in masks.as_numpy_iterator()]
            masks = batches if batches[0].ndim < 3 else list(np.concatenate(batches))
        arrays = [_flat(np.asarray(mask)) for mask in masks]
        self.shapes = {array.shape for array in arrays}
        classes = range(max(map(highest, arrays)) + 1)
        found: dict[bytes, list[str]] = {}
        for number, array in enumerate(arrays):
            made = {_content(array == c): f"{number}={c}" for c in classes}
            made |= {_content(array > 0): f"{number}>0"}
            made |= {_content(array.astype(int) * len(classes)): f"{number}*"}  # t * classes + p
            for content, what in (made | {_content(array): str(number)}).items():
                found.setdefault(content, []).append(what)
        staying = {str(number) for number in range(kept(len(arrays)))}
        self.masks = {  # what two pictures share, such as an empty mask, tells nothing
            content: what[0]
            for content, what in found.items()
            if len(what) == 1 and what[0].rstrip("*").split("=")[0].split(">")[0] in staying
        }

    def call(self, place: str, function: Callable, *values: Any, **options: Any) -> Any:
        """Call a function of the notebook, after a look at its arguments."""
        arrays = [self._maps(v) for v in (*values, *options.values())]
        arrays = [a for a in arrays if a is not None]
        if len(arrays) > 1 and self.count < MAX_MEETINGS:
            self._note(f"{self.cell}:{place}", arrays)
        return function(*values, **options)

    def take(self, value: Any, index: Any) -> Any:
        """Give `value[index]`, and note where pixels come from that a mask of pixels selects."""
        result = value[index]
        is_mask = isinstance(index, np.ndarray) and index.dtype == bool and index.ndim > 1
        if is_mask and isinstance(value, np.ndarray) and value.shape == index.shape:
            self.taken[_content(result)] = value
        return result

    def watch(self, place: str, values: Iterable) -> Iterator:
        """Go through values for a loop."""
        for number, value in enumerate(values):
            with self._going(place, number, value):
                yield value

    def keyed(self, place: str, key: Any) -> Any:
        """Go through values for `max`, `sorted` and all others that take a `key`."""
        numbers = itertools.count()

        def key_of(value: Any) -> Any:
            with self._going(place, next(numbers), value):
                return key(value)

        return key_of if callable(key) else key

    @contextlib.contextmanager
    def _going(self, place: str, number: int, value: Any) -> Iterator[None]:
        loop = self.loops.setdefault(place, {"values": [], "count": 0, "tried": False})
        loop["count"] = max(loop["count"], number + 1)
        parts = [value, *(value if isinstance(value, tuple) else ())]
        parts += value.values() if isinstance(value, dict) else ()
        for part in map(plain, parts):
            if part is None or part in loop["values"] or len(loop["values"]) >= MAX_CANDIDATES:
                continue
            loop["values"].append(part)
        before = self.active.get(place)
        self.active[place] = number
        try:
            yield
        finally:
            if before is None:
                self.active.pop(place, None)
            else:
                self.active[place] = before

    def _maps(self, value: Any) -> np.ndarray | None:
        """An argument as maps of the masks' size, (N, H, W) or (N, H, W, C)."""
        if not isinstance(value, np.ndarray):
            if not type(value).__module__.startswith("tensorflow") or not hasattr(value, "numpy"):
                return None
            try:
                value = value.numpy()
            except Exception:  # symbolic
                return None
        if value.dtype.kind not in "biuf" or value.nbytes > MAX_BYTES:
            return None
        if value.ndim == 1:
            if self.taken and (source := self.taken.get(_content(value))) is not None:
                value = source
            elif len(self.shapes) == 1:
                [shape] = self.shapes
                maps, rest = divmod(value.size, math.prod(shape))
                return value.reshape(maps, *shape) if maps and not rest else None
        value = _flat(value)
        if value.ndim in (3, 4) and value.shape[1:3] in self.shapes:
            return value
        return value[None] if value.ndim in (2, 3) and value.shape[:2] in self.shapes else None

    def _note(self, place: str, arrays: list[np.ndarray]) -> None:
        for one, array in enumerate(arrays):
            numbers = [self.masks.get(_content(_labels(mask))) for mask in array]
            if all(number is None for number in numbers):
                continue
            for other in arrays[:one] + arrays[one + 1 :]:
                if other.shape[:3] != array.shape[:3]:
                    continue
                for number, map_ in zip(numbers, other, strict=True):
                    what = _content(map_)
                    if number is not None and what not in self.masks:
                        self.count += 1
                        pictures = self.met.setdefault(place, {})
                        pictures.setdefault(number, set()).add(what.hex())
                        self._try(place, number, what)

    def _try(self, place: str, picture: str, what: bytes) -> None:
        for loop, number in self.active.items():
            first = self.first.setdefault((loop, place, picture), (number, what))
            if first[0] != number and first[1] != what:
                self.loops[loop]["tried"] = True

    def to_json(self) -> dict:
        """What `trace` returns of it."""
        return {
            place: {picture: sorted(maps) for picture, maps in pictures.items()}
            for place, pictures in self.met.items()
        }


def _flat(mask: np.ndarray) -> np.ndarray:
    """A mask or masks without an axis for their only channel."""
    return mask[..., 0] if mask.ndim > 2 and mask.shape[-1] == 1 else mask


def _labels(mask: np.ndarray) -> np.ndarray:
    """A mask that is given as one plane for each class, as labels; others as they are."""
    planes = mask.ndim == 3 and np.isin(mask, (0, 1)).all() and (mask.sum(axis=-1) == 1).all()
    return mask.argmax(axis=-1) if planes else mask


def _content(array: Any) -> bytes:
    """Fingerprint of the values of a map, whatever their type."""
    values = np.ascontiguousarray(array, dtype=np.float32)
    return hashlib.blake2b(values.tobytes(), digest_size=8).digest()
