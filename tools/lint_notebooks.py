"""Check the stored labs against the rules of CONTRIBUTING.md; each rule has a code.

    python -m tools.lint_notebooks             all labs
    python -m tools.lint_notebooks 2           one lab
    python -m tools.lint_notebooks --fix       put set-up cell, Colab badge and metadata right first
    python -m tools.lint_notebooks --rules     the list of rules

A rule is a generator that takes a `Lab` and yields (cell number from 1, or 0; what is wrong). The
file has over 400 lines, because it is one list: every rule stands in it, in the order of the codes.
Rests on nbformat.
"""

from __future__ import annotations

import argparse
import ast
import copy
import json
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from helpers.errors import CourseError, DataError
from tools import exercises, notebooks

MAX_BYTES = 2_000_000
MAX_LINES = 20
MIN_ALT = 20
BADGE_IMAGE = "https://colab.research.google.com/assets/colab-badge.svg"
PICTURES = ("image/png", "image/jpeg", "image/svg+xml")

Finding = tuple[int, str]


@dataclass(frozen=True)
class Lab:
    """A stored notebook, as passed to the rules."""

    path: Path
    size: int
    notebook: NotebookNode

    @property
    def cells(self) -> list[tuple[int, NotebookNode]]:
        """All cells with their numbers from 1."""
        return list(enumerate(self.notebook.cells, start=1))

    @property
    def code(self) -> list[tuple[int, NotebookNode]]:
        """Code cells with their numbers among all cells."""
        return [(number, cell) for number, cell in self.cells if cell.cell_type == "code"]

    @property
    def markdown(self) -> list[tuple[int, str]]:
        """Markdown sources without code blocks, with their numbers."""
        texts = []
        for number, cell in self.cells:
            if cell.cell_type == "markdown":
                text = re.sub(r"^(```|~~~).*?^\1", "", cell.source, flags=re.DOTALL | re.MULTILINE)
                texts.append((number, text))
        return texts


@dataclass(frozen=True)
class Problem:
    """One violation of a rule."""

    lab: str
    cell: int
    code: str
    text: str

    def __str__(self) -> str:
        place = f"cell {self.cell}: " if self.cell else ""
        return f"{self.lab}: {place}{self.code} {self.text}"


RULES: dict[str, Callable[[Lab], Iterator[Finding]]] = {}


def rule(code: str) -> Callable:
    """Register a rule under its code."""

    def register(function: Callable[[Lab], Iterator[Finding]]) -> Callable:
        RULES[code] = function
        return function

    return register


def badge(path: Path) -> str:
    """The Colab badge of a lab, in Markdown."""
    owner_and_name = "/".join(notebooks.repository_url().rstrip("/").split("/")[-2:])
    target = f"https://colab.research.google.com/github/{owner_and_name}/blob/main/notebooks"
    return f"[![Open in Colab]({BADGE_IMAGE})]({target}/{path.name})"


def output_texts(cell: NotebookNode) -> Iterator[str]:
    """All text in the outputs of a cell."""
    for output in cell.get("outputs", []):
        if output.output_type == "stream":
            yield output.text
        elif output.output_type == "error":
            yield from (output.evalue, *output.traceback)
        for kind, value in output.get("data", {}).items():
            if kind.startswith("text/"):
                yield value


