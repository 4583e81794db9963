"""Feedback page for a student: each exercise with points, reasons, answer and output.

Outputs of a submission are treated as hostile. Text is escaped, HTML is sanitised with nh3 (which
removes scripts, styles, forms, frames and links), picture formats are verified, and a content
security policy forbids the page to load or run anything. Rests on Jinja2 and nh3.
"""

from __future__ import annotations

import base64
import binascii
import re

import nh3
from jinja2 import Environment
from markupsafe import Markup

from tools.grading.grades import Grade

MAX_OUTPUT = 20_000
MAGIC = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
TAGS = {
    "b", "blockquote", "br", "caption", "code", "div", "em", "i", "li", "ol", "p", "pre", "s",
    "small", "span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr",
    "ul",
}  # fmt: skip
ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def clean_html(text: str) -> Markup:
    """Sanitise the HTML of an output; nothing that loads or links remains."""
    return Markup(nh3.clean(text[:MAX_OUTPUT], tags=TAGS, attributes={}, url_schemes=set()))


def picture(kind: str, data: object) -> str | None:
    """Data URL of a picture, or None if it is not one."""
    if not isinstance(data, str) or kind not in MAGIC:
        return None
    try:
        content = base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    if not content.startswith(MAGIC[kind]):
        return None
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def shown(output: dict) -> Markup:
    """Render one output, in the form of `attempt.shown_outputs`, as HTML."""
    data = output.get("data", {})
    for kind in MAGIC:
        if address := picture(kind, data.get(kind)):
            alt = output.get("alt", "a figure of the answer")
            return Markup('<img src="{}" alt="{}">').format(address, alt)
    if "text/html" in data:
        return Markup("<div>{}</div>").format(clean_html(data["text/html"]))
    text = ANSI.sub("", output.get("text") or data.get("text/plain", ""))[:MAX_OUTPUT]
    return Markup("<pre>{}</pre>").format(text) if text else Markup("")


def page(grade: Grade) -> str:
    """Render the complete page."""
    return _TEMPLATE.render(grade=grade, shown=shown)


_TEMPLATE = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string("""\
<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>Feedback: {{ grade.student }}</title>
<style>
:root { color-scheme: light dark }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem;
  overflow-wrap: anywhere }
pre { white-space: pre-wrap; overflow-wrap: anywhere; padding: .6rem;
  border: 1px solid #8888; border-radius: .3rem }
img { max-width: 100%; background: #fff }
h2 { border-top: 1px solid #8888; padding-top: 1rem }
.mark { font-weight: 600 }
</style></head><body><main>
<h1>{{ grade.lab or grade.file }}</h1>
<p>{{ grade.student }}: <strong>{{ "%g"|format(grade.points) }} of {{ "%g"|format(grade.most) }}
points</strong>{% if grade.unread %}, {{ grade.unread }} written
{{ "answer is" if grade.unread == 1 else "answers are" }} still to be read{% endif %}.</p>
{% for problem in grade.problems %}
<p><strong>Note:</strong> {{ problem }}</p>
{% endfor %}
{% for verdict in grade.verdicts %}
<h2>{{ verdict.title }}</h2>
<p class="mark">
{% if verdict.points is none %}
◌ to be read, {{ "%g"|format(verdict.most) }} points
{% elif verdict.points == verdict.most %}
✓ {{ "%g"|format(verdict.points) }} of {{ "%g"|format(verdict.most) }} points
{% else %}
✗ {{ "%g"|format(verdict.points) }} of {{ "%g"|format(verdict.most) }} points
{% endif %}
</p>
{% if verdict.message %}
<p>{% if verdict.hidden %}The answer passes the checks of the notebook, and with other input:
{% endif %}{{ verdict.message }}</p>
{% endif %}
{% if verdict.kind == "written" and verdict.rubric and verdict.points is not none %}
<details><summary>What the answer should contain</summary><ul>
{% for point in verdict.rubric %}
<li>{{ point }}</li>
{% endfor %}
</ul></details>
{% endif %}
{% if verdict.answer %}
<details{% if verdict.points != verdict.most %} open{% endif %}><summary>Your answer</summary>
<pre>{{ verdict.answer[:20000] }}</pre></details>
{% endif %}
{% for output in verdict.outputs[:20] %}
{{ shown(output) }}
{% endfor %}
{% endfor %}
</main></body></html>
""")
