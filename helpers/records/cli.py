"""`python -m helpers.records show|stats|from-...`: record files from the shell.

Lab 3 uses it. `show` draws one record of a file, `stats` counts what is in it, and the converters
write record files from COCO, Pascal VOC and LabelMe. Rests on
`helpers.records.examples`, `helpers.records.converters` and, for the picture, `helpers.figures`.
"""

from __future__ import annotations

import argparse
import glob
import itertools
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import helpers
from helpers.errors import CourseError, DataError, explain
from helpers.files import whole
from helpers.records.examples import Example, parse, read
from helpers.records.raw import read_raw
from helpers.records.statistics import as_text, class_name, statistics

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def find_files(patterns: Iterable[str]) -> list[Path]:
    """The files that names and patterns (`kerbside-test.tfrecord-*`) stand for, without doubles.

    Raises:
        DataError: One of them stands for no file.
    """
    found: dict[Path, None] = {}
    for pattern in patterns:
        # A file may have brackets in its name, so that it is looked for before the pattern is.
        names = [pattern] if Path(pattern).is_file() else sorted(glob.glob(pattern))  # noqa: PTH207
        files = [Path(name) for name in names if Path(name).is_file()]
        if not files:
            do = "Check the path; quote a pattern or let the shell expand it."
            expected = "a TFRecord file or a pattern of several"
            raise DataError(explain(pattern, expected=expected, found="no such file", do=do))
        found |= dict.fromkeys(files)
    return list(found)


def pick(paths: Sequence[Path], index: int) -> Example:
    """The example with a number, from 0 through all files; only that one is decoded.

    Raises:
        DataError: There are fewer records, or the number is negative.
        RecordError: The record or one before it is damaged.
    """
    count = 0
    for raw in itertools.chain.from_iterable(read_raw(path) for path in paths):
        if count == index:
            return parse(raw.payload, raw.where(), extras=False)
        count += 1
    files = str(paths[0]) if len(paths) == 1 else f"{len(paths)} files from {paths[0]}"
    expected = f"a number from 0 to {count - 1}" if count else "a file with records"
    raise DataError(explain(f"--index for {files}", expected=expected, found=str(index)))


def draw(example: Example) -> Figure:
    """The picture with each object's mask, outline, box, number and class, and its source id."""
    from matplotlib.patches import Rectangle

    from helpers import figures, masks

    height, width = example.image.shape[:2]
    count = len(example.classes)
    colours = [figures.COLOURS[k % len(figures.COLOURS)] for k in range(count)]
    # Small pictures are drawn larger, so that an outline of one pixel does not cover an object.
    scale = max(1, round(1000 / width))
    drawn = example.image.repeat(scale, axis=0).repeat(scale, axis=1)
    large = example.masks.repeat(scale, axis=1).repeat(scale, axis=2)
    drawn = masks.overlay(drawn, large, colours, alpha=0.45)
    for mask, colour in zip(large, colours, strict=True):
        drawn = masks.outline(drawn, mask, colour, width=2)
    inches = 11.0
    figure, axes = figures.new_figure(size=(inches, inches * height / width + 0.7))
    title = f"{example.source_id}: {width} × {height} pixels, {count} objects"
    figures.picture(axes, drawn, title, extent=(0, width, height, 0))
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    for k, (box, colour) in enumerate(zip(example.boxes, colours, strict=True)):
        top, left, bottom, right = box
        edge = dict(fill=False, edgecolor=figures.unit(colour), linewidth=1.6)
        style = "--" if example.crowd[k] else "-"
        axes.add_patch(Rectangle((left, top), right - left, bottom - top, linestyle=style, **edge))
        # Dark letters on light colours and the reverse, by the weights of Rec. 601 for brightness.
        light = np.dot(colour, (0.299, 0.587, 0.114)) > 128
        axes.text(
            left,
            top,
            f"{k + 1} {class_name(example, k)}{' (crowd)' if example.crowd[k] else ''}",
            fontsize=8,
            color="black" if light else "white",
            verticalalignment="bottom" if top > height / 20 else "top",
            bbox=dict(facecolor=figures.unit(colour), edgecolor="none", pad=1.2),
            parse_math=False,  # a dollar sign in a name is one
            clip_on=True,
        )
    axes.title.set_parse_math(False)
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write a figure, complete or not at all, in the format of the path's suffix."""
    import matplotlib.pyplot as plt

    kind = path.suffix.removeprefix(".").lower()
    known = figure.canvas.get_supported_filetypes()
    if kind not in known:
        expected = f"one of the suffixes {', '.join(sorted(known))}"
        raise DataError(explain(f"--out {path}", expected=expected, found=repr(path.suffix)))
    try:
        with whole(path) as temporary:
            figure.savefig(temporary, format=kind, facecolor="white")
    except OSError as error:
        found = error.strerror or str(error)
        raise DataError(
            explain(f"--out {path}", expected="a place to write", found=found)
        ) from error
    finally:
        plt.close(figure)


