"""Command line for record files: convert annotations, show statistics, draw records.

    python -m tools.records from-coco instances.json images/ out.tfrecord --shards 8 --workers 2
    python -m tools.records from-voc VOC2012/ out.tfrecord --list ImageSets/Segmentation/train.txt
    python -m tools.records from-labelme labelled/ out.tfrecord
    python -m tools.records from-cvat annotations.xml images/ out.tfrecord
    python -m tools.records from-yolo images/ labels/ data.yaml out.tfrecord
    python -m tools.records stats out.tfrecord-*
    python -m tools.records show out.tfrecord-* --index 3 --out picture.png

A converter ends by printing its manifest as JSON, preceded by one line for each item that was
omitted or corrected. --scheduler tcp://HOST:8786 distributes the shards over a Dask cluster.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

import helpers
from helpers import records
from helpers.errors import CourseError, RecordError
from tools.records import annotations, coco, contents, convert, formats, labelme


def _show(options: argparse.Namespace) -> str:
    example = contents.pick(contents.find_files(options.files), options.index)
    contents.save(contents.draw(example), options.out)
    objects = [
        {"class": contents.class_name(example, k), "box": np.round(box, 2).tolist()}
        for k, box in enumerate(example.boxes)
    ]
    found = {"out": str(options.out), "source_id": example.source_id, "objects": objects}
    return json.dumps(found, ensure_ascii=False)


def _stats(options: argparse.Namespace) -> str:
    from tqdm import tqdm

    damaged: list[RecordError] = []
    reading = records.read(
        contents.find_files(options.files),
        extras=False,
        on_damage=damaged.append if options.skip_bad else None,
    )
    names: dict[int, set[str]] = {}

    def named(examples: Iterable[records.Example]) -> Iterator[records.Example]:
        for example in examples:
            for number, name in zip(example.classes.tolist(), example.class_names, strict=False):
                names.setdefault(number, set()).add(name)
            yield example

    with tqdm(reading, desc="reading", unit=" records", file=sys.stderr) as bar:
        found = contents.statistics(named(bar))
    for number, several in sorted(names.items()):
        if len(several) > 1:  # records of two label maps together
            print(f"note: class {number} has several names, {sorted(several)}", file=sys.stderr)
    for error in damaged[:100]:
        print(f"left out: {error}", file=sys.stderr)
    found["damaged_records_left_out"] = len(damaged)
    return json.dumps(found, ensure_ascii=False) if options.json else contents.as_text(found)


def _convert(options: argparse.Namespace) -> str:
    found = options.reader(options)
    for line in annotations.remarks(found.notes, Counter()):
        print(line, file=sys.stderr)
    manifest = convert.write_shards(
        found,
        options.out,
        shards=options.shards,
        workers=options.workers,
        scheduler=options.scheduler,
        skip_bad=options.skip_bad,
    )
    for line in annotations.remarks((), manifest["counts"]):
        print(line, file=sys.stderr)
    if not manifest["counts"]["objects"]:
        print("note: there is no object in any picture", file=sys.stderr)
    elif manifest["counts"]["objects"] == manifest["counts"]["crowd"]:
        print("note: every object is a crowd, of which nothing is learned", file=sys.stderr)
    return json.dumps(manifest, ensure_ascii=False)


def _from_coco(options: argparse.Namespace) -> annotations.AnnotationSet:
    return coco.read_coco(
        options.annotations,
        options.images,
        outlines=options.outlines,
        by_name=options.by_name,
        boxes=options.boxes,
    )


def _from_labelme(options: argparse.Namespace) -> annotations.AnnotationSet:
    return labelme.read_labelme(
        options.folder,
        images=options.images,
        label_map=options.label_map,
        outlines=options.outlines,
    )


def _from_voc(options: argparse.Namespace) -> annotations.AnnotationSet:
    return formats.read_voc(
        options.folder,
        listing=options.list,
        label_map=options.label_map,
        outlines=options.outlines,
    )


def _from_cvat(options: argparse.Namespace) -> annotations.AnnotationSet:
    return formats.read_cvat(
        options.annotations, options.images, outlines=options.outlines, by_name=options.by_name
    )


def _from_yolo(options: argparse.Namespace) -> annotations.AnnotationSet:
    return formats.read_yolo(
        options.images, options.labels, options.names, outlines=options.outlines
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.records",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    show = commands.add_parser("show", help="draw one record")
    show.add_argument(
        "--index", type=int, default=0, help="index of the record, from 0; %(default)s"
    )
    show.add_argument(
        "--out", type=Path, required=True, help="picture.png, or another image format"
    )
    show.set_defaults(run=_show)
    stats = commands.add_parser("stats", help="print statistics of records")
    stats.add_argument("--json", action="store_true", help="as one JSON object")
    stats.add_argument("--skip-bad", action="store_true", help="skip damaged records")
    stats.set_defaults(run=_stats)
    for command in (show, stats):
        command.add_argument("files", nargs="+", metavar="FILE", help="record files, or a pattern")
    from_coco = commands.add_parser("from-coco", help="write records from COCO's instances.json")
    from_coco.add_argument("annotations", type=Path, help="instances.json")
    from_coco.add_argument("images", type=Path, help="folder of its pictures")
    from_voc = commands.add_parser("from-voc", help="write records from Pascal VOC masks")
    from_voc.add_argument(
        "folder", type=Path, help="with JPEGImages, SegmentationObject and SegmentationClass"
    )
    from_voc.add_argument("--list", type=Path, help="file with one name per line; default: all")
    from_labelme = commands.add_parser(
        "from-labelme", help="write records from LabelMe's JSON files"
    )
    from_labelme.add_argument("folder", type=Path, help="folder with one JSON file per picture")
    from_labelme.add_argument("--images", type=Path, help="folder of the pictures, if different")
    from_cvat = commands.add_parser("from-cvat", help="write records from CVAT's XML for images")
    from_cvat.add_argument("annotations", type=Path, help="annotations.xml")
    from_cvat.add_argument("images", type=Path, help="folder of its pictures")
    from_yolo = commands.add_parser(
        "from-yolo", help="write records from YOLO segmentation text files"
    )
    from_yolo.add_argument("images", type=Path, help="folder of the pictures")
    from_yolo.add_argument("labels", type=Path, help="folder of the text files, NAME.txt")
    from_yolo.add_argument(
        "names", type=Path, help="data.yaml, or a text file with one name per line"
    )
    for command in (from_voc, from_labelme):
        command.add_argument("--label-map", type=Path, help="label_map.pbtxt of the classes")
    for command, names in (from_coco, ("--by-name", "--boxes")), (from_cvat, ("--by-name",)):
        for name in names:
            command.add_argument(name, **annotations.OPTIONS[name])
    readers = {from_coco: _from_coco, from_voc: _from_voc, from_labelme: _from_labelme}
    for command, reader in (readers | {from_cvat: _from_cvat, from_yolo: _from_yolo}).items():
        command.set_defaults(run=_convert, reader=reader)
        command.add_argument("out", type=Path, help="NAME.tfrecord")
        command.add_argument(
            "--shards", type=int, default=1, help="number of files; default: %(default)s"
        )
        command.add_argument("--workers", type=int, default=1, help="number of processes")
        command.add_argument(
            "--scheduler", default="", help="address of a Dask cluster, tcp://HOST:8786"
        )
        command.add_argument("--skip-bad", action="store_true", help="skip invalid pictures")
        command.add_argument("--outlines", **annotations.OPTIONS["--outlines"])
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; its result is printed last. An error gives one line and exit status 1."""
    options = _parser().parse_args(arguments)
    helpers.setup(quiet=True)
    try:
        print(options.run(options))
    except CourseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
