"""Label maps: which number means which class.

TFOD2 keeps them as text (`item { id: 1 name: 'car' }`); lab 3 reads one, lab 4 names detections by
it. Rests on the standard library.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from helpers.errors import DataError, explain

_ITEM = re.compile(r"item\s*\{([^{}]*)\}")
_NUMBER = re.compile(r"\bid\s*:\s*(\d+)")
_NAME = re.compile(r"\b(display_name|name)\s*:\s*(?:'([^']*)'|\"([^\"]*)\")")

_COCO = """
1 person, bicycle, car, motorcycle, airplane, bus, train, truck, boat, traffic light, fire hydrant
13 stop sign, parking meter, bench, bird, cat, dog, horse, sheep, cow, elephant, bear, zebra
25 giraffe
27 backpack, umbrella
31 handbag, tie, suitcase, frisbee, skis, snowboard, sports ball, kite, baseball bat, baseball glove
41 skateboard, surfboard, tennis racket, bottle
46 wine glass, cup, fork, knife, spoon, bowl, banana, apple, sandwich, orange, broccoli, carrot
58 hot dog, pizza, donut, cake, chair, couch, potted plant, bed
67 dining table
70 toilet
72 tv, laptop, mouse, remote, keyboard, cell phone, microwave, oven, toaster, sink, refrigerator
84 book, clock, vase, scissors, teddy bear, hair drier, toothbrush
"""


def coco() -> dict[int, str]:
    """COCO's 80 classes by their numbers, which run from 1 to 90 with gaps."""
    names = {}
    for line in _COCO.strip().splitlines():
        first, rest = line.split(maxsplit=1)
        names |= {int(first) + k: name.strip() for k, name in enumerate(rest.split(","))}
    return names


def read(path: str | Path) -> dict[int, str]:
    """A label map from its file; `display_name` goes before `name`.

    Raises:
        DataError: no such file, or no label map in it.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        found = f"{type(error).__name__}"
        raise DataError(explain(str(path), expected="a label map", found=found)) from error
    text = re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE)
    names = {}
    for item in _ITEM.findall(text):
        number = _NUMBER.search(item)
        fields = {key: single or double for key, single, double in _NAME.findall(item)}
        if number is None or not fields:
            expected = "items with id and name"
            raise DataError(explain(str(path), expected=expected, found=" ".join(item.split())))
        names[int(number[1])] = fields.get("display_name") or fields["name"]
    if not names:
        expected = "a label map, item { id: 1 name: 'car' }"
        raise DataError(explain(str(path), expected=expected, found=f"{len(text)} characters"))
    return names


def write(names: Mapping[int, str]) -> str:
    """The text of a label map.

    >>> write({1: "car"})
    "item {\\n  id: 1\\n  name: 'car'\\n}\\n"
    """
    return "".join(f"item {{\n  id: {k}\n  name: {_quoted(names[k])}\n}}\n" for k in sorted(names))


def _quoted(name: str) -> str:
    return f'"{name}"' if "'" in name else f"'{name}'"
