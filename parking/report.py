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
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from string import Template

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
    (folder / "events.csv").write_text(as_csv(events), encoding="utf-8")
    page = as_html(summary, events, pictures, overview)
    (folder / "report.html").write_text(page, encoding="utf-8")
    (folder / "events.json").write_text(as_json(summary, events), encoding="utf-8")


def as_json(summary: Mapping, events: Sequence[Event]) -> str:
    """The content of `events.json`; see the table above."""
    content = {"schema": SCHEMA, **summary, "events": [event.as_json() for event in events]}
    return json.dumps(content, indent=1) + "\n"


def as_csv(events: Sequence[Event]) -> str:
    """The content of `events.csv`: one row an event, the fields of `Event` as columns."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, [each.name for each in fields(Event)], lineterminator="\n")
    writer.writeheader()
    for event in events:
        points = event.footprint or ()
        writer.writerow(event.as_json() | {
            "reasons": "; ".join(event.reasons),
            "box": " ".join(f"{value:g}" for value in event.box),
            "footprint": " ".join(f"{x:g},{y:g}" for x, y in points),
        })  # fmt: skip
    return stream.getvalue()


def as_html(
    summary: Mapping, events: Sequence[Event], pictures: Pictures, overview: bytes | None = None
) -> str:
    """The page; everything that came from outside is escaped."""
    title = _safe(f"Parking report: {summary['clip']}, camera {summary['camera']}")
    shown = sorted(filter(_is_shown, events), key=lambda event: not event.violation)
    alt, name = "First frame with zones: no-parking zones orange, parking green", summary["video"]
    parts = {
        "title": title,
        "summary": _summary(summary, events),
        "overview": overview and f"<p>{_picture(overview, alt, ' style=max-width:100%')}</p>",
        "video": name
        and f"<h2>Annotated clip</h2><video controls preload='metadata' src='{_safe(name)}'>"
        f"</video><p><a href='{_safe(name)}'>{_safe(name)}</a> lies beside this page.</p>",
        "events": _table(events) or "<p>No vehicle stood where parking is forbidden.</p>",
        "sheets": "".join(_sheet(event, pictures.get(event.event, ())) for event in shown),
    }
    page = Template(PAGE.read_text(encoding="utf-8"))
    return page.substitute({key: part or "" for key, part in parts.items()})


def _safe(text: object) -> str:
    return html.escape(str(text), quote=True)


def _picture(jpeg: bytes, alt: str, more: str = "") -> str:
    content = base64.b64encode(jpeg).decode()
    return f"<img{more} alt='{_safe(alt)}' src='data:image/jpeg;base64,{content}'>"


def _count(number: int, name: str) -> str:
    return f"{number} {name}{'s' * (number != 1)}"


def _is_shown(event: Event) -> bool:
    """Of what is tolerated, nothing is kept."""
    return event.violation or event.needs_review


def _summary(summary: Mapping, events: Sequence[Event]) -> str:
    review = sum(event.needs_review for event in events)
    text = (
        f"<p><b>{_count(sum(event.violation for event in events), 'violation')}</b> in "
        f"{_count(len(events), 'event')}; <b>{review}</b> to be looked at by a person. "
        f"{_count(summary['frames'], 'frame')} of {summary['clip_seconds']:g} s, timed by "
        f"{_safe(summary['timed_by'])}; limit {summary['limit_seconds']:g} s.</p>"
    )
    if summary["complete"]:
        return text
    problems = "".join(f"<li>{_safe(problem)}</li>" for problem in summary["problems"])
    return f"{text}<div class='warning'><b>Incomplete.</b><ul>{problems}</ul></div>"


def _table(events: Sequence[Event]) -> str:
    names = "Event", "Vehicle", "Zone", "From", "To", "Stood", "Share", "Verdict"
    rows = "".join(f"<th scope='col'>{name}</th>" for name in names)
    for e in events:
        name = _safe(e.event)
        cells = (
            f"<a href='#{name}'>{name}</a>" if _is_shown(e) else name,
            _safe(e.class_name),
            _safe(e.zone),
            _time(e.start_seconds),
            _time(e.end_seconds) + " (still there)" * e.ongoing,
            f"{e.seconds:g} s",
            f"{e.share:.0%}",
            _tags(e),
        )
        rows += "</tr><tr>" + "".join(f"<td>{cell}</td>" for cell in cells)
    return f"<table><tr>{rows}</tr></table>" if events else ""


def _tags(event: Event) -> str:
    tags = [event.verdict, *["review"] * event.needs_review]
    names = ((tag.split()[0].strip(","), tag) for tag in tags)
    return " ".join(f"<span class='tag {name}'>{tag}</span>" for name, tag in names)


def _sheet(event: Event, pictures: Sequence[tuple[str, bytes]]) -> str:
    alt = f"{event.class_name} in {event.zone}"
    figures = "".join(
        f"<figure>{_picture(jpeg, f'{alt}, {caption}')}<figcaption>{_safe(caption)}</figcaption>"
        "</figure>" for caption, jpeg in pictures
    )  # fmt: skip
    measure = "footprint" if event.rule == "footprint" else "contact strip"
    facts = {
        "Zone": f"{event.zone} ({event.kind})",
        "Time": f"{_time(event.start_seconds)} to {_time(event.end_seconds)}, frames "
        f"{event.first_frame} to {event.last_frame}: {event.seconds:g} s",
        "Share in the zone": f"{event.share:.0%} of the {measure} (90 % interval "
        f"{event.share_low:.0%} to {event.share_high:.0%})",
        "Confidence": f"{event.confidence:.2f} that the share is large enough; detection score "
        f"{event.score:.2f}",
        "Rule that fired": f"{event.rule}, and time",
        "Hidden": _count(event.hidden_frames, "frame"),
        "A person should look": "; ".join(event.reasons),
    }
    rows = "".join(
        f"<tr><th scope='row'>{key}</th><td>{_safe(fact)}</td></tr>"
        for key, fact in facts.items() if fact
    )  # fmt: skip
    name = _safe(event.event)
    return (
        f"<section class='sheet' id='{name}'><h2>{name} {_tags(event)}</h2><div class='pictures'>"
        f"{figures}</div><table><tbody>{rows}</tbody></table></section>"
    )


def _time(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)}:{rest:04.1f}"
