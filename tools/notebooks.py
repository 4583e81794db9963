"""Finding, reading, normalising and writing of notebooks, for the lab runner and the linter.

Stored notebooks are normalised: irrelevant differences between runs (timings, addresses, paths,
progress bars) are removed, so two runs with equal results give equal files. Rests on nbformat.
"""

from __future__ import annotations

import json
import re
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from helpers import ROOT, files
from helpers.errors import SetupError
from helpers.figures import METRICS_MIME

NOTEBOOKS = ROOT / "notebooks"

BADGE = r"\[!\[[^\]]*\]\([^)]*colab-badge[^)]*\)\]\([^)]*\)"
"""Expression for a Colab badge in Markdown, whatever it points to."""

WIDGET_MIME = "application/vnd.jupyter.widget-view+json"
WIDGET_NOTE = "Interactive control: run this cell to use it."

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
"""As JupyterLab writes it; Python's version, which it adds, tools/jupyterlab.py keeps out."""

LANGUAGE = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
}

# Left by editors and runners; it varies between runs and is unrelated to the lab.
TRANSIENT_CELL_METADATA = (
    "execution", "ExecuteTime", "executionInfo", "collapsed", "scrolled", "id", "outputId",
    "vscode", "colab",
)  # fmt: skip
TRANSIENT_NOTEBOOK_METADATA = ("widgets", "signature", "orig_nbformat", "vscode", "toc")


def repository_url() -> str:
    """Address of the repository, as defined in pyproject.toml only."""
    with (ROOT / "pyproject.toml").open("rb") as stream:
        return tomllib.load(stream)["project"]["urls"]["Repository"]


def setup_cell(repository: str | None = None, branch: str = "main") -> str:
    """Source of the set-up cell, the same in every lab.

    Args:
        repository: Repository to clone; by default the address in pyproject.toml.
        branch: Branch that holds the course, "students" in the student edition.
    """
    text = (ROOT / "tools" / "setup_cell.py.txt").read_text(encoding="utf-8").rstrip("\n")
    text = text.replace("{repository}", repository or repository_url())
    return text.replace("{branch}", branch)


def find_labs(wanted: list[str] | None = None, folder: Path = NOTEBOOKS) -> list[Path]:
    """Find labs, in order.

    Args:
        wanted: Numbers or names ("2", "02", "02_unet_oxford_pets", with or without ".ipynb"); all
            labs if empty.
        folder: Folder of the notebooks, named NN_topic.ipynb.

    Raises:
        SetupError: There are no notebooks, or none of that name.
    """
    labs = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    if not labs:
        expected = "labs such as 01_topic.ipynb"
        raise SetupError(str(folder), expected=expected, found="none", do="Give another folder.")
    if not wanted:
        return labs
    chosen = set()
    for name in wanted:
        stem = Path(name).name.removesuffix(".ipynb")
        number = f"{int(stem):02d}_" if stem.isdigit() else None
        hits = [lab for lab in labs if lab.stem == stem or (number and lab.stem.startswith(number))]
        if not hits:
            expected = f"a number or one of {', '.join(lab.stem for lab in labs)}"
            raise SetupError("lab", expected=expected, found=repr(name))
        chosen.update(hits)
    return sorted(chosen)


def title(notebook: NotebookNode) -> str:
    """First level-one heading, or an empty string."""
    for cell in notebook.cells:
        match = cell.cell_type == "markdown" and re.search(r"^# (.+)$", cell.source, re.MULTILINE)
        if match:
            return match.group(1).strip()
    return ""


def objectives(notebook: NotebookNode) -> str:
    """Learning objectives in the first cell, as Markdown, or an empty string."""
    opening = notebook.cells[0].source if notebook.cells else ""
    pattern = r"\*\*Objectives\.?\*\*.*?(?=\n\n(?![-*] |\d+\. )|\Z)"
    found = re.search(pattern, opening, re.DOTALL)
    return found.group(0) if found else ""


def headline_metrics(notebook: NotebookNode) -> dict[str, Any]:
    """Headline figures of a lab; the last value of each name counts."""
    metrics: dict[str, Any] = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            found = output.get("data", {}).get(METRICS_MIME)
            if isinstance(found, str):
                found = json.loads(found)
            metrics.update(found or {})
    return metrics


def write_notebook(path: Path, notebook: NotebookNode) -> None:
    """Write a notebook atomically, with sorted keys and a final newline."""
    files.write_text(path, nbformat.writes(notebook).rstrip("\n") + "\n")


def as_terminal(text: str) -> str:
    """Text that a terminal shows after carriage returns, backspaces and erased lines.

    Of a progress bar, which rewrites its line many times, the last state remains. Colours are kept.
    """
    return "\n".join(_final_line(line) for line in text.split("\n"))


