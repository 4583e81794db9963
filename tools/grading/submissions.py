"""Discovery of submissions: notebooks in folders, in archives, under unusual names.

No file is dropped silently: every file in the folder becomes a submission or is listed as left out,
with the reason. Nothing is written to disk; archives are read member by member, with limits, and
links are not followed, since they may point to other submissions.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import os
import re
import stat
import tarfile
import time
import unicodedata
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tools import handed_in
from tools.grading.students import owner
from tools.handed_in import MAX_BYTES
from tools.outlines import Outline

MAX_DEPTH = 8
MAX_MEMBERS = 20_000
MAX_UNPACKED = 2_000_000_000
"""Bytes of one archive that are looked through; a bomb has more."""
MAX_KEPT = 300_000_000
"""Bytes of notebooks that one archive in the manner of tar may hold."""
MAX_LISTED = 30
"""Files of one student that are named one by one."""
NOTEBOOK = re.compile(r"\.ipynb(?:\.(?:txt|json))?$", re.IGNORECASE)
ZIP = re.compile(r"\.zip$", re.IGNORECASE)
TAR = re.compile(r"\.(?:tar|tgz|tar\.(?:gz|bz2|xz))$", re.IGNORECASE)
OTHER_ARCHIVE = re.compile(r"\.(?:7z|rar|gz|bz2|xz|zst)$", re.IGNORECASE)
JUNK = re.compile(
    r"\._.*|__MACOSX|\.DS_Store|Thumbs\.db|desktop\.ini|\.ipynb_checkpoints|\.localized"
)
"""Files left by operating systems, which are not submissions."""


def printable(name: str) -> str:
    """Printable form of a name, valid in any file and terminal, and unique."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(
        c.encode("unicode_escape").decode() if unicodedata.category(c)[0] == "C" else c
        for c in text
    )


@dataclass(frozen=True)
class Submission:
    """One notebook of one student."""

    student: str
    """Whose it is: the name of the folder, of the file, or of the archive, as text."""
    name: str
    """The file's own name."""
    place: str
    """Path in the folder of submissions; unique."""
    path: Path | None = None
    """The file, or the archive that it is in."""
    member: str = ""
    """Its name in the archive."""
    modified: float = 0.0
    content: bytes | None = None
    """The file itself, where there is no path to it."""
    note: str = ""
    """A sentence for the student about the choice of the file."""

    @property
    def key(self) -> str:
        """Readable, safe and unique file name for its results."""
        stem = NOTEBOOK.sub("", self.name)
        readable = re.sub(r"[^\w.-]+", "_", f"{self.student}-{stem}")[:60].strip("._")
        digest = hashlib.sha256(self.place.encode("utf-8", "surrogateescape"))
        return f"{readable}-{digest.hexdigest()[:10]}"

    def read(self) -> bytes:
        """Read the file, or enough of it to see that it is too large.

        Raises:
            OSError: The file cannot be read.
        """
        if self.content is not None:
            return self.content
        if not self.member:
            with self.path.open("rb") as stream:
                return stream.read(MAX_BYTES + 1)
        try:
            with zipfile.ZipFile(self.path) as archive, archive.open(self.member) as stream:
                return stream.read(MAX_BYTES + 1)
        except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError) as error:
            raise OSError(f"the archive is damaged: {error}") from error


@dataclass(frozen=True)
class LeftOut:
    """A file that is not graded."""

    student: str
    place: str
    why: str


class Found:
    """Contents of a folder of submissions."""

    def __init__(self) -> None:
        self.submissions: list[Submission] = []
        self.left_out: list[LeftOut] = []

    def leave(self, student: str, place: str, why: str) -> None:
        """List a file as not graded."""
        self.left_out.append(LeftOut(student, printable(place), why))


def find(folder: Path) -> Found:
    """Find all submissions in a folder or an archive: STUDENT/.../NOTEBOOK.ipynb, STUDENT.ipynb.

    Raises:
        FileNotFoundError: The folder does not exist or contains no notebook.
    """
    found = Found()
    if folder.is_file() and (ZIP.search(folder.name) or TAR.search(folder.name)):
        _archive(folder, "", "", found)
    elif folder.is_dir():
        _walk(folder, (), found)
    else:
        raise FileNotFoundError(f"{folder} is not a folder")
    if not found.submissions:
        seen = "".join(f"\n  {each.place}: {each.why}" for each in found.left_out[:MAX_LISTED])
        raise FileNotFoundError(
            f"no submissions: expected {folder}/STUDENT/NOTEBOOK.ipynb, {folder}/STUDENT.ipynb or "
            f"archives of these{seen}"
        )
    _shorten(found)
    found.submissions.sort(key=lambda s: (s.student, s.place))
    return found