@rule("NB001")
def valid(lab: Lab) -> Iterator[Finding]:
    """The file is a valid notebook of nbformat 4.5; every cell has an id of its own."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of ids that are there twice: see below
            nbformat.validate(copy.deepcopy(lab.notebook), relax_add_props=False)
    except nbformat.ValidationError as error:
        yield 0, f"is not a valid notebook: {str(error).splitlines()[0]}"
    if (lab.notebook.nbformat, lab.notebook.nbformat_minor) != (4, 5):
        yield (
            0,
            f"nbformat 4.5 expected, found {lab.notebook.nbformat}.{lab.notebook.nbformat_minor}",
        )
    seen: set[str] = set()
    for number, cell in lab.cells:
        if not cell.get("id") or cell.id in seen:
            yield number, f"expected an id of its own, found {cell.get('id')!r}"
        seen.add(cell.get("id", ""))


@rule("NB002")
def small(lab: Lab) -> Iterator[Finding]:
    """The file is smaller than 2 MB, so that code hosts show it."""
    if lab.size >= MAX_BYTES:
        yield 0, f"{lab.size / 1e6:.1f} MB; at most {MAX_BYTES / 1e6:.0f} MB: make figures smaller"


@rule("NB003")
def executed(lab: Lab) -> Iterator[Finding]:
    """Every code cell was run, from top to bottom in one go, and there are outputs."""
    expected = 1
    for number, cell in lab.code:
        if cell.execution_count != expected:
            yield number, f"run {cell.execution_count}, expected {expected}: run `make notebooks`"
            return
        expected += 1
    if not any(cell.outputs for _, cell in lab.code):
        yield 0, "has no outputs: run `make notebooks`"


ABSOLUTE_PATH = re.compile(
    r"""(?<![\w.:/<>~)\]}-])            # not inside a word, an address or a longer path
        (/(?:home|Users|root|tmp|usr|opt|var|mnt|work|content|kaggle|workspace|srv|etc)/[\w.-]+
        |[A-Za-z]:\\\\?[\w.-]+\\)""",
    re.VERBOSE,
)


@rule("NB004")
def no_absolute_paths(lab: Lab) -> Iterator[Finding]:
    """No absolute paths, in the sources or in what they print."""
    for number, cell in lab.cells:
        for text in (cell.source, *output_texts(cell)):
            if match := ABSOLUTE_PATH.search(text):
                yield number, f"absolute path {match.group(0)!r}"
                break


@rule("NB005")
def clean_outputs(lab: Lab) -> Iterator[Finding]:
    """No errors, stderr, warnings or remains of progress bars in the outputs."""
    for number, cell in lab.code:
        expected_error = "raises-exception" in cell.metadata.get("tags", [])
        for output in cell.outputs:
            if output.output_type == "error" and not expected_error:
                yield number, f"stopped with {output.ename}: {output.evalue[:60]}"
            if output.output_type == "stream" and output.name == "stderr":
                yield number, f"stderr: {output.text.strip()[:60]!r}"
        for text in output_texts(cell):
            if match := re.search(r"\b\w*Warning: .{0,40}|^WARNING\b.{0,40}", text, re.MULTILINE):
                yield number, f"warning: {match.group(0)!r}"
            if match := re.search(r"\r|\d%\|.{0,20}|\d(?:it/s|s/it|ms/step)\b", text):
                yield number, f"remains of a progress bar: {match.group(0)!r}"


@rule("NB006")
def opening(lab: Lab) -> Iterator[Finding]:
    """The first cell has the title, the Colab badge, objectives, minutes and hardware."""
    first = lab.notebook.cells[0] if lab.notebook.cells else None
    if first is None or first.cell_type != "markdown":
        yield 1, "the first cell must be Markdown with the title"
        return
    expected = {
        "a title of the first level on its first line": r"\A# \S",
        "the word Objectives": r"\bObjectives\b",
        "the time it takes, as in `30 minutes`": r"\b\d+ minutes\b",
        "the word Hardware": r"\bHardware\b",
    }
    for what, pattern in expected.items():
        if not re.search(pattern, first.source):
            yield 1, f"{what} is missing"
    if badge(lab.path) not in first.source:
        yield 1, f"the Colab badge is missing or wrong (`--fix` corrects it): {badge(lab.path)}"


@rule("NB007")
def same_setup_cell(lab: Lab) -> Iterator[Finding]:
    """The first code cell is the set-up cell, the same in all labs, and appears once."""
    expected = notebooks.setup_cell()
    if not lab.code or lab.code[0][1].source != expected:
        number = lab.code[0][0] if lab.code else 0
        yield number, "the first code cell is not tools/setup_cell.py.txt (`--fix` puts it there)"
    for number, cell in lab.code[1:]:
        if cell.source == expected:
            yield number, "the set-up cell appears a second time"


@rule("NB008")
def short_cells(lab: Lab) -> Iterator[Finding]:
    """A code cell has at most 20 lines, hidden checks and the set-up cell aside, or `long-ok`."""
    for number, cell in lab.code:
        if "helpers.setup(" in cell.source and number == lab.code[0][0]:
            continue
        lines = len(exercises.without_hidden(cell.source).splitlines())
        if lines > MAX_LINES and "long-ok" not in cell.metadata.get("tags", []):
            yield number, f"{lines} lines of code, at most {MAX_LINES}"


@rule("NB009")
def alternative_text(lab: Lab) -> Iterator[Finding]:
    """Every picture has alternative text of at least 20 characters, which states the finding."""
    for number, cell in lab.code:
        for output in cell.outputs:
            data, metadata = output.get("data", {}), output.get("metadata", {})
            for kind in PICTURES:
                alt = metadata.get(kind, {}).get("alt") or metadata.get("alt") or ""
                if kind in data and len(alt.strip()) < MIN_ALT:
                    yield number, f'{kind} with metadata["{kind}"]["alt"] = {alt!r}'
            for tag in re.findall(r"<img\b[^>]*>", data.get("text/html", ""), re.IGNORECASE):
                if not re.search(r"\balt=(['\"]).{20,}?\1", tag, re.DOTALL):
                    yield number, f"picture in HTML without alternative text: {tag[:50]}"
    for number, text in lab.markdown:
        for alt, target in re.findall(r"!\[([^\]]*)\]\(([^)\s]*)", text):
            if target != BADGE_IMAGE and len(alt.strip()) < MIN_ALT:
                yield number, f"picture {target[:40]!r} with the text {alt!r}"


@rule("NB010")
def heading_order(lab: Lab) -> Iterator[Finding]:
    """One heading of the first level, at the top; below it, no level is skipped."""
    previous = 0
    for number, text in lab.markdown:
        for marks, words in re.findall(r"^(#{1,6}) +(.+)$", text, re.MULTILINE):
            level = len(marks)
            if level == 1 and previous:
                yield number, f"a second heading of the first level: {words!r}"
            elif level > previous + 1:
                yield number, f"heading level {level} after level {previous}: {words!r}"
            previous = level


@rule("NB011")
def nothing_from_outside(lab: Lab) -> Iterator[Finding]:
    """No picture, script or style comes from the network, except the Colab badge."""
    pattern = re.compile(
        r"!\[[^\]]*\]\(\s*<?((?:https?:)?//[^)\s>]+)"
        r"|<(?:img|script|iframe|video|source|embed)\b[^>]*\bsrc\s*=\s*['\"]?((?:https?:)?//[^'\"\s>]+)"
        r"|<link\b[^>]*\bhref\s*=\s*['\"]?((?:https?:)?//[^'\"\s>]+)"
        r"|\b(?:imread|urlretrieve|urlopen|Image)\(\s*(?:url\s*=\s*)?['\"](https?://[^'\"]+)",
        re.IGNORECASE,
    )
    for number, cell in lab.cells:
        html = [
            o.data["text/html"] for o in cell.get("outputs", []) if "text/html" in o.get("data", {})
        ]
        for text in (cell.source, *html):
            for groups in pattern.findall(text):
                target = "".join(groups)
                if target != BADGE_IMAGE:
                    yield number, f"comes from the network: {target[:60]}"


@rule("NB012")
def no_installing(lab: Lab) -> Iterator[Finding]:
    """Nothing is installed and no shell is used outside the set-up cell."""
    pattern = r"^\s*(?:[!%]\s*(?:pip|conda|apt|mamba|uv)\b.*|!.*|%%(?:bash|sh|script|cmd)\b.*)"
    for number, cell in lab.code:
        if cell.source == notebooks.setup_cell():
            continue
        found = re.search(pattern, cell.source, re.MULTILINE) or re.search(
            r".*\bpip['\", ]+install\b.*", cell.source
        )
        if found:
            yield number, f"shell or installation: {found.group(0).strip()[:60]!r}"


def as_text(value: object) -> str:
    """JSON text, in which 1 and 1.0 differ."""
    return json.dumps(value, sort_keys=True)


@rule("NB013")
def normal_form(lab: Lab) -> Iterator[Finding]:
    """The file is as `make notebooks` writes it: nothing in it differs from run to run."""
    expected = notebooks.normalise(lab.notebook)
    for number, (found, wanted) in enumerate(
        zip(lab.notebook.cells, expected.cells, strict=True), start=1
    ):
        if as_text(found) != as_text(wanted):
            yield number, "outputs or metadata are not in normal form: run `make notebooks`"
            return
    if as_text(lab.notebook.metadata) != as_text(expected.metadata):
        yield 0, "notebook metadata are not in normal form: run `make notebooks`"


NBGRADER = {"schema_version": 3, "task": False}
LOCKED = {"answer": False, "written": False, "check": True}


@rule("NB014")
def exercise_ids(lab: Lab) -> Iterator[Finding]:
    """Cells of exercises have nbgrader's metadata, and ids of their own such as lab1-ex3."""
    number_of_lab = int(lab.path.name.split("_")[0]) if lab.path.name[:2].isdigit() else 0
    seen: set[str] = set()
    for number, cell in lab.cells:
        if "nbgrader" not in cell.metadata:
            continue
        data, kind = cell.metadata.nbgrader, exercises.role(cell)
        if not kind:
            yield number, "nbgrader's metadata say neither `grade` nor `solution`"
            continue
        grade_id = data.get("grade_id", "")
        form = rf"lab{number_of_lab}-ex\d+" + ("-check" if kind == "check" else "")
        if not re.fullmatch(form, grade_id):
            yield number, f"grade_id {grade_id!r}, expected the form {form}"
        if grade_id in seen:
            yield number, f"grade_id {grade_id!r} is there a second time"
        seen.add(grade_id)
        for key, value in {**NBGRADER, "locked": LOCKED[kind]}.items():
            if data.get(key) != value:
                yield number, f"{grade_id}: {key} is {data.get(key)!r}, expected {value!r}"
        if (cell.cell_type == "markdown") != (kind == "written"):
            yield number, f"{grade_id}: a {cell.cell_type} cell cannot be of the kind {kind}"


