"""Contents of record files: statistics for `python -m tools.records stats`, a figure for `show`.

Before training on records, check the number and size of the objects and the class balance (lab 3).
Rests on `helpers.records` and, for the picture, `helpers.figures`.
"""

from __future__ import annotations

import glob
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from helpers import records
from helpers.errors import DataError
from helpers.files import whole
from helpers.records import Example

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def find_files(patterns: Iterable[str]) -> list[Path]:
    """Expand file names and patterns (`kerbside-test.tfrecord-*`), without duplicates.

    Raises:
        DataError: A name or pattern matches no file.
    """
    found: dict[Path, None] = {}
    for pattern in patterns:
        # File names may contain brackets, so an existing file takes precedence over a pattern.
        names = [pattern] if Path(pattern).is_file() else sorted(glob.glob(pattern))  # noqa: PTH207
        files = [Path(name) for name in names if Path(name).is_file()]
        if not files:
            do = "Check the path; quote a pattern or let the shell expand it."
            expected = "a TFRecord file or a pattern of several"
            raise DataError(pattern, expected=expected, found="no such file", do=do)
        found |= dict.fromkeys(files)
    return list(found)


def class_name(example: Example, number: int) -> str:
    """Class name of an object, or its id if the record holds no names."""
    if example.class_names:
        return example.class_names[number]
    return f"class {example.classes[number]}"


def statistics(examples: Iterable[Example]) -> dict[str, Any]:
    """Statistics of examples: counts, sizes in pixels, mask areas in pixels.

    Returns:
        A JSON-serialisable dictionary; summaries are minimum, median, mean and maximum. `classes`
        are keyed by name, or by id if the records hold no names. Crowds are regions, not instances,
        and are counted separately.
    """
    heights, widths, counts, areas, shares = [], [], [], [], []
    classes: Counter[str] = Counter()
    crowds = 0
    for example in examples:
        height, width = example.image.shape[:2]
        heights.append(height)
        widths.append(width)
        single = np.flatnonzero(~example.crowd)
        crowds += int(example.crowd.sum())
        counts.append(len(single))
        classes.update(class_name(example, k) for k in single)
        pixels = np.count_nonzero(example.masks[single], axis=(1, 2))
        areas.extend(pixels.tolist())
        shares.extend((pixels / (height * width)).tolist())
    return {
        "records": len(counts),
        "height": _summary(heights),
        "width": _summary(widths),
        "instances": sum(counts),
        "instances_per_picture": _summary(counts),
        "pictures_without_instances": counts.count(0),
        "classes": dict(sorted(classes.items(), key=lambda item: (-item[1], item[0]))),
        "mask_area": _summary(areas),
        "mask_share_of_picture": _summary(shares),
        "crowd": crowds,
    }


def _summary(values: Sequence[float]) -> dict[str, float]:
    if not values:
        return {}
    numbers = {
        "minimum": min(values),
        "median": float(np.median(values)),
        "mean": float(np.mean(values)),
        "maximum": max(values),
    }
    return {name: float(f"{value:.6g}") for name, value in numbers.items()}


def as_text(found: dict[str, Any]) -> str:
    """Statistics as readable lines."""
    lines = []
    for key, value in found.items():
        shown = value
        if isinstance(value, dict):
            shown = ", ".join(f"{name} {number:g}" for name, number in value.items()) or "none"
        lines.append(f"{key.replace('_', ' ')}: {shown}")
    return "\n".join(lines)


def pick(paths: Sequence[Path], index: int) -> Example:
    """Return the example with the given index, from 0 across all files; only this one is decoded.

    Raises:
        DataError: The index is negative or too large.
        RecordError: The record or one before it is damaged.
    """
    count = 0
    for path in paths:
        for where, payload in records.payloads(path):
            if count == index:
                return records.parse(payload, where, extras=False)
            count += 1
    files = str(paths[0]) if len(paths) == 1 else f"{len(paths)} files from {paths[0]}"
    expected = f"a number from 0 to {count - 1}" if count else "a file with records"
    raise DataError(f"--index for {files}", expected=expected, found=str(index))


def draw(example: Example) -> Figure:
    """Draw a picture with the mask, outline, box, number and class of each object, and its id."""
    from matplotlib.patches import Rectangle

    from helpers import figures, masks

    height, width = example.image.shape[:2]
    count = len(example.classes)
    colours = [figures.COLOURS[k % len(figures.COLOURS)] for k in range(count)]
    # Small pictures are enlarged, so that an outline of one pixel does not cover an object.
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
        # Dark text on light colours and vice versa, by Rec. 601 luma.
        light = np.dot(colour, (0.299, 0.587, 0.114)) > 128
        axes.text(
            left,
            top,
            f"{k + 1} {class_name(example, k)}{' (crowd)' if example.crowd[k] else ''}",
            fontsize=8,
            color="black" if light else "white",
            verticalalignment="bottom" if top > height / 20 else "top",
            bbox=dict(facecolor=figures.unit(colour), edgecolor="none", pad=1.2),
            parse_math=False,  # dollar signs in names are literal
            clip_on=True,
        )
    axes.title.set_parse_math(False)
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write a figure atomically, in the format given by the suffix of the path."""
    import matplotlib.pyplot as plt

    kind = path.suffix.removeprefix(".").lower()
    known = figure.canvas.get_supported_filetypes()
    if kind not in known:
        expected = f"one of the suffixes {', '.join(sorted(known))}"
        raise DataError(f"--out {path}", expected=expected, found=repr(path.suffix))
    try:
        with whole(path) as temporary:
            figure.savefig(temporary, format=kind, facecolor="white")
    except OSError as error:
        found = error.strerror or str(error)
        raise DataError(f"--out {path}", expected="a place to write", found=found) from error
    finally:
        plt.close(figure)
