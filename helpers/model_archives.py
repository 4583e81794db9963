"""Model archives: downloaded, checked, unpacked without trusting them, and kept.

Lab 4 gets published models this way where there is a network. An archive may be damaged, may be
another than was published, may name files outside its folder or unpack to a full disk: all of this
is found out before or while it is unpacked in a folder of its own, which gets its final name only
when it is complete. Rests on the standard library and tqdm.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import shutil
import tarfile
import tempfile
import urllib.error
import urllib.request
import zlib
from pathlib import Path, PurePosixPath

import helpers
from helpers.errors import WeightsError, explain

CACHE = helpers.BUILD / "models"
"""Where models are kept; nothing is downloaded or unpacked twice."""

MAX_BYTES = 4 << 30
"""No archive may unpack to more; the largest Mask R-CNN of the zoo is a tenth of it."""

MAX_MEMBERS = 10_000
_BLOCK = 1 << 20
_DAMAGE = (tarfile.TarError, EOFError, zlib.error, OSError)


def download(url: str, *, sha256: str | None = None, cache: Path = CACHE) -> Path:
    """A file from the network, or the copy that was kept.

    Args:
        url: http or https.
        sha256: what the file's checksum must be; without one, it is printed for the next time.
        cache: the folder to keep it in.

    Raises:
        WeightsError: no network, no such file, an interrupted download, or another checksum.
    """
    from tqdm.auto import tqdm

    if not url.startswith(("https://", "http://")):
        raise WeightsError(explain("url", expected="http:// or https://", found=url))
    address = hashlib.sha256(url.encode()).hexdigest()[:12]
    path = cache / f"{address}-{PurePosixPath(url.split('?')[0]).name}"
    if path.is_file():
        check_sha256(path, sha256)
        return path
    cache.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=".download-", dir=cache)
    try:
        with os.fdopen(handle, "wb") as file, urllib.request.urlopen(url, timeout=30) as answer:
            length = int(answer.headers.get("Content-Length") or 0)
            with tqdm(total=length or None, desc=path.name, unit="B", unit_scale=True) as bar:
                while block := answer.read(_BLOCK):
                    file.write(block)
                    bar.update(len(block))
                if length and bar.n != length:
                    raise http.client.IncompleteRead(b"", length - bar.n)
        digest = check_sha256(Path(temporary), sha256, name=url)
        os.replace(temporary, path)
    except (OSError, http.client.HTTPException) as error:
        found = f"{type(error).__name__}: {error}"
        do = "Check the network and the address, or download it elsewhere and give the file."
        raise WeightsError(
            explain(url, expected="a file to download", found=found, do=do)
        ) from error
    finally:
        Path(temporary).unlink(missing_ok=True)
    if sha256 is None:
        print(f"Nobody vouches for {path.name}: pass sha256={digest!r} from now on.")
    return path


def check_sha256(path: Path, expected: str | None, *, name: str | None = None) -> str:
    """The SHA-256 of a file; raises `WeightsError` if another was expected."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if expected is not None and found != expected.lower():
        do = "It was damaged or replaced: delete it and get it again from a source you trust."
        raise WeightsError(
            explain(name or str(path), expected=f"SHA-256 {expected}", found=found, do=do)
        )
    return found


def unpack(archive: str | Path, *, sha256: str | None = None, cache: Path = CACHE) -> Path:
    """The folder that an archive (.tar, .tar.gz) unpacks to, complete or not at all.

    Raises:
        WeightsError: no such file, another checksum, damaged, too large, or with members that are
            links or devices or lie outside the folder. Nothing is left behind.
    """
    archive = Path(archive)
    if not archive.is_file():
        raise WeightsError(explain(str(archive), expected="an archive", found="no such file"))
    digest = check_sha256(archive, sha256)
    target = cache / f"{archive.name.split('.tar')[0].removesuffix('.tgz')}-{digest[:12]}"
    if target.is_dir():
        return target
    cache.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=".unpacking-", dir=cache))
    try:
        with tarfile.open(archive) as tar:
            members = _checked_members(tar, archive)
            # The filter is Python's own guard; it also refuses what the check above may overlook.
            tar.extractall(building, members=members, filter="data")
            while tar.fileobj.read(_BLOCK):
                pass  # to the end, where gzip has its checksum
        try:
            os.replace(building, target)
        except OSError:
            if not target.is_dir():  # else another process was faster
                raise
    except _DAMAGE as error:
        found = f"{type(error).__name__}: {error}"
        expected = "a complete .tar or .tar.gz archive"
        raise WeightsError(explain(str(archive), expected=expected, found=found)) from error
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return target


def _checked_members(tar: tarfile.TarFile, archive: Path) -> list[tarfile.TarInfo]:
    """All members of an archive, once it is sure that each of them is harmless."""
    members: list[tarfile.TarInfo] = []
    total = 0
    for member in tar:
        path = PurePosixPath(member.name)
        total += member.size
        if not (member.isfile() or member.isdir()):
            _refuse(archive, "files and folders only", f"{member.name}, a link or a device")
        if path.is_absolute() or ".." in path.parts or "\\" in member.name or ":" in member.name:
            _refuse(archive, "names inside its own folder", repr(member.name))
        members.append(member)
        if total > MAX_BYTES or len(members) > MAX_MEMBERS:
            limit = f"at most {MAX_BYTES >> 20} MB in {MAX_MEMBERS} files once unpacked"
            _refuse(archive, limit, f"{total >> 20} MB in {len(members)} so far")
    return members


def _refuse(archive: Path, expected: str, found: str) -> None:
    do = "Do not unpack it by hand either."
    raise WeightsError(explain(str(archive), expected=expected, found=found, do=do))