@rule("NB015")
def exercise_checks(lab: Lab) -> Iterator[Finding]:
    """After an answer in code comes its check: asserts that all explain, and hidden ones too."""
    for number, cell in lab.cells:
        kind = exercises.role(cell)
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if kind == "answer":
            begins = cell.source.count(exercises.BEGIN_SOLUTION)
            if not begins or begins != cell.source.count(exercises.END_SOLUTION):
                yield number, f"{grade_id}: no solution between BEGIN SOLUTION and END SOLUTION"
            after = lab.notebook.cells[number] if number < len(lab.notebook.cells) else None
            expected = f"{grade_id}-check"
            if after is None or after.metadata.get("nbgrader", {}).get("grade_id") != expected:
                yield number, f"{grade_id}: the cell after it must be its check, {expected}"
        if kind == "check":
            shown = exercises.without_hidden(cell.source)
            for what, text in {"visible": shown, "hidden": exercises.hidden(cell.source)}.items():
                if not re.search(r"^\s*assert\b", text, re.MULTILINE):
                    yield number, f"{grade_id}: no {what} assert"
            if exercises.BEGIN_SOLUTION in cell.source:
                yield number, f"{grade_id}: a solution in the check"
            for part in (shown, cell.source):
                yield from _asserts_without_words(number, grade_id, part)


