"""Detection of test-split leaks by execution: choices must not depend on the test masks.

    python -m tools.leaks NOTEBOOK --masks NAME             your own notebook, as yourself
    python -m tools.leaks NOTEBOOK --masks NAME --sandbox   another's, in the grader's sandbox

NAME is the variable that holds the ground-truth masks of the test split, (N, H, W) or a list of N
arrays; in a pair such as (probabilities, masks) the last element counts. The notebook runs three
times with the same seeds: as it is, with the masks exchanged among the pictures and their classes
reversed, immediately after NAME is assigned, and with all but the first quarter exchanged. A score
on the test split must then change: if nothing changes, nothing was measured on it. A threshold, an
epoch, a bonus or the weights of a model must not change: if one does, it was chosen on the test
split. Names, including those of scores, do not matter.

Choices are: the weights of a model; a value, or its position, among those that a loop, a
comprehension or a `key=` goes through, if a test mask met other predictions with other values; and
whatever changes a prediction. A prediction is what meets a test mask in a call, a comparison or an
operation. With most masks exchanged, the others must meet the same predictions, however they were
computed. Going through pictures, classes or groups tries nothing, so the worst test picture and the
hardest class may be shown. A leak that leaves no such trace is not detected: a threshold for each
picture by its own mask, pictures left out of the score. Rests on NumPy and `tools.outlines`.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import hashlib
import itertools
import json
import math
import operator
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from helpers import ROOT
from helpers.errors import CourseError, DataError
from tools.outlines import as_python, bound
from tools.untrusted import loads

MAX_CANDIDATES = 5_000
MAX_MEETINGS = 200_000
MAX_BYTES = 200_000_000
"""Size of the largest argument that is examined."""
MARK = "leaks-trace:"
SECONDS = 600


# ------------------------------------------------------------------- inside the notebook's process


UNTOUCHED = ("super", "locals", "vars", "dir", "globals", "eval", "exec", "print", "display")
"""Functions that depend on where they are called, or that only show."""
OPERATIONS = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.BitAnd: "and_", ast.BitOr: "or_",
    ast.BitXor: "xor", ast.Eq: "eq", ast.NotEq: "ne", ast.Lt: "lt", ast.Gt: "gt",
}  # fmt: skip


class _Instrument(ast.NodeTransformer):
    """Instruments a cell to record what it iterates over, and exchanges the masks on assignment."""

    def __init__(self, masks: str, number: int):
        self.masks, self.number, self.exchanged = masks, number, False

    def _place(self, node: ast.expr) -> ast.Constant:
        return ast.Constant(f"{self.number}:{node.lineno}:{node.col_offset}")

    def visit_For(self, node: ast.For) -> ast.For:
        self.generic_visit(node)
        node.iter = _call("__watch__", self._place(node.target), node.iter)
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.comprehension:
        self.generic_visit(node)
        if not node.is_async:
            node.iter = _call("__watch__", self._place(node.target), node.iter)
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        self.generic_visit(node)
        plain = isinstance(node.slice, (ast.Constant, ast.Slice, ast.Tuple))
        if plain or not isinstance(node.ctx, ast.Load):
            return node
        return _call("__take__", node.value, node.slice)

    def visit_Call(self, node: ast.Call) -> ast.Call:
        self.generic_visit(node)
        for keyword in node.keywords:
            if keyword.arg == "key":
                keyword.value = _call("__keyed__", self._place(node), keyword.value)
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        spread = any(isinstance(a, ast.Starred) for a in node.args)
        spread |= any(k.arg is None for k in node.keywords)
        if name in UNTOUCHED or not (spread or len(node.args) + len(node.keywords) > 1):
            return node
        return ast.Call(ast.Name("__meet__", ast.Load()),
                        [self._place(node), node.func, *node.args], node.keywords)  # fmt: skip

    def _operation(
        self, node: ast.expr, kind: ast.AST, left: ast.expr, right: ast.expr
    ) -> ast.expr:
        function = OPERATIONS.get(type(kind))
        if function is None:
            return node
        name = ast.Attribute(ast.Name("__operator__", ast.Load()), function, ast.Load())
        return _call("__meet__", self._place(node), name, left, right)

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        return self._operation(node, node.op, node.left, node.right)

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        self.generic_visit(node)
        if len(node.ops) > 1:
            return node
        return self._operation(node, node.ops[0], node.left, node.comparators[0])

    def cell(self, tree: ast.Module) -> ast.Module:
        body: list[ast.stmt] = []
        for statement in tree.body:
            body.append(self.visit(statement))
            if not self.exchanged and self.masks in bound(statement):
                self.exchanged = True
                name = ast.Name(self.masks, ast.Load())
                target = [ast.Name(self.masks, ast.Store())]
                body.append(ast.Assign(target, _call("__exchange__", name)))
        return ast.fix_missing_locations(ast.Module(body, []))


def _call(name: str, *values: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), list(values), [])


def _kept(count: int) -> int:
    """Number of masks that stay where most are exchanged: enough to look at, too few to decide."""
    return max(1, count // 4)


def exchange(value: Any, *, most: bool = False) -> Any:
    """Assign each mask of a split to the next picture, with reversed classes.

    A shift alone may leave a choice unchanged that was made on more data than these masks; with
    object and background exchanged as well, no choice based on them survives.

    Args:
        value: Masks in any form that the module names.
        most: Whether the first quarter of them stays as it is.
    """
    if isinstance(value, tuple):
        return (*value[:-1], exchange(value[-1], most=most))
    if isinstance(value, dict):
        keys = list(value)
        return dict(zip(keys, exchange(list(value.values()), most=most), strict=True))
    if hasattr(value, "as_numpy_iterator"):
        return _exchanged_dataset(value, most=most)
    kept = _kept(len(value)) if most and isinstance(value, (list, np.ndarray)) else 0
    if isinstance(value, list):
        highest, last = max(_highest(mask) for mask in value), value[kept:]
        new = [_reversed(np.asarray(mask), highest) for mask in last[-1:] + last[:-1]]
        return value[:kept] + new
    if isinstance(value, np.ndarray):
        new = _reversed(np.roll(value[kept:], 1, axis=0), _highest(value))
        return np.concatenate([value[:kept], new])
    raise TypeError(
        f"the masks are a {type(value).__name__}; name a variable that holds an array, a list, or "
        "a pair whose last part is one"
    )


VOID = 255


def _highest(mask: Any) -> int:
    """Highest class of a mask, except void."""
    mask = np.asarray(mask)
    known = mask[mask != VOID] if mask.dtype != bool else mask
    return int(known.max()) if known.size else 0


def _reversed(mask: np.ndarray, highest: int) -> np.ndarray:
    """Reverse the classes of a mask, so that class 0 becomes the highest; void is unchanged."""
    if mask.dtype == bool:
        return ~mask
    return np.where(mask == VOID, mask, highest - mask).astype(mask.dtype)


def _exchanged_dataset(dataset: Any, *, most: bool) -> Any:
    """Exchange the masks of a `tf.data.Dataset` of (pictures, masks), batched or not."""
    import tensorflow as tf

    batches = list(dataset.as_numpy_iterator())
    if batches[0][-1].ndim < 3:
        masks = exchange([batch[-1] for batch in batches], most=most)
    else:
        whole = exchange(np.concatenate([batch[-1] for batch in batches]), most=most)
        masks = np.split(whole, np.cumsum([len(batch[-1]) for batch in batches])[:-1])
    pairs = [(*batch[:-1], mask) for batch, mask in zip(batches, masks, strict=True)]
    return tf.data.Dataset.from_generator(
        lambda: iter(pairs), output_signature=dataset.element_spec
    )


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


def weights_print(value: Any) -> str | None:
    """Fingerprint of the weights of a Keras or scikit-learn model; None for other objects."""
    kinds = {kind.__module__.split(".")[0] for kind in type(value).__mro__}
    arrays: Iterable[Any] = ()
    if kinds & {"keras", "tf_keras"} and hasattr(value, "get_weights"):
        arrays = value.get_weights()
    elif "sklearn" in kinds and hasattr(value, "get_params"):
        fitted = {k: v for k, v in vars(value).items() if k.endswith("_")}
        arrays = [np.asarray(v) for v in fitted.values() if isinstance(v, (np.ndarray, float, int))]
    else:
        return None
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]


class _Meetings:
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
        highest = max(map(_highest, arrays))
        found: dict[bytes, list[str]] = {}
        for number, array in enumerate(arrays):
            made = {_content(array == c): f"{number}={c}" for c in range(highest + 1)}
            made |= {_content(array > 0): f"{number}>0"}
            made |= {_content(array.astype(int) * (highest + 1)): f"{number}*"}  # t * classes + p
            for content, what in (made | {_content(array): str(number)}).items():
                found.setdefault(content, []).append(what)
        kept = {str(number) for number in range(_kept(len(arrays)))}
        self.masks = {  # what two pictures share, such as an empty mask, tells nothing
            content: what[0]
            for content, what in found.items()
            if len(what) == 1 and what[0].rstrip("*").split("=")[0].split(">")[0] in kept
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


def trace(
    cells: list[tuple[int, str]], masks: str, *, exchanging: bool, most: bool = False
) -> dict:
    """Run the cells of a notebook in this process and record their traces.

    Args:
        cells: Number and source of each code cell.
        masks: Name of the variable that holds the test split's masks.
        exchanging: Whether to exchange them.
        most: Whether to exchange all but the first quarter.

    Returns:
        `cells`: for each its `number`, the `values` of its names, the `weights` of its models, and
        its `error`; `loops` and `met`, see `_Meetings`; `positions`: results of `argmax` and the
        like; and whether the masks were `found`.
    """
    found: dict[str, Any] = {"cells": [], "positions": [], "found": False}
    meetings = _Meetings()
    names: dict[str, Any] = {"__name__": "__main__"}

    def exchanged(value: Any) -> Any:
        found["found"] = True
        meetings.expect(value[-1] if isinstance(value, tuple) else value)
        return exchange(value, most=most) if exchanging else value

    printed: list[Any] = []

    def noted_print(*values: Any, **options: Any) -> None:
        printed.extend(values)

    _seed()
    positions: list[list] = found["positions"]
    undo = _note_positions(positions)
    instrument = _Instrument(masks, 0)
    names |= {"__watch__": meetings.watch, "__keyed__": meetings.keyed, "__take__": meetings.take}
    names |= {"__exchange__": exchanged, "__meet__": meetings.call, "__operator__": operator}
    names |= {"print": noted_print}
    names |= {"display": noted_print, "get_ipython": _NoShell}
    try:
        for number, source in cells:
            error = ""
            printed.clear()
            try:
                instrument.number = meetings.cell = number
                tree = instrument.cell(ast.parse(as_python(source)))
                exec(compile(tree, f"<cell {number}>", "exec"), names)
            except Exception as problem:  # whatever the student's cell raises
                error = f"{type(problem).__name__}: {problem}"[:300]
            found["cells"].append(_state(number, names, printed, error))
    finally:
        undo()
    return found | {"met": meetings.to_json(), "loops": meetings.loops}


class _NoShell:
    """Substitute for the IPython shell, in which magics do nothing."""

    def __getattr__(self, name: str) -> Callable:
        return lambda *_, **__: None


def _seed() -> None:
    """Seed all generators, so that both runs are alike even if a notebook sets no seed."""
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 - what notebooks use
    made = np.random.default_rng
    if not hasattr(made, "seeded"):

        def default_rng(seed: Any = None) -> np.random.Generator:
            return made(0 if seed is None else seed)

        default_rng.seeded = True
        np.random.default_rng = default_rng
    if "keras" in sys.modules:
        sys.modules["keras"].utils.set_random_seed(0)


def _note_positions(positions: list[list]) -> Callable[[], None]:
    """Record the positions returned by `argmax` and similar functions."""
    kept = {name: getattr(np, name) for name in ("argmax", "argmin", "nanargmax", "nanargmin")}

    def noting(function: Callable) -> Callable:
        def noted(values: Any, *more: Any, **options: Any) -> Any:
            result = function(values, *more, **options)
            if np.ndim(values) == 1 and np.ndim(result) == 0 and len(positions) < MAX_CANDIDATES:
                positions.append([int(result), len(values)])
            return result

        return noted

    for name, function in kept.items():
        setattr(np, name, noting(function))
    return lambda: [setattr(np, name, function) for name, function in kept.items()]


def _state(number: int, names: dict, printed: list, error: str) -> dict:
    values: dict[str, Any] = {}
    weights: dict[str, str] = {}
    for name, value in list(names.items()):
        if name.startswith("_") or name in ("print", "display", "get_ipython"):
            continue
        if (mark := weights_print(value)) is not None:
            weights[name] = mark
        elif (simple := plain(value)) is not None:
            values[name] = simple
        elif isinstance(value, dict) and len(value) <= 20:
            values |= {f"{name}[{k!r}]": plain(v) for k, v in value.items() if plain(v) is not None}
    for place, value in enumerate(printed[:200]):
        if (simple := plain(value)) is not None:
            values[f"what cell {number} prints ({place + 1})"] = simple
        for part, inner in enumerate(simple if isinstance(simple, list) else ()):
            values[f"what cell {number} prints ({place + 1}, {part + 1})"] = inner
    for name, value in list(values.items()):
        for part, inner in enumerate(value if isinstance(value, list) else ()):
            values.setdefault(f"{name}[{part}]", inner)
    return {"number": number, "values": values, "weights": weights, "error": error}


# ------------------------------------------------------------------------------------- the verdict


@dataclass(frozen=True)
class Finding:
    """A choice that changed with the test masks."""

    cell: int
    name: str
    text: str

    def __str__(self) -> str:
        return f"cell {self.cell}: {self.name} {self.text}"


@dataclass(frozen=True)
class Report:
    """Result of the comparison of two runs."""

    leaks: list[Finding]
    moved: int
    """Values that changed with the masks, scores included."""
    problems: list[str]

    @property
    def honest(self) -> bool:
        """Whether no choice changed, but at least one measurement did."""
        return not self.leaks and self.moved > 0 and not self.problems


def compare(first: dict, *others: dict) -> Report:
    """Compare a run with those with exchanged masks; in the last not all of them are."""
    problems = []
    if not first["found"]:
        problems.append("no cell gives the masks' name a value")
    errors = [f"cell {c['number']} stops with {c['error']}" for c in first["cells"] if c["error"]]
    problems += errors[:3]
    leaks: dict[str, Finding] = {}
    moved: set[str] = set()
    for other in others:
        for finding in _moved_choices(first, other, moved):
            leaks.setdefault(finding.name, finding)
    if cell := _other_predictions(first["met"], others[-1]["met"]):
        text = "of a picture change with the test masks of other pictures"
        leaks["predictions"] = Finding(cell, "predictions", text)
    order = sorted(leaks.values(), key=lambda e: (e.cell, "prints" in e.name, e.name))
    return Report(order, len(moved), problems)


def _moved_choices(first: dict, second: dict, moved: set[str]) -> Iterator[Finding]:
    """Choices that differ between two runs; all values that do are added to `moved`."""
    tried = [
        (first["loops"][place], second["loops"][place])
        for place in first["loops"].keys() & second["loops"].keys()
        if first["loops"][place]["tried"] or second["loops"][place]["tried"]
    ]
    lengths = {loop["count"] for pair in tried for loop in pair}
    spots = [
        (a[0], b[0])
        for a, b in zip(first["positions"], second["positions"], strict=False)
        if a[1] == b[1] and a[1] in lengths and a[0] != b[0]
    ]
    for a, b in zip(first["cells"], second["cells"], strict=False):
        for name in a["weights"].keys() & b["weights"].keys():
            if a["weights"][name] != b["weights"][name]:
                moved.add(name)
                yield Finding(a["number"], name, "has other weights with other test masks")
        for name in a["values"].keys() & b["values"].keys():
            old, new = a["values"][name], b["values"][name]
            if old == new:
                continue
            moved.add(name)
            position = type(old) is int and (old, new) in spots
            if position or any(old in a["values"] and new in b["values"] for a, b in tried):
                text = f"moves from {old} to {new} with other test masks"
                yield Finding(a["number"], name, text)


def _other_predictions(first: dict, third: dict) -> int:
    """First cell in which a mask that was not exchanged meets other predictions; 0 if none.

    Where one run meets a part of what the other does, more or fewer pictures or candidates were
    looked at, which may be for display.
    """
    cells = []
    for place in first.keys() & third.keys():
        for picture in first[place].keys() & third[place].keys():
            one, other = set(first[place][picture]), set(third[place][picture])
            if one - other and other - one:
                cells.append(int(place.split(":")[0]))
    return min(cells, default=0)


# ---------------------------------------------------------------------------------- running it all


def read_cells(path: Path) -> list[tuple[int, str]]:
    """Read the code cells of a notebook with their numbers.

    Raises:
        DataError: It is not a notebook.
    """
    try:
        cells = loads(path.read_bytes())["cells"]
        return [
            (number, "".join(cell["source"]))
            for number, cell in enumerate(cells, start=1)
            if cell["cell_type"] == "code"
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        do = "Save it again in Jupyter."
        raise DataError(path.name, expected="a notebook", found=str(error), do=do) from error


def _program(cells: list[tuple[int, str]], masks: str, exchanging: bool, most: bool) -> str:
    """Source code that traces the cells and prints the result of `trace`."""
    arguments = json.dumps([cells, masks, {"exchanging": exchanging, "most": most}])
    return (
        "import json\nfrom tools import leaks\n"
        f"cells, masks, options = json.loads({arguments!r})\n"
        "found = leaks.trace([tuple(c) for c in cells], masks, **options)\n"
        "print(leaks.MARK + json.dumps(found))"
    )


def examine(path: Path, masks: str, *, sandboxed: bool = False) -> Report:
    """Run a notebook three times and compare.

    Args:
        path: The notebook.
        masks: Name of the variable that holds the test split's masks.
        sandboxed: Whether to use the grader's sandbox, required for the code of others.

    Raises:
        DataError: The file is not a notebook, or the runs gave nothing to compare.
    """
    cells = read_cells(path)
    run = _in_sandbox if sandboxed else _as_you
    kinds = ((False, False), (True, False), (True, True))
    return compare(*(run(_program(cells, masks, *kind)) for kind in kinds))


def _as_you(program: str) -> dict:
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False,
        timeout=SECONDS, env={**os.environ, "PYTHONHASHSEED": "0", "MPLBACKEND": "agg"},
    )  # fmt: skip
    return _result(done.stdout, done.stderr)


def _in_sandbox(program: str) -> dict:
    from tools.grading.sandbox import Limits
    from tools.grading.session import Session

    with Session("answers", Limits()) as session:
        reply = session.request({"op": "run", "source": program}, SECONDS)
    texts = [str(o.get("text", "")) for o in reply.get("outputs", []) if isinstance(o, dict)]
    return _result("\n".join(texts), str(reply.get("error")))


def _result(text: str, error: str) -> dict:
    for line in text.splitlines():
        if line.startswith(MARK):
            return json.loads(line.removeprefix(MARK))
    do = "Run it from top to bottom in a fresh kernel and mend the first error."
    found = error.strip()[-300:]
    raise DataError("the notebook", expected="to run to its end", found=found, do=do)


def _lines(report: Report) -> Iterator[str]:
    yield from (f"  {problem}" for problem in report.problems)
    if report.leaks:
        yield f"  the test split chose: {report.leaks[0]}"
        yield from (f"    and {each}" for each in report.leaks[1:6])
    elif not report.moved:
        yield "  no number changed with the test masks: was anything measured on the test split?"
    else:
        values = "value that was" if report.moved == 1 else "values that were"
        yield f"  nothing that was chosen moved; {report.moved} {values} measured did"


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Returns:
        0 if nothing was chosen on the test split, 1 if something was or nothing was measured, 2 if
        undetermined.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tools.leaks", description=__doc__.splitlines()[0]
    )
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--masks", required=True, metavar="NAME", help="the test split's masks")
    parser.add_argument("--sandbox", action="store_true", help="run it in the grader's sandbox")
    options = parser.parse_args(arguments)
    try:
        report = examine(options.notebook, options.masks, sandboxed=options.sandbox)
    except (CourseError, subprocess.TimeoutExpired) as error:
        print(f"leaks: {error}", file=sys.stderr)
        return 2
    print(f"{options.notebook}: run as it is, with {options.masks} exchanged, and with most of it")
    print("\n".join(_lines(report)))
    return 2 if report.problems else int(not report.honest)


if __name__ == "__main__":
    sys.exit(main())
