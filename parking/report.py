"""The report of a clip: `events.json`, `events.csv`, and an HTML page that needs nothing else.

Introduced in lab 5. The page has its pictures inside, runs no script and asks no other machine for
anything, so that it can be kept as evidence and opened in any browser in ten years. For each
violation and each doubtful event there is a sheet: frames with mask and zone, times, share in the
zone, how sure that is, the rule that fired, and whether a person has to look. Of vehicles that only
stopped for a moment no picture is kept.

| key of events.json | meaning |
| --- | --- |
| `schema` | `SCHEMA`, which says what follows |
| `clip`, `camera`, `frames`, `clip_seconds` | what was analysed; `frames` counts those judged |
| `timed_by` | where the times of the frames come from |
| `complete` | false where frames were missing, dark or after a camera moved |
| `problems` | sentences that say so |
| `limit_seconds`, `thresholds` | from when and from which share a stand is a violation |
| `frames_per_second` | speed of the analysis |
| `video` | name of the annotated clip (MP4, H.264) beside the report, or null |
| `events` | list of `parking.events.Event`, by first frame; its fields are the keys |
"""

from __future__ import annotations

import base64
import csv
import html
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path

from parking.events import Event

SCHEMA = "parking-events/2"

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#111}
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.5rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .6rem;
border-bottom:1px solid #ccc;vertical-align:top}
.sheet{border:1px solid #999;border-radius:.5rem;padding:1rem;margin:1.5rem 0;
break-inside:avoid}
.pictures{display:flex;flex-wrap:wrap;gap:.8rem}figure{margin:0;flex:1 1 20rem;max-width:29rem}
figure img{width:100%;border:1px solid #ccc}
figcaption{font-size:.85rem;color:#333}
.tag{display:inline-block;border-radius:.3rem;padding:0 .5rem;border:2px solid;font-weight:600}
.violation{border-color:#d55e00}.review{border-color:#e69f00;border-style:dashed}
.tolerated{border-color:#009e73;border-style:dotted}.not{border-color:#0072b2;border-style:dotted}
.warning{border-left:.4rem solid #d55e00;background:#fff3ea;padding:.6rem 1rem}
video{width:100%;max-width:40rem;background:#000}
"""


def as_json(summary: Mapping, events: Sequence[Event]) -> str:
    """The content of `events.json`; see the table above."""
    content = {"schema": SCHEMA, **summary, "events": [event.as_json() for event in events]}
    return json.dumps(content, indent=1) + "\n"


def as_csv(events: Sequence[Event]) -> str:
    """The content of `events.csv`: one row an event, the fields of `Event` as columns."""
    stream = io.StringIO()
    names = [each.name for each in fields(Event)]
    writer = csv.DictWriter(stream, names, lineterminator="\n")
    writer.writeheader()
    for event in events:
        row = event.as_json()
        row["reasons"] = "; ".join(event.reasons)
        row["box"] = " ".join(f"{value:g}" for value in event.box)
        points = event.footprint or ()
        row["footprint"] = " ".join(f"{x:g},{y:g}" for x, y in points)
        writer.writerow(row)
    return stream.getvalue()


Pictures = Mapping[str, Sequence[tuple[str, bytes]]]
"""For the name of an event its pictures: caption and JPEG."""


def as_html(
    summary: Mapping, events: Sequence[Event], pictures: Pictures, overview: bytes | None = None
) -> str:
    """The page; everything that came from outside is escaped."""
    title = f"Parking report: {summary['clip']}, camera {summary['camera']}"
    parts = [
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>",
        "<meta name='viewport' content='width=device-width,initial-scale=1'>",
        "<link rel='icon' href='data:,'>",
        f"<title>{_safe(title)}</title><style>{STYLE}</style></head><body>",
        f"<h1>{_safe(title)}</h1>",
        _summary(summary, events),
    ]
    if overview:
        alt = "First frame with zones: no-parking zones orange, parking green"
        parts.append(f"<p><img style='max-width:100%' alt='{alt}' src='{_inline(overview)}'></p>")
    if summary.get("video"):
        name = _safe(summary["video"])
        parts.append(
            f"<h2>Annotated clip</h2><video controls preload='metadata' src='{name}'></video>"
            f"<p><a href='{name}'>{name}</a> lies beside this page.</p>"
        )
    parts.append("<h2>Events</h2>")
    parts.append(
        _table(events) if events else "<p>No vehicle stood where parking is forbidden.</p>"
    )
    shown = [event for event in events if event.violation or event.needs_review]
    shown.sort(key=lambda event: not event.violation)  # of what is tolerated, nothing is kept
    parts += [_sheet(event, pictures.get(event.event, ())) for event in shown]
    parts.append(
        "<p>The people and number plates that were found were made unreadable before any picture "
        "was stored; a detector does not find all of them. A person decides; this page only shows "
        "what was measured.</p></body></html>"
    )
    return "\n".join(parts)


def write(
    folder: Path,
    summary: Mapping,
    events: Sequence[Event],
    pictures: Pictures,
    overview: bytes | None = None,
) -> None:
    """Writes `events.json`, `events.csv` and `report.html` into a folder."""
    (folder / "events.csv").write_text(as_csv(events), encoding="utf-8")
    page = as_html(summary, events, pictures, overview)
    (folder / "report.html").write_text(page, encoding="utf-8")
    (folder / "events.json").write_text(as_json(summary, events), encoding="utf-8")


def _safe(text: object) -> str:
    return html.escape(str(text), quote=True)


def _inline(jpeg: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()


def _summary(summary: Mapping, events: Sequence[Event]) -> str:
    count = sum(event.violation for event in events)
    review = sum(event.needs_review for event in events)
    lines = [
        f"<p><b>{count}</b> violation{'s' * (count != 1)} in {len(events)} "
        f"event{'s' * (len(events) != 1)}; <b>{review}</b> to be looked at by a person. "
        f"{summary['frames']} frame{'s' * (summary['frames'] != 1)} of "
        f"{summary['clip_seconds']:g} s, timed by {_safe(summary['timed_by'])}; limit "
        f"{summary['limit_seconds']:g} s.</p>"
    ]
    if not summary["complete"]:
        problems = "".join(f"<li>{_safe(problem)}</li>" for problem in summary["problems"])
        lines.append(f"<div class='warning'><b>Incomplete.</b><ul>{problems}</ul></div>")
    return "".join(lines)


def _table(events: Sequence[Event]) -> str:
    head = "".join(
        f"<th scope='col'>{name}</th>"
        for name in ("Event", "Vehicle", "Zone", "From", "To", "Stood", "Share", "Verdict")
    )
    rows = "".join(
        f"<tr><td>{_link(e)}</td>"
        f"<td>{_safe(e.class_name)}</td><td>{_safe(e.zone)}</td><td>{_time(e.start_seconds)}</td>"
        f"<td>{_time(e.end_seconds)}{' (still there)' if e.ongoing else ''}</td>"
        f"<td>{e.seconds:g} s</td><td>{e.share:.0%}</td><td>{_tags(e)}</td></tr>"
        for e in events
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _link(event: Event) -> str:
    name = _safe(event.event)
    shown = event.violation or event.needs_review
    return f"<a href='#{name}'>{name}</a>" if shown else name


def _tags(event: Event) -> str:
    tags = [event.verdict, *["review"] * event.needs_review]
    names = ((re.match(r"\w+", tag)[0], tag) for tag in tags)
    return " ".join(f"<span class='tag {name}'>{tag}</span>" for name, tag in names)


def _sheet(event: Event, pictures: Sequence[tuple[str, bytes]]) -> str:
    figures = "".join(
        f"<figure><img alt='{_safe(event.class_name)} in {_safe(event.zone)}, {_safe(caption)}' "
        f"src='{_inline(jpeg)}'><figcaption>{_safe(caption)}</figcaption></figure>"
        for caption, jpeg in pictures
    )
    measure = "footprint" if event.rule == "footprint" else "contact strip"
    facts = [
        ("Zone", f"{event.zone} ({event.kind})"),
        (
            "Time",
            f"{_time(event.start_seconds)} to {_time(event.end_seconds)}, frames "
            f"{event.first_frame} to {event.last_frame}: {event.seconds:g} s",
        ),
        (
            "Share in the zone",
            f"{event.share:.0%} of the {measure} (90 % interval "
            f"{event.share_low:.0%} to {event.share_high:.0%})",
        ),
        (
            "Confidence",
            f"{event.confidence:.2f} that the share is large enough; detection score "
            f"{event.score:.2f}",
        ),
        ("Rule that fired", f"{event.rule}, and time"),
        ("Hidden", f"{event.hidden_frames} frame{'s' * (event.hidden_frames != 1)}"),
    ]
    if event.reasons:
        facts.append(("A person should look", "; ".join(event.reasons)))
    rows = "".join(f"<tr><th scope='row'>{k}</th><td>{_safe(v)}</td></tr>" for k, v in facts)
    return (
        f"<section class='sheet' id='{_safe(event.event)}'><h2>{_safe(event.event)} "
        f"{_tags(event)}</h2><div class='pictures'>{figures}</div>"
        f"<table><tbody>{rows}</tbody></table></section>"
    )


def _time(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)}:{rest:04.1f}"
