"""Conversion of a lab to slides, for projection while the notebook runs.

Slides are generated from the stored lab by rules, so they never lag behind it. A section begins a
column of slides; its first paragraph is on the slide, the rest in the speaker notes (key S). Every
figure has its own slide, without code. Short code with text output is shown with the output; longer
code is omitted. Exercises show their question, never their answer. Jupyter's `slideshow` metadata
of a cell override the rules. nbconvert writes reveal.js pages; reveal.js (MIT) comes as files from
the package sphinx-revealjs.
"""

from __future__ import annotations

import copy
import importlib.util
import re
import shutil
from pathlib import Path

import nbformat
from nbconvert import SlidesExporter
from nbformat import NotebookNode

from tools import exercises, notebooks
from tools.pages import LabExporter

MAX_CODE, MAX_LINES = 12, 19
"""Lines of code on a slide, and lines of code and output together."""
MAX_TABLE = 560
"""Characters of a table on a slide; a longer one goes over several."""
MAX_TEXT = 420
"""Characters of Markdown that a slide holds; what is longer has its rest in the notes."""
MAX_LIST = 800
"""Characters of a list on a slide; the rest of its items are in the notes."""
REVEAL = ("dist/reveal.js", "dist/reveal.css", "dist/reset.css", "dist/theme/white.css")
FOLDERS = ("dist/theme/fonts", "plugin/notes")


class _Exporter(LabExporter, SlidesExporter):
    """Slides exporter of nbconvert, with formulas as MathML and without network access."""

    def __init__(self) -> None:
        super().__init__(template_name="lab_slides")
        self.reveal_url_prefix, self.reveal_theme = "reveal", "white"
        self.exclude_input_prompt = self.exclude_output_prompt = True


def _markdown(source: str, kind: str) -> NotebookNode:
    cell = nbformat.v4.new_markdown_cell(source)
    cell.id = "made"
    cell.metadata["slideshow"] = {"slide_type": kind}
    return cell


def _split(source: str) -> tuple[str, str]:
    """Split a Markdown cell into slide text and speaker notes."""
    source = re.sub(r"<details>.*?</details>", "", source, flags=re.DOTALL).strip()
    if len(source) <= MAX_TEXT or re.search(r"^\|", source, re.MULTILINE):
        return source, ""
    blocks = re.split(r"\n\s*\n", source)
    shown = [blocks.pop(0)]
    while blocks and (len("\n".join([*shown, blocks[0]])) <= MAX_TEXT or shown[-1].startswith("#")):
        shown.append(blocks.pop(0))
    if len(shown[-1]) > MAX_LIST and re.match(r"[-*] |\d+\. ", shown[-1]):  # such as references
        items = re.split(r"\n(?=[-*] |\d+\. )", shown[-1])
        while len(items) > 1 and len("\n".join(items)) > MAX_LIST:
            blocks.insert(0, items.pop())
        shown[-1] = "\n".join(items)
    return "\n\n".join(shown), "\n\n".join(blocks)


def _text_cells(source: str, kind: str) -> list[NotebookNode]:
    shown, rest = _split(source)
    cells = [
        _markdown(part, kind if n == 0 else "subslide") for n, part in enumerate(_tables(shown))
    ]
    return [*cells, *([_markdown(rest, "notes")] if rest else [])]


def _tables(source: str) -> list[str]:
    """Split a text with a long table into several, each with the table header and some rows."""
    table = re.search(r"(?:^\|.*\n?)+", source, re.MULTILINE)
    if table is None or len(source) <= MAX_TABLE:
        return [source]
    before, after = source[: table.start()].strip(), source[table.end() :].strip()
    head, rule, *rows = table.group(0).strip().splitlines()
    parts, current = [], []
    for row in rows:
        if current and len("".join([*current, row])) > MAX_TABLE:
            parts.append(current)
            current = []
        current.append(row)
    parts.append(current)
    texts = ["\n".join([head, rule, *part]) for part in parts]
    if len(before) > MAX_TABLE // 3:
        texts.insert(0, before)
    else:
        texts[0] = f"{before}\n\n{texts[0]}".strip()
    # What follows the table may be long as well: references, a remark.
    while after:
        shown, after = _split(after) if len(after) > MAX_TEXT else (after, "")
        texts.append(shown)
    return texts