def _asserts_without_words(number: int, grade_id: str, source: str) -> Iterator[Finding]:
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        yield number, f"{grade_id}: {error.msg} in line {error.lineno}, with or without hidden part"
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert) and node.msg is None:
            yield number, f"{grade_id}: an assert without a message: {ast.unparse(node)[:60]}"


@rule("NB016")
def exercise_points(lab: Lab) -> Iterator[Finding]:
    """A lab has 4 to 10 exercises that are worth 20 points together."""
    found = exercises.read_exercises(lab.notebook)
    if not 4 <= len(found) <= 10:
        yield 0, f"{len(found)} exercises, expected 4 to 10"
    total = sum(exercise.points for exercise in found)
    if total != exercises.POINTS_A_LAB:
        yield 0, f"the exercises are worth {total:g} points, expected {exercises.POINTS_A_LAB}"
    for exercise in found:
        if exercise.points <= 0:
            yield 0, f"{exercise.grade_id}: {exercise.points} points"


@rule("NB017")
def exercise_words(lab: Lab) -> Iterator[Finding]:
    """An exercise has a heading and a folded hint; a written one a model answer and a rubric."""
    numbers = {id(cell): number for number, cell in lab.cells}
    for exercise in exercises.read_exercises(lab.notebook):
        number, grade_id = numbers[id(exercise.answer)], exercise.grade_id
        if not exercise.title:
            yield number, f"{grade_id}: no heading of its own before it"
        elif not exercise.kind:
            kinds = ", ".join(exercises.KINDS)
            yield number, f"{grade_id}: the question does not say which of {kinds} it is"
        if not re.search(r"<details>\s*<summary>.*?</details>", exercise.question, re.DOTALL):
            yield number, f"{grade_id}: no hint folded in <details> before it"
        if exercises.role(exercise.answer) == "written":
            if not exercise.answer.source.startswith("**Answer.**"):
                yield number, f"{grade_id}: the model answer must begin with **Answer.**"
            if len(exercise.rubric) < 2 or not all(isinstance(p, str) for p in exercise.rubric):
                yield number, f"{grade_id}: no rubric of two points or more in the cell's metadata"