def _shorten(found: Found) -> None:
    """List a limited number of left-out files per student, and count the rest."""
    by_student: dict[str, list[LeftOut]] = defaultdict(list)
    for each in sorted(found.left_out, key=lambda e: (e.student, e.place)):
        by_student[each.student].append(each)
    found.left_out = []
    for student, each in by_student.items():
        found.left_out += each[:MAX_LISTED]
        more = len(each) - MAX_LISTED
        if more > 0:
            found.left_out.append(LeftOut(student, "", f"and {more} more files"))


def _walk(folder: Path, parts: tuple[str, ...], found: Found) -> None:
    """Collect the entries of a folder; the first part of a path is the student."""
    student = printable(parts[0]) if parts else ""
    place = "/".join(parts)
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        found.leave(student, place, f"cannot be read: {error.strerror}")
        return
    entries = [entry for entry in entries if not JUNK.fullmatch(entry.name)]
    if not entries and parts:
        found.leave(student, place, "an empty folder")
    if len(parts) > MAX_DEPTH:
        found.leave(student, place, "folders within folders, too many to look through")
        return
    for entry in entries:
        _entry(entry, (*parts, entry.name), found)


def _entry(path: Path, parts: tuple[str, ...], found: Found) -> None:
    place, name = "/".join(parts), parts[-1]
    alone = len(parts) == 1
    stem = NOTEBOOK.sub("", ZIP.sub("", TAR.sub("", name)))
    student = printable(stem if alone else parts[0])
    try:
        mode = path.lstat().st_mode
    except OSError as error:
        found.leave(student, place, f"cannot be read: {error.strerror}")
        return
    if stat.S_ISLNK(mode):
        found.leave(student, place, "a link; submit the file itself")
    elif stat.S_ISDIR(mode):
        if name.startswith("."):
            found.leave(student, place, "a hidden folder")
        else:
            _walk(path, parts, found)
    elif not stat.S_ISREG(mode):
        found.leave(student, place, "not a file")
    elif NOTEBOOK.search(name):
        modified = path.lstat().st_mtime
        submission = Submission(student, printable(name), place, path, modified=modified)
        found.submissions.append(submission)
    elif ZIP.search(name) or TAR.search(name):
        _archive(path, student, place, found)
    elif OTHER_ARCHIVE.search(name):
        found.leave(student, place, "an archive of a kind that is not read: unpack it, or use zip")
    else:
        found.leave(student, place, "not a notebook (.ipynb)")


def _archive(path: Path, student: str, place: str, found: Found) -> None:
    """Collect the notebooks of an archive; without a student, its folders are the students."""
    count = len(found.submissions) + len(found.left_out)
    filled: set[tuple[str, ...]] = set()
    empty: set[tuple[str, ...]] = set()
    try:
        members = _zip(path) if ZIP.search(path.name) else _tar(path)
        for number, (name, modified, content, why) in enumerate(members):
            if number >= MAX_MEMBERS:
                found.leave(student, place, f"an archive of more than {MAX_MEMBERS:,} files")
                return
            parts = [part for part in re.split(r"[\\/]+", name) if part not in ("", ".", "..")]
            kept = list(itertools.takewhile(lambda part: not JUNK.fullmatch(part), parts))
            is_file = bool(parts) and kept == parts and not name.endswith(("/", "\\"))
            folder = tuple(kept[:-1] if is_file else kept)[:MAX_DEPTH]
            (filled if is_file else empty).update(folder[:n] for n in range(1, len(folder) + 1))
            if not is_file:
                continue
            whose = student or printable(
                NOTEBOOK.sub("", parts[0]) if len(parts) == 1 else parts[0]
            )
            inner = f"{place}!{name}" if place else name
            if why:
                found.leave(whose, inner, why)
            elif NOTEBOOK.search(parts[-1]):
                member = "" if content is not None else name
                own = None if content is not None else path
                found.submissions.append(
                    Submission(whose, printable(parts[-1]), inner, own, member, modified, content)
                )
            elif ZIP.search(parts[-1]) or TAR.search(parts[-1]) or OTHER_ARCHIVE.search(parts[-1]):
                found.leave(whose, inner, "an archive within an archive: unpack it")
            else:
                found.leave(whose, inner, "not a notebook (.ipynb)")
    except (OSError, EOFError, ValueError, RuntimeError, zipfile.BadZipFile, tarfile.TarError,
            zlib.error, NotImplementedError) as error:  # fmt: skip
        found.leave(student, place, f"an archive that cannot be read: {error}"[:200])
        return
    outer = {folder[:-1] for folder in empty}
    for folder in sorted(empty - filled - outer):
        inner = "/".join(folder)
        inner = f"{place}!{inner}" if place else inner
        found.leave(student or printable(folder[0]), inner, "an empty folder")
    if len(found.submissions) + len(found.left_out) == count:
        found.leave(student, place, "an archive without a file in it")