def _code_cells(cell: NotebookNode) -> list[NotebookNode]:
    """Slides of a code cell: a figure alone, or short code with its text output."""
    pictures = [o for o in cell.outputs if "image/png" in o.get("data", {})]
    result = copy.deepcopy(cell)
    if pictures:
        result.outputs = pictures[:1]
        result.metadata["hide"] = True
    else:
        texts = [o.text for o in cell.outputs if o.output_type == "stream"]
        lines = "".join(texts).rstrip().splitlines()
        code = cell.source.splitlines()
        if not lines or len(code) > MAX_CODE or len(code) + len(lines) > MAX_LINES:
            return []
    result.metadata["slideshow"] = {"slide_type": "subslide"}
    return [result]


def arrange(lab: NotebookNode) -> NotebookNode:
    """Build a notebook whose cells are slides and notes.

    Args:
        lab: Stored lab with outputs.
    """
    asked = {id(e.answer) for e in exercises.read_exercises(lab)}
    cells: list[NotebookNode] = []
    for number, cell in enumerate(lab.cells):
        own = cell.metadata.get("slideshow", {}).get("slide_type")
        if own:
            cells.append(copy.deepcopy(cell))
        elif exercises.role(cell) or id(cell) in asked:
            continue
        elif cell.cell_type == "markdown" and number == 0:
            title, _, rest = cell.source.partition("\n")
            # Objectives and times are for the reader of the notebook, and for the speaker.
            goals = notebooks.objectives(lab)
            cells += [_markdown(f"{title}\n\n{goals}", "slide"), _markdown(rest, "notes")]
        elif cell.cell_type == "markdown" and re.match(r"## ", cell.source):
            cells += _text_cells(cell.source, "slide")
        elif cell.cell_type == "markdown" and (
            re.match(r"### ", cell.source) or re.search(r"^\|", cell.source, re.MULTILINE)
        ):
            cells += _text_cells(cell.source, "subslide")
        elif cell.cell_type == "markdown":
            cells.append(_markdown(cell.source, "notes"))
        elif cell.source != notebooks.setup_cell():
            cells += _code_cells(cell)
    arranged = copy.deepcopy(lab)
    arranged.cells = cells
    for number, cell in enumerate(cells):
        cell.id = f"slide-{number}"
    return arranged


def slides(lab: NotebookNode, name: str, folder: Path = notebooks.NOTEBOOKS) -> str:
    """Slides of a lab as HTML, with reveal.js expected in `reveal/` beside it."""
    page = arrange(lab)
    for cell in page.cells:
        if cell.metadata.pop("hide", False):
            cell.source = ""
            cell.metadata.setdefault("tags", []).append("remove_input")
    page.metadata["title"] = notebooks.title(lab) or name
    exporter = _Exporter()
    from nbconvert.preprocessors import TagRemovePreprocessor

    remove = TagRemovePreprocessor(remove_input_tags={"remove_input"}, enabled=True)
    exporter.register_preprocessor(remove, enabled=True)
    resources = {"metadata": {"name": name, "path": str(folder)}}
    text, _ = exporter.from_notebook_node(page, resources=resources)
    return text


def copy_reveal(folder: Path) -> None:
    """Copy reveal.js, its white theme, its speaker view and its licence to `folder`."""
    spec = importlib.util.find_spec("sphinx_revealjs")
    source = Path(spec.origin).parent / "_static" / "revealjs"
    for name in (*REVEAL, "LICENSE"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, folder / name)
    for name in FOLDERS:
        shutil.copytree(
            source / name, folder / name, dirs_exist_ok=True, copy_function=shutil.copyfile
        )
