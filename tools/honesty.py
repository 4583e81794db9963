"""Static hints at doubtful results in a notebook that cannot be run.

    python -m tools.honesty SUBMISSION.ipynb [more ...]
    python -m tools.honesty --rules

For a notebook that runs, `tools.leaks` determines by execution, independent of names, whether
anything was chosen on the test split. This tool only reads code and stored outputs and relies on
names: its findings are hints with cell and line, not verdicts. A name that contains "test" may mean
something else. Cells of the course and answers to its exercises are skipped: the labs show wrong
code on purpose, and the checks of the exercises try other test splits themselves.

Data counts as test data if its name or a string in its expression says so, or if it was assigned
from such data.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.errors import CourseError, DataError
from tools.grading import labs
from tools.outlines import MAX_PARSED, as_python, fingerprint
from tools.untrusted import loads

TEST = re.compile(r"(?:^|[_\W\d])test(?:s|ing)?(?:$|[_\W\d])", re.IGNORECASE)
SCORES = r"(?:m?IoU|dice|jaccard|accuracy|precision|recall|f1|(?-i:m?AP(?:50|75)?)|auc)"
NUMBER = r"(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|nan|inf)"
SCORE = re.compile(
    rf"\b((?:\w+[ _])?{SCORES}(?:[ _]\w+)?)\b[\"']?\s*(?:is|of|[:=|,])?\s*{NUMBER}(?![\w.])(\s*%)?",
    re.IGNORECASE,
)
MAX_OUTPUT = 20_000
"""Characters of an output that are looked through."""
MIN_CONSTANT = 5
"""So many precisions of exactly 1, and nothing else, are one too many."""
CONDITIONAL = (
    "runs only if a file is there: what the training started from depends on the disk, and nothing "
    "says so"
)
LOADERS = ("load_weights", "load_model")


@dataclass(frozen=True)
class Finding:
    """One hint."""

    rule: str
    cell: int
    line: int
    text: str

    def __str__(self) -> str:
        place = f"cell {self.cell}" + (f", line {self.line}" if self.line else "")
        return f"{place}: {self.rule} {self.text}"


class Code:
    """Code of a notebook, and the names that hold test data."""

    def __init__(self, cells: list[tuple[int, str]]):
        self.trees: list[tuple[int, ast.Module]] = []
        self.unread: list[int] = []
        for number, source in cells:
            try:
                tree = ast.parse(_readable(source))
                ast.dump(tree)  # what is nested too deeply to be walked ends here
                self.trees.append((number, tree))
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                self.unread.append(number)
        self.test_names: set[str] = set()
        self._spread()

    def _spread(self) -> None:
        """Propagate through assignments until no name is added."""
        while True:
            before = len(self.test_names)
            for _, tree in self.trees:
                for node in ast.walk(tree):
                    if isinstance(node, ast.Assign) and self.is_test(node.value):
                        for target in node.targets:
                            self._add(target)
                    elif isinstance(node, (ast.For, ast.comprehension)) and self.is_test(node.iter):
                        self._add(node.target)
            if len(self.test_names) == before:
                return

    def _add(self, target: ast.AST) -> None:
        if isinstance(target, ast.Name):
            self.test_names.add(target.id)
        elif isinstance(target, (ast.Tuple, ast.List)):
            names = [n.id for n in ast.walk(target) if isinstance(n, ast.Name)]
            # `train, test = ...`: the names themselves tell them apart.
            if not any(TEST.search(name) for name in names):
                self.test_names.update(names)

    def is_test(self, node: ast.AST | None) -> bool:
        """Whether an expression involves the test split."""
        key = node.slice if isinstance(node, ast.Subscript) else None
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            return bool(TEST.search(key.value))  # of all splits, this one
        if isinstance(node, ast.Attribute) and re.search(r"train|val", node.attr):
            return False
        if isinstance(node, ast.Name):
            return node.id in self.test_names or bool(TEST.search(node.id))
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return len(node.value) < 40 and bool(TEST.search(node.value))
        if isinstance(node, ast.Attribute) and TEST.search(node.attr):
            return True
        return node is not None and any(map(self.is_test, ast.iter_child_nodes(node)))

    def calls(self) -> Iterator[tuple[int, ast.Call, str]]:
        """All calls with their cell and the last part of their name."""
        for number, tree in self.trees:
            for node in ast.walk(tree):
                if isinstance(node, ast.Call):
                    function = node.func
                    yield number, node, getattr(function, "attr", getattr(function, "id", ""))


def _readable(source: str) -> str:
    """Convert a cell to Python; lines with `%time` and the like become the statement they run."""
    if len(source) > MAX_PARSED:
        raise ValueError("too long to be read")
    source = re.sub(r"^([ \t]*)%(?:time|timeit|prun|memit)\b[ \t]*", r"\1", source, flags=re.M)
    return as_python(source)


RULES: dict[str, Callable[..., Iterator[tuple[int, int, str]]]] = {}


def rule(code: str) -> Callable:
    """Register a rule under its code."""

    def register(function: Callable) -> Callable:
        RULES[code] = function
        return function

    return register


def _keyword(call: ast.Call, *names: str) -> ast.AST | None:
    return next((k.value for k in call.keywords if k.arg in names), None)


@rule("TEST-FIT")
def trained_on_test(code: Code, outputs: list) -> Iterator[tuple[int, int, str]]:
    """Pictures of the test split were trained on."""
    for cell, call, name in code.calls():
        trains = name in ("fit", "train_on_batch", "fit_generator")
        if trains and any(code.is_test(argument) for argument in call.args[:2]):
            yield cell, call.lineno, f"`{ast.unparse(call)[:70]}` trains on the test split"


@rule("TEST-VAL")
def selected_by_validation_on_test(code: Code, outputs: list) -> Iterator[tuple[int, int, str]]:
    """The test split is the validation data, by which epochs and weights are chosen."""
    for cell, call, name in code.calls():
        if name == "fit" and code.is_test(_keyword(call, "validation_data")):
            yield (
                cell,
                call.lineno,
                (
                    "`validation_data` is the test split: early stopping, checkpoints and whoever "
                    "looks at the curves then choose on it, and its score is none of unseen data"
                ),
            )


def _is_count(arguments: list[ast.expr]) -> bool:
    """Whether labels are counted: the most frequent class is a description, not a choice."""
    functions = [part.func for part in arguments if isinstance(part, ast.Call)]
    return any(getattr(f, "attr", getattr(f, "id", "")) == "bincount" for f in functions)


@rule("TEST-MAX")
def best_of_test(code: Code, outputs: list) -> Iterator[tuple[int, int, str]]:
    """The best of several was chosen by its score on the test split."""
    for cell, call, name in code.calls():
        axis = _keyword(call, "axis") is not None or len(call.args) > 1
        chooser = name in ("argmax", "argmin", "nanargmax", "nanargmin") and not axis
        by_key = name in ("max", "min", "sorted") and _keyword(call, "key") is not None
        if not (chooser or by_key) or (chooser and _is_count(call.args)):
            continue
        if any(code.is_test(part) for part in [*call.args, _keyword(call, "key")] if part):
            yield cell, call.lineno, f"`{ast.unparse(call)[:70]}` chooses by the test split"
    for cell, tree in code.trees:
        for loop in (n for n in ast.walk(tree) if isinstance(n, (ast.For, ast.While))):
            for node in ast.walk(loop):
                if isinstance(node, ast.If) and isinstance(node.test, ast.Compare):
                    text = ast.unparse(node.test)
                    kept = any(isinstance(n, ast.Assign) for n in node.body)
                    if kept and code.is_test(node.test) and re.search(r"best|max|top|[<>]", text):
                        yield (
                            cell,
                            node.lineno,
                            f"`if {text[:60]}` in a loop keeps the best on test",
                        )


@rule("LOADED")
def silently_loaded(code: Code, outputs: list) -> Iterator[tuple[int, int, str]]:
    """Weights are loaded if they happen to be there, or only as far as they fit."""
    for cell, tree in code.trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.If):
                found = re.search(
                    r"exist|is_file|is_dir|isfile|glob|latest", ast.unparse(node.test)
                )
            else:
                found = isinstance(node, ast.Try) and not all(map(_gives_up, node.handlers))
            for call in (c for part in node.body for c in ast.walk(part)) if found else ():
                if isinstance(call, ast.Call) and _loads(call):
                    yield cell, call.lineno, f"`{ast.unparse(call)[:60]}` {CONDITIONAL}"
    for cell, call, name in code.calls():
        skips = _keyword(call, "skip_mismatch", "by_name")
        if name in LOADERS and isinstance(skips, ast.Constant) and skips.value:
            yield cell, call.lineno, f"`{name}` skips layers that do not fit, without a word"


def _gives_up(handler: ast.ExceptHandler) -> bool:
    """Whether the notebook stops if loading fails, instead of continuing silently."""
    return any(isinstance(node, ast.Raise) for node in handler.body)


def _loads(call: ast.Call) -> bool:
    """Whether a call loads weights."""
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    owner = ast.unparse(call.func.value) if isinstance(call.func, ast.Attribute) else ""
    restores = name in ("load", "restore") and re.search(r"weight|checkpoint|ckpt", owner)
    return name in LOADERS or bool(restores)


@rule("UNREAD")
def unread(code: Code, outputs: list) -> Iterator[tuple[int, int, str]]:
    """A cell cannot be read as Python, so nothing can be said about it."""
    for cell in code.unread:
        yield cell, 0, "cannot be read as Python: look at it yourself"


@rule("TYPED")
def typed_in(code: Code, outputs: list) -> Iterator[tuple[int, int, str]]:
    """A score is printed that stands in the code as text."""
    for cell, call, name in code.calls():
        for argument in call.args if name == "print" else []:
            text = argument.value if isinstance(argument, ast.Constant) else None
            if isinstance(text, str) and (match := SCORE.search(text)):
                yield cell, call.lineno, f"{match.group(0)!r} is text, not a result"


@rule("RANGE")
def impossible_score(code: Code, outputs: list[tuple[int, str]]) -> Iterator[tuple[int, int, str]]:
    """A score lies outside 0 to 1, or 0 to 100 %."""
    for cell, text in outputs:
        for name, value, number, percent in _scores(text):
            if not 0 <= number <= (100 if percent else 1):
                yield (
                    cell,
                    0,
                    f"{name} is {value}: it cannot be outside 0 to {'100 %' if percent else 1}",
                )
            elif number != number:
                yield cell, 0, f"{name} is NaN: of what was it computed?"


@rule("CONSTANT")
def constant_precision(
    code: Code, outputs: list[tuple[int, str]]
) -> Iterator[tuple[int, int, str]]:
    """A score is exactly 1, again and again: false positives may not have been counted."""
    for cell, text in outputs:
        values: dict[str, list[float]] = {}
        for name, _, number, percent in _scores(text):
            values.setdefault(name.lower(), []).append(number / (100 if percent else 1))
        for match in re.finditer(r"\b(precisions?)\b\D{0,12}\[([^\]]+)\]", text, re.IGNORECASE):
            numbers = [float(n) for n in re.findall(r"\d+(?:\.\d*)?", match.group(2))]
            values.setdefault(match.group(1).lower(), []).extend(numbers)
        for name, numbers in values.items():
            if len(numbers) >= MIN_CONSTANT and set(numbers) == {1.0}:
                yield (
                    cell,
                    0,
                    (f"{name} is 1 in all of {len(numbers)} places: are false positives counted?"),
                )


def _scores(text: str) -> Iterator[tuple[str, str, float, bool]]:
    for match in SCORE.finditer(text):
        name, value, percent = match.groups()
        line = text[: match.end(1)].rpartition("\n")[2]
        if re.search(r"loss|gain|diff|change|delta|rise|error", line[-60:], re.IGNORECASE):
            continue  # made from scores, and free to be negative
        yield " ".join(name.split()), value, float(value), bool((percent or "").strip())


def course_cells() -> set[str]:
    """Fingerprints of all cells of the course, in the student and instructor editions."""
    found: set[str] = set()
    for lab in labs.read_all().values():
        found |= lab.outline.cells
        found |= {fingerprint(cell.source) for cell in lab.notebook.cells}
    return found


def examine(path: Path, own: set[str] | None = None) -> list[Finding]:
    """Find all hints in a notebook, in cell order.

    Args:
        path: Path of the notebook.
        own: Fingerprints of cells to skip; by default those of the course.

    Raises:
        DataError: The file is not a notebook.
    """
    own = course_cells() if own is None else own
    try:
        cells = loads(path.read_bytes())["cells"]
        code_cells, outputs = [], []
        for number, cell in enumerate(cells, start=1):
            source = "".join(cell["source"])
            asked = own and str(_marks(cell).get("grade_id", "")).startswith("lab")
            if cell["cell_type"] == "code" and fingerprint(source) not in own and not asked:
                code_cells.append((number, source))
                outputs += [(number, text) for text in _texts(cell.get("outputs", []))]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        do, found = "Save it again in Jupyter.", type(error).__name__
        raise DataError(path.name, expected="a notebook", found=found, do=do) from error
    code = Code(code_cells)
    found = [
        Finding(name, *place_and_text)
        for name, function in RULES.items()
        for place_and_text in function(code, outputs)
    ]
    return sorted(set(found), key=lambda f: (f.cell, f.line, f.rule))


def _marks(cell: dict) -> dict:
    metadata = cell.get("metadata")
    marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    return marks if isinstance(marks, dict) else {}


def _texts(outputs: Any) -> Iterator[str]:
    """Text of outputs of any type; long ones are truncated."""
    for output in outputs if isinstance(outputs, list) else ():
        data = output.get("data") if isinstance(output, dict) else None
        data = data if isinstance(data, dict) else {}
        shown = output.get("text") if isinstance(output, dict) else None
        for value in (shown, data.get("text/plain"), data.get("text/markdown")):
            if isinstance(value, list):
                value = "".join(part for part in value if isinstance(part, str))
            if isinstance(value, str) and value:
                yield value[:MAX_OUTPUT]


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Returns:
        0 if there are no hints, 1 if there are, 2 if a file cannot be read.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tools.honesty", description=__doc__.splitlines()[0]
    )
    parser.add_argument("notebooks", nargs="*", type=Path, metavar="NOTEBOOK")
    parser.add_argument("--rules", action="store_true", help="list the rules")
    parser.add_argument("--all", action="store_true", help="the course's own cells, too")
    options = parser.parse_args(arguments)
    if options.rules or not options.notebooks:
        for name, function in RULES.items():
            print(f"{name:<9} {function.__doc__}")
        return 0
    status = 0
    own = set() if options.all else course_cells()
    for path in options.notebooks:
        try:
            findings = examine(path, own)
        except CourseError as error:
            print(f"honesty: {error}", file=sys.stderr)
            status = 2
            continue
        print(f"{path}: {len(findings) or 'nothing'} to ask about")
        for finding in findings:
            print(f"  {finding}")
        status = status or int(bool(findings))
    return status


if __name__ == "__main__":
    sys.exit(main())
