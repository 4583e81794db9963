"""Printable handout of the labs, generated from the labs themselves.

It has the objectives, thumbnail figure, recap and exercise questions of each lab, laid out for
printing. Rests on the Markdown renderer of `pages`.
"""

from __future__ import annotations

import base64
import re

from jinja2 import Environment
from markupsafe import Markup
from nbformat import NotebookNode

from tools import exercises, notebooks, pages

TEMPLATE = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string("""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Image segmentation, hands on: handout</title>
<style>
body { font: 11pt/1.45 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem;
  color: #1d1d1f; background: #fff; }
section { break-after: page; }
img { max-width: 100%; max-height: 9cm; display: block; margin: 1rem auto; }
h1, h2, h3 { line-height: 1.2; break-after: avoid; }
table { border-collapse: collapse; } td, th { border-bottom: 1px solid #bbb; padding: .2rem .5rem;
  text-align: left; vertical-align: top; }
code { font-size: .92em; } a { color: #00518f; } .formula { overflow-x: auto; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; }
.question { break-inside: avoid; } .lines { border-bottom: 1px dotted #888; height: 1.6rem; }
@page { margin: 2cm; }
</style>
</head>
<body><main>
<h1>Image segmentation, hands on</h1>
{% for lab in labs %}
<section>
<h2>{{ lab.title }}</h2>
{{ lab.objectives }}
{% if lab.picture %}
<img src="data:image/png;base64,{{ lab.picture }}" alt="{{ lab.alt }}">
{% endif %}
{{ lab.recap }}
{% if lab.questions %}
<h3>Exercises, {{ "%g"|format(lab.points) }} points</h3>
{% for question in lab.questions %}
<div class="question">{{ question }}</div>
{% endfor %}
{% endif %}
</section>
{% endfor %}
</main></body>
</html>
""")


def _html(markdown: str) -> Markup:
    markdown = re.sub(r"<details>.*?</details>", "", markdown, flags=re.DOTALL)
    return Markup(pages.markdown_html(markdown))


def _lower_headings(markdown: str) -> str:
    """Lower the headings below those of the handout and drop the section heading."""
    markdown = re.sub(r"^## .*\n", "", markdown, flags=re.MULTILINE)
    return re.sub(r"^#{2,6} ", "#### ", markdown, flags=re.MULTILINE)


def _recap(lab: NotebookNode) -> str:
    """Recap section of a lab."""
    for cell in lab.cells:
        if cell.cell_type == "markdown" and re.match(r"## .*\brecap\b", cell.source, re.IGNORECASE):
            return re.sub(r"\A## [\d.]*\s*", "### ", cell.source)
        if found := re.search(
            r"^## .*\bRecap\b.*?(?=^## |\Z)", cell.source, re.DOTALL | re.MULTILINE
        ):
            return re.sub(r"\A## [\d.]*\s*", "### ", found.group(0))
    return ""


def handout(labs: list[NotebookNode]) -> str:
    """Build the handout of all labs as one HTML page."""
    entries = []
    for lab in labs:
        found = exercises.read_exercises(lab)
        small = pages.thumbnail(lab)
        entries.append({
            "title": notebooks.title(lab),
            "objectives": _html(notebooks.objectives(lab)),
            "picture": base64.b64encode(small[0]).decode("ascii") if small else "",
            "alt": small[1] if small else "",
            "recap": _html(_recap(lab)),
            "questions": [_html(_lower_headings(e.question)) for e in found],
            "points": sum(e.points for e in found),
        })  # fmt: skip
    return TEMPLATE.render(labs=entries)
