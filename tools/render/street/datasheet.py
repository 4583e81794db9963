"""Pictures for the datasheet of Kerbside: a contact sheet and the statistics.

It reads only the packed records; the packer calls it. Rests on OpenCV and `helpers.figures`.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from helpers.records import Example, read

from . import INSTANCE_CLASSES, SEMANTIC_CLASSES
from .mood import MOODS
from .placement import MODES
from .plan import SPLITS
from .preview import contact_sheet, overlay_example
from .street_plan import make_layout
from .zone_files import camera_file

CONTACT_SHEET, STATISTICS = "contact_sheet.jpg", "statistics.png"
COLUMNS, PICTURES = 6, 18


def draw_datasheet(folder: Path) -> None:
    """Write the contact sheet (test pictures) and the statistics into the dataset's folder."""
    examples = {split: _load(folder, split) for split in SPLITS}
    examples = {split: listed for split, listed in examples.items() if listed}
    if not examples:
        return
    shown = examples.get("test") or next(iter(examples.values()))
    _write_sheet(shown[:: max(1, len(shown) // PICTURES)][:PICTURES], folder / CONTACT_SHEET)
    draw_statistics(examples, folder / STATISTICS)


def _load(folder: Path, split: str) -> list[Example]:
    return list(read(sorted((folder / "kerbside").glob(f"*/kerbside-{split}.tfrecord-*"))))


def _write_sheet(examples: list[Example], path: Path) -> None:
    """Pictures in rows, each row above the same pictures with truth drawn over them."""
    import cv2

    rows = []
    for start in range(0, len(examples), COLUMNS):
        row = examples[start : start + COLUMNS]
        drawn = [overlay_example(e, camera_file(make_layout(e.facts["camera"]))) for e in row]
        rows += [contact_sheet([e.image for e in row], COLUMNS), contact_sheet(drawn, COLUMNS)]
    sheet = cv2.resize(np.vstack(rows), None, fx=0.75, fy=0.75, interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(path), sheet[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 82])


def draw_statistics(examples: dict[str, list[Example]], path: Path) -> None:
    """Six panels: classes, sizes, occlusion, situations, light, semantic shares; by split."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    from helpers.figures import new_figure

    figure, axes = new_figure(2, 3, size=(14, 8.2))
    vehicles = {
        split: [v for e in listed for v in e.facts["instances"] if v["class"] != "person"]
        for split, listed in examples.items()
    }
    panels = (
        ("instances a picture", INSTANCE_CLASSES,
         {s: Counter(n for e in v for n in e.class_names) for s, v in examples.items()}, examples),
        ("vehicles by visible size, %", ("small", "medium", "large"),
         {s: Counter(v["tags"]["size"] for v in listed) for s, listed in vehicles.items()},
         vehicles),
        ("vehicles by hidden share, %", ("none", "partial", "heavy", "hidden"),
         {s: Counter(v["tags"]["occlusion"] for v in listed) for s, listed in vehicles.items()},
         vehicles),
        ("vehicles by situation, %", tuple(MODES),
         {s: Counter(v["mode"] for v in listed) for s, listed in vehicles.items()}, vehicles),
        ("pictures by light, %", tuple(MOODS),
         {s: Counter(e.facts["light"]["mood"] for e in v) for s, v in examples.items()}, examples),
        ("pixels by semantic class, %", SEMANTIC_CLASSES,
         {s: _pixels(v) for s, v in examples.items()}, None),
    )
    for axis, (title, names, counts, whole) in zip(axes.flat, panels, strict=True):
        scale = {
            split: (1 if title.startswith("instances") else 100)
            / max(1, len(whole[split]) if whole else sum(counts[split].values()))
            for split in examples
        }
        _bars(axis, names, {s: [counts[s][n] * scale[s] for n in names] for s in examples})
        axis.set_title(title)
    axes[0, 0].legend()
    figure.savefig(path, dpi=75, metadata={"Software": None})
    plt.close(figure)


def _pixels(examples: list[Example]) -> Counter:
    totals = sum(np.bincount(e.semantic.ravel(), minlength=9) for e in examples)
    return Counter(dict(zip(SEMANTIC_CLASSES, totals.tolist(), strict=True)))


def _bars(axis, names: tuple[str, ...], values: dict[str, list[float]]) -> None:
    """Bars side by side, one colour and one hatching per split."""
    from helpers.figures import COLOURS, HATCHES, unit

    width = 0.8 / len(values)
    for k, (split, heights) in enumerate(values.items()):
        at = np.arange(len(names)) + (k - (len(values) - 1) / 2) * width
        axis.bar(at, heights, width, color=unit(COLOURS[k]), hatch=HATCHES[k], edgecolor="white",
                 label=split)
    labels = [name.replace("_", " ") for name in names]
    turned = len(names) > 4
    axis.set_xticks(range(len(names)), labels, rotation=40 if turned else 0,
                    ha="right" if turned else "center")
