"""Conversion of executed labs to self-contained HTML pages with an index.

The standard page of nbconvert loads MathJax, require.js and more from content networks. Here
formulas become MathML, which browsers render natively, figures keep the alternative text of the
labs (`metadata["image/png"]["alt"]`), and style sheets are embedded. Rests on nbconvert,
latex2mathml and Pillow.
"""

from __future__ import annotations

import base64
import html
import io
import re
from pathlib import Path
from typing import Any

import latex2mathml.converter
from jinja2 import pass_context
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from PIL import Image
from traitlets.config import Config

from tools import notebooks

TEMPLATES = Path(__file__).resolve().parent / "templates"
TEMPLATE_FOLDERS = {
    "extra_template_basedirs": [str(TEMPLATES)],
    "extra_template_paths": [str(TEMPLATES / "parts")],
}
THUMBNAIL_TAG = "thumbnail"
THUMBNAIL_WIDTH = 480

DISPLAY_PRIORITY = [
    "text/html",
    "text/markdown",
    "image/svg+xml",
    "text/latex",
    "image/png",
    "image/jpeg",
    "text/plain",
]


def mathml(formula: str, display: str = "inline") -> str:
    """Convert a LaTeX formula to MathML, or to code if the converter does not support it.

    Args:
        formula: LaTeX without the dollar signs.
        display: "inline" or "block".
    """
    # The converter knows amsmath's `align`, which in MathML is the same as `aligned`.
    known = re.sub(r"\\(begin|end)\{aligned\}", r"\\\1{align*}", formula.strip())
    try:
        converted = latex2mathml.converter.convert(known, display=display)
        # |A| is a pair of fences, not an operator with space on both sides.
        fence = r'stretchy="false">(?=\||&#x0007C;)'
        return re.sub(fence, 'stretchy="false" lspace="0em" rspace="0em">', converted)
    except Exception:  # the converter has no specific exception
        return f'<code class="formula">{html.escape(formula.strip())}</code>'


class _Renderer(IPythonRenderer):
    """Markdown renderer of nbconvert, with formulas as MathML."""

    def block_math(self, body: str) -> str:
        return f'<div class="formula">{mathml(body, "block")}</div>\n'

    def inline_math(self, body: str) -> str:
        return mathml(body)

    def block_html(self, html: str) -> str:
        # What unfolds may begin in one block and end in another; nbconvert, which looks for
        # pictures to embed, would close it in the first.
        return super().block_html(html) if "<img" in html else html

    def image(self, text: str, url: str, title: str | None = None) -> str:
        # The Colab badge is a picture from the network: on the page its text is the link.
        if url.startswith(("http:", "https:", "//")):
            return html.escape(text)
        return super().image(text, url, title)

    def table(self, text: str) -> str:
        # On a phone a wide table scrolls, and what scrolls must be reached with the keyboard.
        label = 'class="table" role="region" aria-label="Table" tabindex="0"'
        return f"<div {label}><table>\n{text}</table></div>\n"

    def latex_environment(self, name: str, body: str) -> str:
        return self.block_math(f"\\begin{{{name}}}{body}\\end{{{name}}}")


class LabExporter(HTMLExporter):
    """HTML exporter of nbconvert with the template of this folder and no scripts."""

    def __init__(self, **options: Any):
        super().__init__(**{"template_name": "lab_page", **TEMPLATE_FOLDERS, **options})

    @property
    def default_config(self) -> Config:
        """Configuration of nbconvert without output types that need a script."""
        config = Config({"NbConvertBase": {"display_data_priority": DISPLAY_PRIORITY}})
        inherited = super().default_config.copy()
        inherited.merge(config)
        return inherited

    @pass_context
    def markdown2html(self, context: Any, source: str) -> str:
        """Convert Markdown to HTML; pictures beside the notebook are embedded."""
        renderer = _Renderer(
            escape=False,
            attachments=context.get("cell", {}).get("attachments", {}),
            embed_images=True,
            path=context.get("resources", {}).get("metadata", {}).get("path", ""),
            anchor_link_text=self.anchor_link_text,
        )
        return MarkdownWithMath(renderer=renderer).render(source)


def markdown_html(source: str) -> str:
    """Convert Markdown to HTML, with formulas as MathML and headings without anchor links."""
    made = MarkdownWithMath(renderer=_Renderer(escape=False, anchor_link_text="")).render(source)
    # nbconvert leaves an anchor without text that closes itself; HTML knows no such thing, and
    # takes all that follows for a link.
    return re.sub(r'<a class="anchor-link"[^>]*?(?:/>|>\s*</a>)', "", made)


def lab_page(
    notebook: NotebookNode,
    name: str,
    *,
    folder: Path = notebooks.NOTEBOOKS,
    links: list[tuple[str, str]] | None = None,
    failed: str = "",
) -> str:
    """Convert one lab to HTML.

    Args:
        notebook: Executed lab.
        name: File name without suffix, shown if the lab has no title.
        folder: Folder of the pictures referenced in the text.
        links: (label, address) of the neighbouring pages.
        failed: Message at the top if the run stopped early.
    """
    page = notebook.copy()
    page.metadata = {**notebook.metadata, "title": notebooks.title(notebook) or name}
    page.metadata.pop("widgets", None)  # their state is of use to a script only
    resources = {
        "metadata": {"name": name, "path": str(folder)},
        "links": links or [],
        "failed": failed,
    }
    text, _ = LabExporter().from_notebook_node(page, resources=resources)
    return text


