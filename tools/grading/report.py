"""What a run of grading leaves: grades.csv, written.csv, results to resume from, a summary.

Everything is sorted by student and holds no times, so two runs over the same submissions give the
same files. `written.csv` lists the written answers that a person has to read; points and comments
that are entered there count when grading runs again, which then takes seconds.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import html
import io
from collections import defaultdict
from pathlib import Path

from helpers import files
from tools.grading.engine import Job
from tools.grading.grader import Grade, Verdict
from tools.grading.submissions import MAX_BYTES, Submission

WRITTEN = ("student", "file", "exercise", "of", "points", "comment")


def fingerprint(submission: Submission, job: Job) -> str:
    """Changes whenever a grade might: with the file, the labs, the grading code and the limits."""
    digest = hashlib.sha256(repr(job).encode())
    sources = [*job.folder.glob("[0-9][0-9]_*.ipynb"), *Path(__file__).parent.glob("*.py")]
    for path in sorted(sources):
        digest.update(path.read_bytes())
    with submission.path.open("rb") as stream:
        digest.update(stream.read(MAX_BYTES + 1))
    return digest.hexdigest()


def stored(folder: Path, submission: Submission, mark: str) -> Grade | None:
    """The grade that an earlier run has kept, if it is still good."""
    path = folder / "results" / f"{submission.key}.json"
    try:
        first, _, text = path.read_text(encoding="utf-8").partition("\n")
        return Grade.from_json(text) if first == mark else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def store(folder: Path, grade: Grade, mark: str) -> None:
    """Keeps a grade at once, so that an interrupted run loses only what was in progress."""
    files.write_text(folder / "results" / f"{grade.key}.json", f"{mark}\n{grade.to_json()}\n")


def read_points(folder: Path, grades: list[Grade]) -> list[str]:
    """Takes over points and comments that a person has entered in written.csv.

    Returns:
        Sentences about entries that cannot be used.
    """
    path = folder / "written.csv"
    if not path.exists():
        return []
    places = {(_plain(g.student), _plain(g.file)): g for g in grades}
    problems = []
    with path.open(encoding="utf-8-sig", newline="") as stream:
        for line, row in enumerate(csv.DictReader(stream), start=2):
            grade = places.get((row.get("student"), row.get("file")))
            verdict = next(
                (v for v in grade.verdicts if v.grade_id == row.get("exercise")), None
            ) if grade else None  # fmt: skip
            if verdict is None or verdict.kind != "written":
                continue
            verdict.message = (row.get("comment") or "").strip()
            text = (row.get("points") or "").strip().replace(",", ".")
            if not text:
                continue
            try:
                points = float(text)
            except ValueError:
                points = -1.0
            if 0 <= points <= verdict.most:
                verdict.points = points
            else:
                problems.append(
                    f"written.csv, line {line}: expected points from 0 to {verdict.most:g}, "
                    f"found {text!r}"
                )
    return problems


def _plain(text: str) -> str:
    """A cell that a spreadsheet does not take for a formula."""
    text = text.replace("\r", " ").replace("\n", " ")
    return f"'{text}" if text.startswith(tuple("=+-@\t")) else text


def _csv(rows: list[list[object]]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(
        [[_plain(value) if isinstance(value, str) else value for value in row] for row in rows]
    )
    return stream.getvalue()


def write_tables(folder: Path, grades: list[Grade]) -> None:
    """Writes grades.csv and written.csv."""
    most = max((len(grade.verdicts) for grade in grades), default=0)
    numbers = [f"ex{number}" for number in range(1, most + 1)]
    rows: list[list[object]] = [
        ["student", "lab", "file", "points", "of", "to_read", *numbers, "problems"]
    ]
    written: list[list[object]] = [list(WRITTEN)]
    for grade in grades:
        points = [_number(v.points) for v in grade.verdicts]
        points += [""] * (most - len(points))
        head = [grade.student, grade.lab, grade.file, _number(grade.points), _number(grade.most)]
        rows.append([*head, grade.unread, *points, " ".join(grade.problems)])
        for verdict in grade.verdicts:
            if verdict.kind == "written" and verdict.answer:
                row = [grade.student, grade.file, verdict.grade_id, _number(verdict.most)]
                written.append([*row, _number(verdict.points), verdict.message])
    files.write_text(folder / "grades.csv", _csv(rows))
    files.write_text(folder / "written.csv", _csv(written))


def _number(value: float | None) -> object:
    return "" if value is None else f"{value:g}"


def write_summary(folder: Path, grades: list[Grade]) -> None:
    """Writes summary.html: how the class did, with a plot of points and one of exercises."""
    parts = []
    for lab in sorted({grade.lab for grade in grades if grade.lab}):
        parts.append(_lab_summary(lab, [grade for grade in grades if grade.lab == lab]))
    problems = [g for g in grades if g.problems]
    if problems:
        lines = [(html.escape(g.student), html.escape(" ".join(g.problems))) for g in problems]
        rows = "".join(f"<tr><td>{who}</td><td>{what}</td></tr>" for who, what in lines)
        parts.append(f"<h2>Submissions to look at</h2><table>{rows}</table>")
    text = SUMMARY.replace("{count}", str(len(grades))).replace("{parts}", "\n".join(parts))
    files.write_text(folder / "summary.html", text)


def _lab_summary(lab: str, grades: list[Grade]) -> str:
    """Heading, plot and table of one lab."""
    by_exercise: dict[str, list[Verdict]] = defaultdict(list)
    for grade in grades:
        for verdict in grade.verdicts:
            by_exercise[verdict.grade_id].append(verdict)
    rows, shares = [], {}
    for grade_id, verdicts in by_exercise.items():
        read = [v for v in verdicts if v.points is not None]
        share = sum(v.points for v in read) / sum(v.most for v in read) if read else None
        shares[grade_id] = share
        messages = [v.message for v in read if v.message and v.kind == "code"]
        often = max(sorted(set(messages)), key=messages.count) if messages else ""
        shown = "to be read" if share is None else f"{share:.0%}"
        title = html.escape(verdicts[0].title)
        rows.append(
            f"<tr><td>{html.escape(grade_id)}</td><td>{title}</td><td>{shown}</td>"
            f"<td>{html.escape(often[:200])}</td></tr>"
        )
    points = [grade.points for grade in grades]
    picture = _plot(points, grades[0].most, shares)
    alt = (
        f"{lab}: {len(points)} submissions, {min(points):g} to {max(points):g} of "
        f"{grades[0].most:g} points"
    )
    head = (
        "<tr><th>exercise</th><th>title</th><th>points won</th><th>most frequent message</th></tr>"
    )
    return (
        f"<h2>{html.escape(lab)}</h2>\n<img alt='{html.escape(alt, quote=True)}' "
        f"src='data:image/png;base64,{picture}'>\n<table>{head}{''.join(rows)}</table>"
    )


def _plot(points: list[float], most: float, shares: dict[str, float | None]) -> str:
    """Points of the class and of the exercises, as PNG in base 64."""
    import matplotlib

    matplotlib.use("agg")
    import numpy as np

    from helpers import figures

    figure, axes = figures.new_figure(1, 2, size=(11, 3.4))
    axes[0].hist(points, bins=np.arange(-0.5, most + 1.5), color=figures.unit(figures.BLUE))
    axes[0].locator_params(integer=True)
    axes[0].set(xlabel=f"points of {most:g}", ylabel="submissions", xlim=(-0.5, most + 0.5))
    known = [(name, share) for name, share in shares.items() if share is not None]
    names = [name.split("-")[-1] for name, _ in known]
    axes[1].bar(
        names, [100 * share for _, share in known], color=figures.unit(figures.ORANGE), hatch="//"
    )
    axes[1].set(ylabel="points won, %", ylim=(0, 100), xlabel="exercise")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    matplotlib.pyplot.close(figure)
    return base64.b64encode(buffer.getvalue()).decode("ascii")


SUMMARY = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Grades, summary</title>
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse } td, th { padding: .3rem .7rem; text-align: left;
border-bottom: 1px solid #ccc; vertical-align: top } img { max-width: 100% }
</style></head><body><main><h1>{count} submissions</h1>
<p>Written answers count once somebody has read them: enter their points in written.csv.</p>
{parts}</main></body></html>
"""