def _show(options: argparse.Namespace) -> str:
    example = pick(find_files(options.files), options.index)
    save(draw(example), options.out)
    return json.dumps(
        {
            "out": str(options.out),
            "source_id": example.source_id,
            "objects": [
                {"class": class_name(example, k), "box": np.round(box, 2).tolist()}
                for k, box in enumerate(example.boxes)
            ],
        },
        ensure_ascii=False,
    )


def _stats(options: argparse.Namespace) -> str:
    from tqdm import tqdm

    reading = read(find_files(options.files), extras=False, skip_bad=options.skip_bad)
    with tqdm(reading, desc="reading", unit=" records", file=sys.stderr) as bar:
        found = statistics(bar)
    for error in reading.errors:
        print(f"left out: {error}", file=sys.stderr)
    found["damaged_records_left_out"] = reading.skipped
    return json.dumps(found, ensure_ascii=False) if options.json else as_text(found)


def _from_coco(options: argparse.Namespace) -> str:
    from helpers.records.converters import from_coco

    manifest = from_coco(options.annotations, options.images, options.out, **_how(options))
    return json.dumps(manifest, ensure_ascii=False)


def _from_voc(options: argparse.Namespace) -> str:
    from helpers.records.converters import from_voc

    extra = {"listing": options.list, "label_map": options.label_map}
    manifest = from_voc(options.folder, options.out, **extra, **_how(options))
    return json.dumps(manifest, ensure_ascii=False)


def _from_labelme(options: argparse.Namespace) -> str:
    from helpers.records.labelme import from_labelme

    extra = {"images": options.images, "label_map": options.label_map}
    manifest = from_labelme(options.folder, options.out, **extra, **_how(options))
    return json.dumps(manifest, ensure_ascii=False)


def _how(options: argparse.Namespace) -> dict[str, Any]:
    names = ("shards", "workers", "skip_bad", "runner", "runner_options")
    return {name: getattr(options, name) for name in names}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m helpers.records", description=__doc__.split("\n\n")[1]
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    show = commands.add_parser("show", help="draw one record")
    show.add_argument("--index", type=int, default=0, help="of the record, from 0; %(default)s")
    show.add_argument("--out", type=Path, required=True, help="picture.png, or another format")
    show.set_defaults(run=_show)
    stats = commands.add_parser("stats", help="count what is in the records")
    stats.add_argument("--json", action="store_true", help="as one JSON object")
    stats.add_argument("--skip-bad", action="store_true", help="leave damaged records out")
    stats.set_defaults(run=_stats)
    for command in (show, stats):
        command.add_argument("files", nargs="+", metavar="FILE", help="shards, or a pattern")
    coco = commands.add_parser("from-coco", help="write records from COCO's instances.json")
    coco.add_argument("annotations", type=Path, help="instances.json")
    coco.add_argument("images", type=Path, help="the folder of its pictures")
    coco.set_defaults(run=_from_coco)
    voc = commands.add_parser("from-voc", help="write records from masks as Pascal VOC has them")
    voc.add_argument(
        "folder", type=Path, help="with JPEGImages, SegmentationObject and SegmentationClass"
    )
    voc.add_argument("--list", type=Path, help="names, one on each line; default: all")
    voc.set_defaults(run=_from_voc)
    labelme = commands.add_parser("from-labelme", help="write records from LabelMe's JSON files")
    labelme.add_argument("folder", type=Path, help="with one JSON file for each picture")
    labelme.add_argument("--images", type=Path, help="folder of the pictures, if it is another")
    labelme.set_defaults(run=_from_labelme)
    for command in (voc, labelme):
        command.add_argument("--label-map", type=Path, help="of the classes, label_map.pbtxt")
    for command in (coco, voc, labelme):
        command.add_argument("out", type=Path, help="NAME.tfrecord")
        command.add_argument("--shards", type=int, default=1, help="files; default: %(default)s")
        command.add_argument("--workers", type=int, default=1, help="default: %(default)s")
        command.add_argument("--skip-bad", action="store_true", help="leave bad pictures out")
        command.add_argument(
            "--runner",
            default="",
            help="of Apache Beam: DirectRunner, DataflowRunner, FlinkRunner, SparkRunner; each "
            "shard is one piece of its work; default: without Beam",
        )
        command.add_argument(
            "--runner-option",
            dest="runner_options",
            action="append",
            default=[],
            metavar="OPTION",
            help="for that runner, such as --runner-option=--region=europe-west1; repeatable",
        )
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs a command; its result is printed last. An error is one line and exit status 1."""
    options = _parser().parse_args(arguments)
    helpers.setup(quiet=True)
    try:
        print(options.run(options))
    except CourseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0
