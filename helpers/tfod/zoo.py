"""Which detection models there are: TFOD2's published zoo, the course's own, Model Garden's.

Lab 3 shows it as a table that one can filter. TFOD2's facts (speed, COCO mAP) were published with
its zoo and lie in `data/tfod2/zoo.csv`; Model Garden's come out of its experiment registry. Rests
on the standard library; Model Garden is imported where it is used.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from helpers import DATA

ZOO = DATA / "tfod2" / "zoo.csv"
PUBLISHED = "TFOD2 model zoo"
GARDEN = "Model Garden registry"
COURSE = "this course"


@dataclass(frozen=True)
class Model:
    """One configuration; what was not published is None or empty."""

    name: str
    architecture: str
    backbone: str
    input_size: str  # "1024x1024", height first
    masks: bool
    box_map: float | None  # COCO mAP of the boxes in percent
    mask_map: float | None
    speed_ms: float | None  # a picture, as its makers measured it
    source: str
    config: str = ""  # name of the pipeline configuration, or of the experiment


@cache
def published() -> tuple[Model, ...]:
    """The models of TFOD2's zoo for TensorFlow 2, and configurations without published weights."""

    def number(text: str) -> float | None:
        return float(text) if text else None

    with ZOO.open(encoding="utf-8", newline="") as stream:
        return tuple(
            Model(
                name=row["name"],
                architecture=row["architecture"],
                backbone=row["backbone"],
                input_size=row["input_size"],
                masks="masks" in row["outputs"].split(),
                box_map=number(row["box_map"]),
                mask_map=number(row["mask_map"]),
                speed_ms=number(row["speed_ms"]),
                source=PUBLISHED,
                config=row["config"],
            )
            for row in csv.DictReader(stream)
        )


@cache
def garden() -> tuple[Model, ...]:
    """The experiments that Model Garden's vision registry knows; empty where it is missing.

    It publishes its scores on its pages, not in the package, so none are given here.
    """
    try:
        from official.core import exp_factory
        from official.vision import registry_imports  # noqa: F401  (fills the registry)
    except ImportError:
        return ()
    found = []
    for name in sorted(exp_factory._REGISTERED_CONFIGS):
        model = getattr(exp_factory.get_exp_config(name).task, "model", None)
        size = [n for n in (getattr(model, "input_size", None) or [])[:2] if n]
        task = name.split("_")[0]
        found.append(
            Model(
                name=name,
                architecture={"maskrcnn": "Mask R-CNN", "fasterrcnn": "Faster R-CNN"}.get(
                    task, task
                ),
                backbone=getattr(getattr(model, "backbone", None), "type", None) or "",
                input_size="x".join(map(str, size)),
                masks=bool(getattr(model, "include_mask", False)),
                box_map=None,
                mask_map=None,
                speed_ms=None,
                source=GARDEN,
                config=name,
            )
        )
    return tuple(found)


def own() -> Model:
    """The course's own Mask R-CNN, `data/tfod2/mask_rcnn_resnet50_kerbside.config`."""
    return Model(
        name="Mask R-CNN ResNet50 Kerbside",
        architecture="Mask R-CNN",
        backbone="ResNet-50",
        input_size="128x128",
        masks=True,
        box_map=None,
        mask_map=None,
        speed_ms=None,
        source=COURSE,
        config="mask_rcnn_resnet50_kerbside",
    )


def models(**wanted: object) -> list[Model]:
    """All models, or those whose fields have the values given: `models(masks=True)`.

    Raises:
        TypeError: There is no such field.
    """
    unknown = wanted.keys() - Model.__dataclass_fields__.keys()
    if unknown:
        raise TypeError(
            f"no such field: {', '.join(sorted(unknown))}; there are "
            f"{', '.join(Model.__dataclass_fields__)}"
        )
    return [
        model
        for model in (own(), *published(), *garden())
        if all(getattr(model, field) == value for field, value in wanted.items())
    ]


def table(chosen: Iterable[Model]) -> str:
    """The models as lines of text, one a model; "-" stands for what was not published."""
    heads = ("name", "architecture", "backbone", "input", "masks", "box", "mask", "ms", "source")
    rows = [heads]
    for m in chosen:
        numbers = ("-" if v is None else f"{v:g}" for v in (m.box_map, m.mask_map, m.speed_ms))
        masks = "yes" if m.masks else "no"
        facts = (m.name, m.architecture, m.backbone or "-", m.input_size or "-", masks)
        rows.append((*facts, *numbers, m.source))
    widths = [max(len(row[i]) for row in rows) for i in range(len(heads))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
