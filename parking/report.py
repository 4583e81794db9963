"""The report of a clip: `events.json`, `events.csv`, and an HTML page that needs nothing else.

Introduced in lab 5. The page has its pictures inside, runs no script and asks no other machine for
anything, so that it can be kept as evidence and opened in any browser in ten years. It has a sheet
with pictures for each violation and each doubtful event; no picture is kept of vehicles that only
stopped for a moment. `events.json` holds `Analysis.summary`, and as `events` a list of
`parking.events.Event`, by first frame; its fields are the keys.
"""

from __future__ import annotations

import base64
import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path

from jinja2 import Environment

from parking.events import Event

SCHEMA = "parking-events/2"
PAGE = Path(__file__).with_suffix(".html")


def write(
    folder: Path,
    summary: Mapping,
    events: Sequence[Event],
    pictures: Mapping[str, Sequence[tuple[str, bytes]]],
    overview: bytes | None = None,
) -> None:
    """Write `events.json`, `events.csv` and `report.html` into a folder.

    `pictures` has caption and JPEG of each of an event's pictures, by its name; `overview` is the
    JPEG of the view with its zones. Whatever comes from outside is escaped in the page.
    """
    content = {"schema": SCHEMA, **summary, "events": [event.as_json() for event in events]}
    (folder / "events.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")

    with (folder / "events.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, [each.name for each in fields(Event)], lineterminator="\n")
        writer.writeheader()
        for event in events:
            writer.writerow(event.as_json() | {
                "reasons": "; ".join(event.reasons),
                "box": " ".join(f"{value:g}" for value in event.box),
                "footprint": " ".join(f"{x:g},{y:g}" for x, y in event.footprint or ()),
            })  # fmt: skip

    page = Environment(autoescape=True)
    page.filters["base64"] = lambda jpeg: base64.b64encode(jpeg).decode()
    parts = {"summary": summary, "events": events, "pictures": pictures, "overview": overview}
    text = page.from_string(PAGE.read_text(encoding="utf-8")).render(**parts)
    (folder / "report.html").write_text(text, encoding="utf-8")