Member = tuple[str, float, bytes | None, str]
"""Name, time of the last change, content or None, and why it is left out."""


def _zip(path: Path) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            why = ""
            if info.is_dir():
                yield info.filename, 0.0, b"", ""
                continue
            if stat.S_ISLNK(info.external_attr >> 16):
                why = "a link; submit the file itself"
            elif info.flag_bits & 1:
                why = "in an archive that needs a password"
            try:
                modified = time.mktime((*info.date_time, 0, 0, -1))
            except (ValueError, OverflowError):
                modified = 0.0
            yield info.filename, modified, None, why


class _Limited(io.RawIOBase):
    """A stream that raises an error after a given number of bytes."""

    def __init__(self, stream: io.BufferedIOBase, most: int):
        self.stream, self.left = stream, most

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self.stream.read(min(size if size >= 0 else 1 << 20, 1 << 24))
        self.left -= len(data)
        if self.left < 0:
            raise ValueError("it unpacks to more than can be looked through")
        return data


def _tar(path: Path) -> Iterator[Member]:
    import bz2
    import gzip
    import lzma

    with path.open("rb") as stream:
        head = stream.read(6)
    kinds = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}
    opener = next((o for magic, o in kinds.items() if head.startswith(magic)), open)
    with opener(path, "rb") as stream:
        limited = _Limited(stream, MAX_UNPACKED)
        with tarfile.open(fileobj=limited, mode="r|") as archive:
            kept = 0
            for info in archive:
                if info.isdir():
                    yield f"{info.name}/", 0.0, b"", ""
                    continue
                content, why = b"", ""
                if not info.isfile():
                    why = "a link; submit the file itself"
                elif NOTEBOOK.search(info.name):
                    content = archive.extractfile(info).read(MAX_BYTES + 1)
                    kept += len(content)
                    if kept > MAX_KEPT:
                        raise ValueError(f"more than {MAX_KEPT / 1e6:.0f} MB of notebooks")
                yield info.name, float(info.mtime), content, why


def _unwrapped(found: Found, labs: dict[Submission, object]) -> dict[Submission, object]:
    """Name the students by the inner folders if one folder or archive holds the whole class.

    That is so if all lies in one folder and two folders in it hold notebooks of the same lab.
    """
    if len({each.student for each in [*labs, *found.left_out]}) > 1:
        return labs

    def inner(place: str) -> str:
        parts = re.split(r"[/\\!]+", place)
        return printable(parts[1]) if len(parts) > 2 else ""

    folders = {(lab, inner(submission.place)) for submission, lab in labs.items()}
    if len(folders) == len({lab for lab, _ in folders}):
        return labs
    found.left_out = [
        replace(each, student=inner(f"{each.place}/") or each.student) for each in found.left_out
    ]
    return {replace(s, student=inner(s.place) or s.student): lab for s, lab in labs.items()}


def newest(found: Found, outlines: dict[int, Outline]) -> list[Submission]:
    """Keep the newest of several files of one student for one lab; leave out the others."""
    groups: dict[tuple[str, object], list[Submission]] = defaultdict(list)
    labs: dict[Submission, object] = {}
    for submission in found.submissions:
        try:
            lab = handed_in.read(submission.read(), outlines, submission.name).lab
        except OSError:
            lab = None
        labs[submission] = submission.place if lab is None else lab
    for submission, lab in _unwrapped(found, labs).items():
        groups[owner(submission.student), lab].append(submission)
    chosen = []
    for group in groups.values():
        *older, last = sorted(group, key=lambda s: (s.modified, len(s.place), s.place))
        if older:
            names = ", ".join(printable(s.place) for s in older)
            note = f"{len(group)} files were submitted: {printable(last.place)} counts, not {names}"
            last = replace(last, note=note[:500] + ".")
        for each in older:
            why = f"an older file for the same lab; {printable(last.place)} counts"
            found.leave(each.student, each.place, why)
        chosen.append(last)
    return sorted(chosen, key=lambda s: (s.student, s.place))
