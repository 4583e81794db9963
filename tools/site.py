"""Web site of the course: a book of the labs with search, built from their stored outputs.

It is built with Sphinx, MyST-NB and the book theme, without executing anything and without network
requests, neither during the build nor when read. It shows the student edition: outputs of the lab,
but only the questions and checks of the exercises. Formulas are MathML, as on the pages of `make
labs`. The folder can be opened from disk or served by any web server.
"""

from __future__ import annotations

import copy
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from helpers import ROOT
from helpers.figures import METRICS_MIME
from tools import editions, exercises, notebooks, pages

BRANCH = "students"
"""Branch of the repository with the student edition, which Colab opens."""

ENVIRONMENT = {"SOURCE_DATE_EPOCH": "1700000000", "PYTHONHASHSEED": "0"}
"""The same date in every build, and the same order."""

CONFIGURATION = '''\
"""Written by tools/site.py."""

import sys

sys.path.insert(0, {root!r})

project = html_title = "Image segmentation, hands on"
author = copyright = "the course's authors"
extensions = ["myst_nb", "tools.site"]
exclude_patterns = ["_build"]
nb_execution_mode = "off"
nb_ipywidgets_js = {{}}
nb_merge_streams = True
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_dmath_double_inline = True
myst_heading_anchors = 3
suppress_warnings = ["mystnb.unknown_mime_type", "myst.header", "misc.highlighting_failure"]
html_theme = "sphinx_book_theme"
html_static_path, html_css_files = ["_static"], ["course.css"]
html_math_renderer = "mathml"
html_last_updated_fmt = None
html_show_sphinx = False
html_show_search_summary = False  # it would fetch pages, which a browser refuses to files
html_theme_options = {{
    "repository_url": {repository!r},
    "repository_branch": {branch!r},
    "path_to_docs": "notebooks",
    "use_repository_button": True,
    "use_download_button": True,
    "launch_buttons": {{"colab_url": "https://colab.research.google.com"}},
    "show_toc_level": 2,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}}
'''
STYLE = """\
div.formula { overflow-x: auto; }
code.literal span.pre { white-space: normal; overflow-wrap: anywhere; }
"""
"""On a phone a formula scrolls and a path breaks, so that the page does neither."""


def page_of(source: NotebookNode) -> NotebookNode:
    """Student edition with the outputs of the lab, prepared for MyST-NB."""
    edition = editions.for_students(source)
    for cell, stored in zip(edition.cells, source.cells, strict=True):
        if cell.cell_type == "code" and not exercises.role(stored):
            cell.outputs, cell.execution_count = (
                copy.deepcopy(stored.outputs),
                stored.execution_count,
            )
            for output in cell.outputs:
                _describe(cell, output)
        elif cell.cell_type == "markdown":
            # Links and buttons of the theme take the place of the badge, which is on the network.
            cell.source = re.sub(rf"{notebooks.BADGE}\n*", "", cell.source)
    edition.metadata["mystnb"] = {"execution_mode": "off"}
    return edition


def _describe(cell: NotebookNode, output: NotebookNode) -> None:
    """Pass the alternative text of a figure to MyST-NB, and drop outputs that need a script."""
    for kind in ("image/png", "image/jpeg"):
        if kind in output.get("data", {}):
            alt = output.get("metadata", {}).get(kind, {}).get("alt", "")
            cell.metadata["mystnb"] = {"image": {"alt": alt}}
    if "data" in output:
        for kind in list(output.data):
            if kind in (METRICS_MIME, notebooks.WIDGET_MIME):
                del output.data[kind]


def setup(app) -> dict:
    """Sphinx extension hook: formulas as MathML."""

    def formula(display: str):
        def visit(translator, node) -> None:
            from docutils import nodes

            text = pages.mathml(node.astext(), display)
            translator.body.append(
                text if display == "inline" else f'<div class="formula">{text}</div>'
            )
            raise nodes.SkipNode

        return visit

    app.add_html_math_renderer("mathml", (formula("inline"), None), (formula("block"), None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def index(labs: dict[str, NotebookNode]) -> str:
    """First page: description of the course, and a list of its labs."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    opening = readme.split("\n## ")[0].split("\n![")[0]
    lines = [opening.strip(), "", "## Labs", ""]
    lines += [f"1. [{notebooks.title(lab)}]({name}.ipynb)" for name, lab in labs.items()]
    return "\n".join([*lines, "", "```{toctree}", ":hidden:", "", *labs, "```", ""])


def build(labs: dict[str, NotebookNode], out: Path) -> None:
    """Build the site.

    Args:
        labs: Stored source notebooks by name.
        out: Output folder; replaced if it exists.

    Raises:
        RuntimeError: Sphinx issued a warning; the message contains it.
    """
    repository = notebooks.repository_url()
    with tempfile.TemporaryDirectory(prefix="site-") as temporary:
        source = Path(temporary, "source")
        source.mkdir()
        text = CONFIGURATION.format(root=str(ROOT), repository=repository, branch=BRANCH)
        (source / "conf.py").write_text(text, encoding="utf-8")
        (source / "_static").mkdir()
        (source / "_static" / "course.css").write_text(STYLE, encoding="utf-8")
        (source / "index.md").write_text(index(labs), encoding="utf-8")
        for name, lab in labs.items():
            nbformat.write(page_of(lab), source / f"{name}.ipynb")
        built = Path(temporary, "built")
        # In a separate process, since Sphinx extensions change the state of theirs.
        command = [sys.executable, "-m", "sphinx", "-b", "html", "-q", "-E", "-N", "-d"]
        done = subprocess.run(
            [*command, str(Path(temporary, "trees")), str(source), str(built)],
            env={**os.environ, **ENVIRONMENT}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode or "WARNING" in done.stderr:
            raise RuntimeError(f"the site was not built cleanly:\n{done.stderr.strip()}")
        for unwanted in (".buildinfo", "objects.inv", ".doctrees"):
            path = built / unwanted
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(built, out)
