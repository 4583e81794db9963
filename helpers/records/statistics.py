"""What is in a set of detection records, in numbers.

`python -m helpers.records stats` prints it (lab 3). Before you train on records, look at how many
objects a picture holds, how large they are and how unequal the classes are. Rests on NumPy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from helpers.records.examples import Example


def class_name(example: Example, number: int) -> str:
    """The name of an object's class; where the record holds no names, its number."""
    if example.class_names:
        return example.class_names[number]
    return f"class {example.classes[number]}"


def statistics(examples: Iterable[Example]) -> dict[str, Any]:
    """What is in some examples: counts, sizes in pixels, areas of masks in pixels.

    Returns:
        A dictionary that `json.dumps` takes; summaries are minimum, median, mean and maximum.
        `classes` are by name, or by number where records hold no names. Crowds are regions, not
        instances, and are counted by themselves only.
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
    """Statistics as lines for people."""
    lines = []
    for key, value in found.items():
        shown = value
        if isinstance(value, dict):
            shown = ", ".join(f"{name} {number:g}" for name, number in value.items()) or "none"
        lines.append(f"{key.replace('_', ' ')}: {shown}")
    return "\n".join(lines)
