"""Output of a grading run: tables, stored results for resuming, a summary.

All files are sorted by student and contain no times, so two runs over the same submissions give
identical files. Written answers and their marks are in `marks.py`.
"""

from __future__ import annotations

import base64
import hashlib
import html
import io
import sys
from collections import defaultdict
from pathlib import Path

from helpers import ROOT, files
from helpers.environment import version
from tools.grading import labs, marks
from tools.grading.engine import Job
from tools.grading.grades import Grade, Verdict
from tools.grading.students import Identity, identity
from tools.grading.submissions import LeftOut, Submission, printable
from tools.outlines import Outline


def job_print(job: Job) -> str:
    """Fingerprint of all that affects grades: labs, helpers, packages, grading code, limits."""
    digest = hashlib.sha256(repr(job).encode())
    paths = [*job.folder.glob("[0-9][0-9]_*.ipynb"), *labs.MUTANTS.glob("*.py")]
    for room in ("helpers", "parking", "tools/grading"):
        paths += (ROOT / room).rglob("*.py")
    read = ("cells.py", "exercises.py", "handed_in.py", "outlines.py", "untrusted.py")
    paths += [ROOT / "tools" / name for name in read]
    for path in sorted(paths):
        digest.update(f"{path.name}\n".encode())
        digest.update(path.read_bytes())
    for path in sorted(p for p in (ROOT / "data").rglob("*") if p.is_file()):
        digest.update(f"{path.relative_to(ROOT)} {path.stat().st_size}\n".encode())
    for package in ("numpy", "tensorflow", "keras", "opencv-python-headless", "ipython"):
        digest.update(f"{package} {version(package)}\n".encode())
    digest.update(sys.version.encode())
    return digest.hexdigest()


def fingerprint(submission: Submission, job: str) -> str:
    """Fingerprint of everything that affects the grade of a submission.

    Args:
        submission: The submission.
        job: `job_print` of the grading settings.
    """
    digest = hashlib.sha256(f"{job}\n{submission.note}\n".encode())
    try:
        digest.update(submission.read())
    except OSError as error:
        digest.update(str(error).encode(errors="replace"))
    return digest.hexdigest()


def blanks(chosen: list[Submission], outlines: dict[int, Outline]) -> list[Grade]:
    """Empty grades, to determine the rows of the written answers of a run."""
    grades = []
    for submission in chosen:
        grade = Grade(submission.student, printable(submission.place), submission.key)
        for task in (task for lab in outlines.values() for task in lab.tasks if task.written):
            grade.verdicts.append(Verdict(task.grade_id, task.title, "written", None, task.points))
        grades.append(grade)
    return grades


def stored(folder: Path, submission: Submission, mark: str) -> Grade | None:
    """Grade stored by an earlier run, if still valid."""
    path = folder / "results" / f"{submission.key}.json"
    try:
        first, _, text = path.read_text(encoding="utf-8").partition("\n")
        return Grade.from_json(text) if first == mark else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def store(folder: Path, grade: Grade, mark: str) -> None:
    """Store a grade immediately, so that an interrupted run loses only work in progress."""
    files.write_text(folder / "results" / f"{grade.key}.json", f"{mark}\n{grade.to_json()}\n")


def write_tables(folder: Path, grades: list[Grade], left_out: list[LeftOut]) -> None:
    """Write grades.csv, and the same in the import formats of Moodle and Canvas."""
    most = max((len(grade.verdicts) for grade in grades), default=0)
    numbers = [f"ex{number}" for number in range(1, most + 1)]
    rows: list[list[object]] = [
        ["student", "lab", "file", "points", "of", "to_read", *numbers, "problems", "name", "id",
         "email"]
    ]  # fmt: skip
    for grade in grades:
        points = [_number(v.points) for v in grade.verdicts]
        points += [""] * (most - len(points))
        head = [grade.student, grade.lab, grade.file, _number(grade.points), _number(grade.most)]
        rows.append([*head, grade.unread, *points, " ".join(grade.problems), *_who(grade.student)])
    for each in left_out:
        gap = [""] * (3 + most)
        why = f"not graded: {each.why}"
        rows.append([each.student, "", each.place, *gap, why, *_who(each.student)])
    files.write_bytes(folder / "grades.csv", marks.table(rows))
    write_platforms(folder, grades)


def _who(student: str) -> list[str]:
    who = identity(student)
    return [who.name, who.number, who.email]


def _key(who: Identity, student: str) -> object:
    """Key of a student across labs: Moodle's numbers differ from lab to lab."""
    return {"canvas": who.number, "moodle": (who.name, who.email)}.get(who.platform, student)


def write_platforms(folder: Path, grades: list[Grade]) -> None:
    """Write grades-moodle.csv and grades-canvas.csv: one row per student, one column per lab."""
    most = {grade.lab: grade.most for grade in grades if grade.lab}
    students: list[tuple[object, Identity, dict[str, str]]] = []
    for grade in grades:
        if not grade.lab:
            continue
        who = identity(grade.student)
        key = _key(who, grade.student)
        # A second student of the same name in the same lab is a different one.
        places = (p for other, _, p in students if other == key and grade.lab not in p)
        if (points := next(places, None)) is None:
            students.append((key, who, points := {}))
        points[grade.lab] = _number(grade.points)
    names = sorted(most)
    moodle: list[list[object]] = [["Identifier", "Full name", "ID number", "Email address", *names]]
    canvas: list[list[object]] = [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *names],
        ["Points Possible", "", "", "", "", *(_number(most[name]) for name in names)],
    ]
    for _, who, points in students:
        cells = [points.get(name, "") for name in names]
        participant = f"Participant {who.number}" if who.platform == "moodle" else ""
        number = "" if participant else who.number
        moodle.append([participant, who.name, number, who.email, *cells])
        canvas.append([who.name, number, "", who.email, "", *cells])
    files.write_bytes(folder / "grades-moodle.csv", marks.table(moodle))
    files.write_bytes(folder / "grades-canvas.csv", marks.table(canvas))


def _number(value: float | None) -> object:
    return "" if value is None else f"{value:g}"


def write_summary(folder: Path, grades: list[Grade], left_out: list[LeftOut]) -> None:
    """Write summary.html: results of the class, with plots of points and of exercises."""
    parts = []
    for lab in sorted({grade.lab for grade in grades if grade.lab}):
        parts.append(_lab_summary(lab, [grade for grade in grades if grade.lab == lab]))
    problems = [g for g in grades if g.problems]
    if problems:
        lines = [(html.escape(g.student), html.escape(" ".join(g.problems))) for g in problems]
        rows = "".join(f"<tr><td>{who}</td><td>{what}</td></tr>" for who, what in lines)
        parts.append(f"<h2>Submissions to look at</h2><table>{rows}</table>")
    if left_out:
        lines = [(html.escape(e.place or e.student), html.escape(e.why)) for e in left_out]
        rows = "".join(f"<tr><td>{what}</td><td>{why}</td></tr>" for what, why in lines)
        parts.append(f"<h2>Not graded</h2><table>{rows}</table>")
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
    """Plot of the points of the class and of the exercises, as base64 PNG."""
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
<p>Written answers count once they are marked: enter their points in written.csv.</p>
{parts}</main></body></html>
"""
