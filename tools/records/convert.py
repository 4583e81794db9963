"""Conversion of an annotation set to shards of detection records, a label map and a manifest.

Shards are independent of each other, so this process or any worker of a Dask cluster with access to
the folders under the same paths may write them: the bytes are identical. All files are written to a
temporary folder and renamed once all are complete. Rests on `tools.records.annotations` and
`helpers.records`.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from helpers import pictures, records
from helpers.environment import dask_client
from helpers.errors import DataError
from tools.records.annotations import Annotated, AnnotationSet
from tools.records.label_maps import read_label_map

COUNTS = (
    *("objects", "crowd", "boxes_clipped", "boxes_from_masks", "objects_given_twice"),
    *("objects_without_pixels", "pictures_turned", "pictures_nearly_black", "pictures_left_out"),
)
"""What a manifest counts."""


def read_stored(path: Path) -> tuple[bytes, str, pictures.Size, int, bool]:
    """Read a picture: its bytes, "jpeg" or "png", stored height and width, EXIF orientation, and
    whether it is nearly black, 12 bits in a file of 16.

    Raises:
        DataError: The picture is missing, damaged, too large for a record, or in another format.
    """
    with pictures.opened(path, ("JPEG", "PNG")) as (picture, encoded):
        width, height = picture.size
        if width * height > pictures.MAX_PIXELS:
            expected, found = f"at most {pictures.MAX_PIXELS} pixels", f"{width}x{height}"
            raise DataError(str(path), expected=expected, found=found)
        orientation = pictures.orientation_of(picture)
        # Decoding at an eighth of the size reads every byte of a JPEG, and is much faster.
        picture.draft(None, (width // 8, height // 8))
        pictures.load(picture, encoded)
        kind = "png" if picture.format == "PNG" else "jpeg"
        dark = picture.mode.startswith("I") and picture.getextrema()[1] < pictures.SHOWN
        return encoded, kind, (height, width), orientation, dark


def convert(annotated: Annotated) -> tuple[bytes, Counter[str]]:
    """Convert one picture and its annotation to a record; also return the counters.

    The bytes of the file are kept unless EXIF data rotate the picture: training pipelines ignore
    EXIF, so such a picture is stored upright, JPEG at quality 95.

    Raises:
        DataError: The picture or one of its objects is invalid.
    """
    from PIL import Image

    with annotated.named():
        encoded, kind, size, orientation, dark = read_stored(annotated.path)
        example, counts = annotated.annotation(size, orientation)
        counts["pictures_nearly_black"] = int(dark)
        if orientation != 1:
            stream = io.BytesIO()
            quality = {"quality": 95, "subsampling": 0} if kind == "jpeg" else {}
            Image.fromarray(pictures.read(encoded, report=None)).save(stream, kind, **quality)
            encoded = stream.getvalue()
    return records.serialise(example, kind, encoded=encoded, filename=annotated.filename), counts


def write_shard(
    path: Path, annotated: Sequence[Annotated], skip_bad: bool, progress: Any = None
) -> dict[str, Any]:
    """Write one shard; return its manifest entry, counters, and omitted pictures by source id.

    Args:
        path: Output file.
        annotated: Pictures of the shard, in order.
        skip_bad: Whether to skip invalid pictures instead of raising the first error.
        progress: Callback after each picture.
    """
    counts: Counter[str] = Counter()
    left_out: dict[str, str] = {}

    def payloads() -> Iterator[bytes]:
        for each in annotated:
            try:
                payload, counted = convert(each)
            except DataError as error:
                if not skip_bad:
                    raise
                left_out[each.source_id] = str(error)
            else:
                counts.update(counted)
                yield payload
            if progress:
                progress()

    count = records.write_payloads(path, payloads())
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    entry = {"name": path.name, "records": count, "bytes": path.stat().st_size, "sha256": digest}
    return {"entry": entry, "counts": counts, "left_out": left_out}


def write_shards(
    annotated: AnnotationSet,
    out: Path,
    *,
    shards: int = 1,
    workers: int = 1,
    scheduler: str = "",
    skip_bad: bool = False,
) -> dict[str, Any]:
    """Convert all pictures; write shards, a label map and, last of all, a manifest.

    Args:
        annotated: Pictures in the order of the records.
        out: `NAME.tfrecord`. Several shards are named `NAME.tfrecord-00000-of-0000N`; beside them
            go `label_map.pbtxt` and `NAME.manifest.json` with the SHA-256 of every shard.
        shards: Number of files; the pictures are divided equally, in order.
        workers: Number of processes on this machine among which the shards are distributed.
        scheduler: Address of a Dask cluster to use instead, such as tcp://10.0.0.1:8786.
        skip_bad: Whether to skip pictures that are missing, damaged or wrongly annotated.

    Returns:
        The manifest.

    Raises:
        DataError: See `convert`; or there are no pictures, or existing files would be confused with
            the new ones.
    """
    total = len(annotated)
    if not total:
        raise DataError(str(out), expected="at least one picture to convert", found="none")
    if not 1 <= shards <= total or workers < 1:
        expected = f"at least 1 worker, and 1 to {total} shards for {total} pictures"
        found = f"{workers} workers and {shards} shards"
        raise DataError(str(out), expected=expected, found=found)
    if not out.name or out.is_dir():
        raise DataError(str(out), expected="NAME.tfrecord, a file to write", found="a folder")
    names = [f"{out.name}-{number:05}-of-{shards:05}" for number in range(shards)]
    names = names if shards > 1 else [out.name]
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        return _write_all(annotated, out, names, skip_bad, scheduler, workers)
    except OSError as error:  # no folder, no permission, a full disk
        found = f"{error.filename or ''}: {error.strerror or error}".removeprefix(": ")
        raise DataError(str(out), expected="a place to write", found=found) from error


def _write_all(
    annotated: AnnotationSet,
    out: Path,
    names: Sequence[str],
    skip_bad: bool,
    scheduler: str,
    workers: int,
) -> dict[str, Any]:
    """Write all files to a temporary folder and rename them; returns the manifest."""
    _refuse_others(out, names)
    label_map = records.label_map_text(annotated.classes)
    _refuse_another_label_map(out.parent / "label_map.pbtxt", annotated.classes)
    folder = out.parent.absolute()
    building = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".tmp", dir=folder))
    try:
        ends = [k * len(annotated) // len(names) for k in range(len(names) + 1)]
        parts = {
            building / name: annotated.pictures[start:end]
            for name, (start, end) in zip(names, pairwise(ends), strict=True)
        }
        if workers > 1 or scheduler:
            written = _on_dask(parts, skip_bad, scheduler, workers)
        else:
            written = _here(parts, skip_bad)
        manifest = _manifest(annotated, written)
        if not manifest["records"]:
            raise DataError(str(out), expected="a picture to write", found="none left")
        summary = out.with_suffix(".manifest.json").name
        text = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
        (building / summary).write_text(text, encoding="utf-8")
        (building / "label_map.pbtxt").write_text(label_map, encoding="utf-8", newline="\n")
        (folder / summary).unlink(missing_ok=True)  # an old manifest must not describe new shards
        for name in (*names, "label_map.pbtxt", summary):
            os.replace(building / name, folder / name)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return manifest


def _manifest(annotated: AnnotationSet, written: Sequence[dict[str, Any]]) -> dict[str, Any]:
    counts = sum((each["counts"] for each in written), Counter())
    left_out = {key: text for each in written for key, text in each["left_out"].items()}
    for text in left_out.values():
        print(f"left out: {text}", file=sys.stderr)
    counts["pictures_left_out"] = len(left_out)
    return {
        "source": annotated.source,
        "records": sum(each["entry"]["records"] for each in written),
        "counts": {key: counts[key] for key in COUNTS},
        "notes": annotated.notes,
        "left_out": list(left_out),
        "classes": {str(number): annotated.classes[number] for number in sorted(annotated.classes)},
        "shards": [each["entry"] for each in written],
    }


def _here(parts: Mapping[Path, Sequence[Annotated]], skip_bad: bool) -> list[dict[str, Any]]:
    """Write all shards one after the other in this process."""
    from tqdm import tqdm

    total = sum(map(len, parts.values()))
    with tqdm(total=total, desc="converting", unit=" pictures", file=sys.stderr) as bar:
        return [write_shard(path, part, skip_bad, bar.update) for path, part in parts.items()]


def _on_dask(
    parts: Mapping[Path, Sequence[Annotated]], skip_bad: bool, scheduler: str, workers: int
) -> list[dict[str, Any]]:
    """Write all shards with the workers of a cluster, or with local processes."""
    from tqdm import tqdm

    with dask_client(scheduler, workers=workers) as client:
        from dask.distributed import KilledWorker, as_completed

        waiting = [
            client.submit(write_shard, path, part, skip_bad, pure=False)
            for path, part in parts.items()
        ]
        options = {"desc": "converting", "unit": " shards", "file": sys.stderr}
        try:
            for done in tqdm(as_completed(waiting), total=len(waiting), **options):
                done.result()
            return [each.result() for each in waiting]
        except KilledWorker as error:
            expected, found = "the result of a worker", f"a killed worker ({error})"
            do = "Usually memory ran out: use more --shards or fewer --workers."
            raise DataError("Dask", expected=expected, found=found, do=do) from error
        finally:
            client.cancel(waiting)


def _refuse_others(out: Path, names: Sequence[str]) -> None:
    """Refuse leftover shards of another division: `NAME.tfrecord*` would match both."""
    family = re.compile(re.escape(out.name) + r"(-\d{5}-of-\d{5})?")
    present = sorted(path.name for path in out.parent.iterdir() if family.fullmatch(path.name))
    others = [name for name in present if name not in names]
    if others:
        do = "Remove them or choose another name."
        found = f"{others[0]} and {len(others) - 1} more" if len(others) > 1 else others[0]
        raise DataError(str(out), expected="no other shards", found=found, do=do)


def _refuse_another_label_map(path: Path, classes: Mapping[int, str]) -> None:
    if path.exists() and read_label_map(path) != dict(classes):
        do = "Write to another folder, or remove it."
        expected, found = "the same classes as here", "a label map of others"
        raise DataError(str(path), expected=expected, found=found, do=do)