def thumbnail(notebook: NotebookNode) -> tuple[bytes, str] | None:
    """Thumbnail of the lab's figure as PNG, and its alternative text.

    The figure is the first in a cell tagged "thumbnail", or else the first of the lab.
    """
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    tagged = [cell for cell in cells if THUMBNAIL_TAG in cell.metadata.get("tags", [])]
    for cell in tagged + cells:
        for output in cell.outputs:
            encoded = output.get("data", {}).get("image/png")
            if not encoded:
                continue
            picture = Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGB")
            height = max(1, round(picture.height * THUMBNAIL_WIDTH / picture.width))
            if picture.width > THUMBNAIL_WIDTH:
                picture = picture.resize((THUMBNAIL_WIDTH, height), Image.Resampling.LANCZOS)
            stream = io.BytesIO()
            picture.save(stream, "PNG", optimize=True)
            metadata = output.get("metadata", {})
            alt = metadata.get("image/png", {}).get("alt") or metadata.get("alt") or ""
            return stream.getvalue(), alt
    return None


def format_metric(value: Any) -> str:
    """Format a number: fractions with three decimals, integers unchanged."""
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _card(entry: dict[str, Any], notebook: NotebookNode) -> str:
    """Card of one lab on the index page."""
    name = entry["lab"]
    title = html.escape(notebooks.title(notebook) or name)
    small = thumbnail(notebook)
    picture = ""
    if small:
        data = base64.b64encode(small[0]).decode("ascii")
        picture = f'<img src="data:image/png;base64,{data}" alt="{html.escape(small[1])}">'
    metrics = "".join(
        f"<div><dt>{html.escape(key.replace('_', ' '))}</dt>"
        f"<dd{' class=words' if isinstance(value, str) else ''}>"
        f"{html.escape(format_metric(value))}</dd></div>"
        for key, value in entry["metrics"].items()
    )
    note = f"{entry['cells']} cells, {entry['seconds']} s, peak memory {entry['peak_mb']} MB"
    stored = name
    if not entry["ok"]:
        note = f"Stopped at cell {entry['failed_cell']}: {html.escape(entry['reason'])}"
        stored = f"{name}.failed"
    state = "" if entry["ok"] else ' class="failed"'
    return (
        f"<li{state}>{picture}<h2><a href='{name}.html'>{title}</a></h2>"
        f"<dl>{metrics}</dl><p>{note} · <a href='{stored}.ipynb' download>notebook</a></p></li>"
    )


INDEX = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Image segmentation labs</title>
<style>
:root { --text: #1d1d1f; --muted: #55565a; --page: #ffffff; --card: #f4f5f7; --line: #c9ccd1;
  --link: #00518f; --bad: #b04a00; }
@media (prefers-color-scheme: dark) { :root { --text: #ececee; --muted: #b5b8be; --page: #17181a;
  --card: #232528; --line: #44474c; --link: #7cc0f5; --bad: #ff9c5a; } }
body { margin: 0; background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 70rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.8rem; margin: 0 0 0.25rem; }
main > p { color: var(--muted); margin: 0 0 1.5rem; }
ul { list-style: none; margin: 0; padding: 0; display: grid; gap: 1.25rem;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); }
li { background: var(--card); border: 1px solid var(--line); border-radius: 0.5rem;
  padding: 1rem; display: flex; flex-direction: column; }
li.failed { border-left: 0.4rem solid var(--bad); }
li img { width: 100%; aspect-ratio: 16 / 9; object-fit: contain; background: #fff;
  border-radius: 0.25rem; margin-bottom: 0.75rem; }
h2 { font-size: 1.15rem; line-height: 1.3; margin: 0 0 0.5rem; }
dl { margin: 0 0 0.5rem; display: flex; flex-wrap: wrap; gap: 0.25rem 1.5rem; }
dt { font-size: 0.85rem; color: var(--muted); }
dd { margin: 0; font-size: 1.3rem; font-variant-numeric: tabular-nums; }
dd.words { font-size: 1rem; }
li p { margin: auto 0 0; color: var(--muted); font-size: 0.9rem; }
a { color: var(--link); }
a:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
</style>
</head>
<body><main>
<h1>Image segmentation labs</h1>
<p>INTRODUCTION</p>
<ul>
CARDS
</ul>
</main></body>
</html>
"""


def index_page(entries: list[dict[str, Any]], labs: dict[str, NotebookNode]) -> str:
    """Index page of a run: links to all labs, each with its figure and headline figures.

    Args:
        entries: Entries of summary.json.
        labs: Executed notebooks by lab name.
    """
    seconds = sum(entry["seconds"] for entry in entries)
    failed = sum(not entry["ok"] for entry in entries)
    words = f"{len(entries)} lab{'s' if len(entries) != 1 else ''}, executed in {seconds:.0f} s."
    if failed:
        words += f" {failed} of them stopped before the end."
    cards = "\n".join(_card(entry, labs[entry["lab"]]) for entry in entries)
    return INDEX.replace("INTRODUCTION", words).replace("CARDS", cards)
