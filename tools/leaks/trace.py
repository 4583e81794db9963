"""A run of a notebook in this process that notes values, weights and what met the test masks."""

from __future__ import annotations

import ast
import hashlib
import operator
import random
import sys
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tools.leaks.exchange import exchange
from tools.leaks.meetings import MAX_CANDIDATES, Meetings, plain
from tools.outlines import as_python, bound

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
        its `error`; `loops` and `met`, see `Meetings`; `positions`: results of `argmax` and the
        like; and whether the masks were `found`.
    """
    found: dict[str, Any] = {"cells": [], "positions": [], "found": False}
    meetings = Meetings()
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