def read(path: Path) -> Lab:
    """Read a notebook for checking.

    Raises:
        DataError: The file is not JSON or not a notebook.
    """
    try:
        # Not nbformat.read, which silently replaces duplicate cell ids.
        notebook = nbformat.v4.reads_json(path.read_text(encoding="utf-8"))
        notebook.cells, notebook.nbformat, notebook.nbformat_minor, notebook.metadata  # noqa: B018
        return Lab(path, path.stat().st_size, notebook)
    except (OSError, ValueError, AttributeError, TypeError) as error:
        do = "Save it again in Jupyter."
        raise DataError(path.name, expected="a notebook", found=str(error), do=do) from error


def check(path: Path) -> list[Problem]:
    """Find all problems of one notebook, in cell order."""
    try:
        lab = read(path)
    except ValueError as error:
        return [Problem(path.name, 0, "NB001", str(error))]
    problems = []
    for code, function in RULES.items():
        try:
            findings = list(function(lab))
        except (AttributeError, KeyError, TypeError) as error:
            # A field is missing or of the wrong type: NB001 reports it, the other rules cannot run.
            findings = [(0, f"could not be checked: {error}")] if code == "NB001" else []
        problems += [Problem(path.name, cell, code, text) for cell, text in findings]
    return sorted(problems, key=lambda problem: (problem.cell, problem.code))


def fix(path: Path) -> bool:
    """Correct the set-up cell and the badge.

    Returns:
        Whether the file was changed.
    """
    before = nbformat.writes(read(path).notebook)
    notebook = notebooks.normalise(read(path).notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if code and "helpers.setup(" in code[0].source:
        code[0].source = notebooks.setup_cell()
    elif notebook.cells:
        cell = nbformat.v4.new_code_cell(notebooks.setup_cell())
        cell.id = "set-up"
        notebook.cells.insert(1, cell)
    first = notebook.cells[0] if notebook.cells else None
    if first is not None and first.cell_type == "markdown":
        if re.search(notebooks.BADGE, first.source):
            first.source = re.sub(notebooks.BADGE, badge(path), first.source)
        else:
            lines = first.source.split("\n")
            first.source = "\n".join([lines[0], "", badge(path), *lines[1:]])
    if nbformat.writes(notebook) == before:
        return False
    notebooks.write_notebook(path, notebook)
    return True


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Returns:
        0 if no rule is violated, 1 otherwise, 2 if there is no such lab.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tools.lint_notebooks", description=__doc__.splitlines()[0]
    )
    parser.add_argument("labs", nargs="*", help="numbers or names; all if left out")
    parser.add_argument("--notebooks", type=Path, default=notebooks.NOTEBOOKS, metavar="DIR")
    parser.add_argument("--fix", action="store_true", help="correct set-up cell and badge first")
    parser.add_argument("--rules", action="store_true", help="list the rules")
    options = parser.parse_args(arguments)
    if options.rules:
        for code, function in RULES.items():
            print(f"{code}  {function.__doc__}")
        return 0
    try:
        labs = notebooks.find_labs(options.labs, options.notebooks)
    except CourseError as error:
        print(f"lint_notebooks: {error}", file=sys.stderr)
        return 2
    for path in labs:
        if options.fix and fix(path):
            print(f"{path.name}: corrected")
    problems = [problem for path in labs for problem in check(path)]
    for problem in problems:
        print(problem)
    print(f"{len(labs)} labs checked, {len(problems)} problems.")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
