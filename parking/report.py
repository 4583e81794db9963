"""The report of a clip: `events.json`, `events.csv`, and an HTML page that needs nothing else.

Introduced in lab 5. The page has its pictures inside, runs no script and asks no other machine for
anything, so that it can be kept as evidence and opened in any browser in ten years. For each
violation and each doubtful event there is a sheet: frames with mask and zone, times, share in the
zone, how sure that is, the rule that fired, and whether a person has to look. Of vehicles that only
stopped for a moment no picture is kept. `events.json` holds `Analysis.summary`, and as `events` a
list of `parking.events.Event`, by first frame; its fields are the keys.
"""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path

from jinja2 import Environment

from parking.events import Event

SCHEMA = "parking-events/2"
PAGE = Path(__file__).with_suffix(".html")

Pictures = Mapping[str, Sequence[tuple[str, bytes]]]
"""For the name of an event its pictures: caption and JPEG."""


def write(
    folder: Path,
    summary: Mapping,
    events: Sequence[Event],
    pictures: Pictures,
    overview: bytes | None = None,
) -> None:
    """Writes `events.json`, `events.csv` and `report.html` into a folder."""
    page = as_html(summary, events, pictures, overview)
    (folder / "report.html").write_text(page, encoding="utf-8")
    (folder / "events.csv").write_text(as_csv(events), encoding="utf-8")
    (folder / "events.json").write_text(as_json(summary, events), encoding="utf-8")


def as_json(summary: Mapping, events: Sequence[Event]) -> str:
    """The content of `events.json`; see above."""
    content = {"schema": SCHEMA, **summary, "events": [event.as_json() for event in events]}
    return json.dumps(content, indent=1) + "\n"


def as_csv(events: Sequence[Event]) -> str:
    """The content of `events.csv`: one row an event, the fields of `Event` as columns."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, [each.name for each in fields(Event)], lineterminator="\n")
    writer.writeheader()
    for event in events:
        writer.writerow(event.as_json() | {
            "reasons": "; ".join(event.reasons),
            "box": " ".join(f"{value:g}" for value in event.box),
            "footprint": " ".join(f"{x:g},{y:g}" for x, y in event.footprint or ()),
        })  # fmt: skip
    return stream.getvalue()


def as_html(
    summary: Mapping, events: Sequence[Event], pictures: Pictures, overview: bytes | None = None
) -> str:
    """The page, from the template beside this file; everything from outside is escaped."""
    page = Environment(autoescape=True)
    page.filters["base64"] = lambda content: base64.b64encode(content).decode()
    kept = (event for event in events if event.violation or event.needs_review)
    shown = sorted(kept, key=lambda event: not event.violation)
    parts = {"summary": summary, "events": events, "pictures": pictures, "overview": overview}
    return page.from_string(PAGE.read_text(encoding="utf-8")).render(shown=shown, **parts)