def _final_line(line: str) -> str:
    if not re.search(r"[\r\b\x1b]", line):
        return line
    shown: list[str] = []
    cursor, colour = 0, ""
    for token in re.findall(r"\x1b\[[0-9;]*[A-Za-z]|.|\r", line, re.DOTALL):
        if token == "\r":
            cursor = 0
        elif token == "\b":
            cursor = max(0, cursor - 1)
        elif token.startswith("\x1b["):
            if token.endswith("m"):
                colour += token
            elif token.endswith("K"):
                del shown[0 if token == "\x1b[2K" else cursor :]
                shown += [" "] * (cursor - len(shown))
        elif token != "\x1b":  # a lone one would make a sequence with what it is put before
            shown[cursor : cursor + 1] = [colour + token]
            cursor, colour = cursor + 1, ""
    return "".join(shown) + colour


def without_machine(text: str, root: Path = ROOT) -> str:
    """Remove traces of this machine or run: folders, object addresses."""
    temporary = re.escape(tempfile.gettempdir())
    text = re.sub(rf"{temporary}/[\w.-]+", "<temporary folder>", text)
    for folder, name in ((root, ".."), (Path.home(), "~")):
        text = re.sub(rf"(?<![\w./-]){re.escape(str(folder))}(?=/|\b)", name, text)
    return re.sub(r"\b0x[0-9a-f]{6,16}\b", "0x…", text)


def as_in_browser(value: Any) -> Any:
    """Convert a value as a browser saves it: JavaScript writes 1.0 as 1."""
    if isinstance(value, dict):
        return {key: as_in_browser(each) for key, each in value.items()}
    if isinstance(value, list):
        return [as_in_browser(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def normalise(
    notebook: NotebookNode, *, keep_stderr: bool = False, root: Path = ROOT
) -> NotebookNode:
    """Copy a notebook without irrelevant differences between runs.

    Args:
        notebook: Notebook in nbformat 4, executed or not.
        keep_stderr: Whether to keep stderr output, as in the copy of a failed run.
        root: Folder of the course, whose path is removed from the outputs.

    Returns:
        The copy: fixed kernel and language, no transient metadata, stable outputs, numbers as saved
        by a browser. Execution counts (required by nbval) and cell ids are kept.
    """
    result = nbformat.from_dict(as_in_browser(json.loads(json.dumps(notebook))))
    result.nbformat, result.nbformat_minor = 4, 5
    for key in TRANSIENT_NOTEBOOK_METADATA:
        result.metadata.pop(key, None)
    result.metadata.kernelspec = nbformat.from_dict(KERNEL)
    result.metadata.language_info = nbformat.from_dict(LANGUAGE)
    for index, cell in enumerate(result.cells):
        cell.setdefault("id", f"cell-{index:03d}")
        for key in TRANSIENT_CELL_METADATA:
            cell.metadata.pop(key, None)
        if cell.cell_type == "code":
            cell.outputs = _normalised_outputs(cell.outputs, keep_stderr, root)
    return result


def _normalised_outputs(
    outputs: list[NotebookNode], keep_stderr: bool, root: Path
) -> list[NotebookNode]:
    """Outputs with joined and cleaned streams, and displays without transient parts."""
    joined: list[NotebookNode] = []
    for output in outputs:
        if "data" in output and _is_progress_widget(output):
            continue  # before joining: what is printed before and after a bar belongs together
        if output.output_type == "stream":
            if output.name == "stderr" and not keep_stderr:
                continue
            previous = joined[-1] if joined else {}
            if previous.get("output_type") == "stream" and previous.get("name") == output.name:
                previous.text += output.text
                continue
        joined.append(output)
    kept = []
    for output in joined:
        if output.output_type == "stream":
            output.text = without_machine(as_terminal(output.text), root)
            if not output.text.strip():
                continue
        elif output.output_type == "error":
            output.traceback = [without_machine(line, root) for line in output.traceback]
            output.evalue = without_machine(output.evalue, root)
        else:
            _normalise_display(output, root)
        kept.append(output)
    return kept


def _is_progress_widget(output: NotebookNode) -> bool:
    """Whether a display is a tqdm.notebook bar, which is obsolete once the cell has run.

    A bar without a total begins as "0batch [00:00, ?batch/s]".
    """
    shown = output.data.get("text/plain", "")
    return WIDGET_MIME in output.data and bool(re.search(r"%\||it/s|s/it|\?\w+/s", shown))


def _normalise_display(output: NotebookNode, root: Path) -> None:
    """Clean one display or result in place."""
    output.pop("transient", None)
    data = output.data
    if data.pop(WIDGET_MIME, None) is not None:
        # Its state is in the kernel and goes with it; the lab gives a static figure besides.
        data["text/plain"] = WIDGET_NOTE
    for kind, value in data.items():
        if kind in ("text/plain", "text/html", "text/markdown") and isinstance(value, str):
            data[kind] = without_machine(value, root)
        elif kind.startswith("image/") and isinstance(value, str):
            data[kind] = value.strip()
