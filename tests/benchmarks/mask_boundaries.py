"""What a finer picture buys the detector's outlines: the shipped weights at several input sizes.

    python -m tests.benchmarks.mask_boundaries --every 5 --record

The same weights are put into a network of each size; pictures are scaled to it. Kerbside's stills
have 240 x 320 pixels, so a larger input adds no detail, only finer maps of features. Scored on test
stills: Boundary IoU (band of 2 pixels) of the vehicles found, how many are found, and the contact
rule's false alarms with a threshold chosen, at each size, on as many val stills.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
import time
from pathlib import Path

import numpy as np

import helpers
from helpers import metrics, records
from helpers.detector import SHIPPED, Detections, Detector, load_detector
from helpers.environment import available_cpus
from helpers.kerbside import record_files
from parking.scores import judge
from tools.recipes import maskrcnn
from tools.recipes.maskrcnn import export

SIZES = ((240, 320), (360, 480), (432, 576))
BAND = 2
RECORD = SHIPPED.with_name("maskrcnn_sizes.json")


def detector_of_size(size: tuple[int, int], folder: Path) -> Detector:
    """The shipped weights in a network for another input size."""
    config = maskrcnn.configuration(size=size)
    model = maskrcnn.build(config)
    export.restore(model, SHIPPED)
    target = folder / f"{size[0]}x{size[1]}"
    export.export(model, config.model, target, size=size, class_names=maskrcnn.CLASSES)
    return load_detector(target)


def boundary_ious(examples: list[records.Example], answers: list[Detections]) -> np.ndarray:
    """Boundary IoU of every vehicle that was found (IoU at least one half)."""
    values = []
    for example, found in zip(examples, answers, strict=True):
        for true in example.masks[(example.classes < 3) & ~example.crowd]:
            overlaps = [metrics.mask_iou(mask, true) for mask in found.masks]
            if overlaps and max(overlaps) >= 0.5:
                best = found.masks[int(np.argmax(overlaps))]
                values.append(metrics.boundary_iou(best, true, width=BAND, empty=1.0))
    return np.array(values)


def measure(size: tuple[int, int], stills: dict[str, list[records.Example]]) -> dict:
    """All figures of one size."""
    with tempfile.TemporaryDirectory() as folder:
        detect = detector_of_size(size, Path(folder))
        detect(stills["val"][0].image)  # the first call builds the graph
        begin, judged, answers = time.perf_counter(), {}, {}
        for split, examples in stills.items():
            answers[split] = [detect(example.image) for example in examples]
        seconds = (time.perf_counter() - begin) / sum(map(len, stills.values()))
    for split, examples in stills.items():
        judged[split] = judge(examples, answers[split], rules=("contact",))["contact"]
    values = boundary_ious(stills["test"], answers["test"])
    low, high = metrics.bootstrap_interval(values[:, None, None], lambda sums: sums / len(values))
    row = judged["test"].summary(judged["val"].best_threshold())
    asked = sum(int(((e.classes < 3) & ~e.crowd).sum()) for e in stills["test"])
    return {
        "size": list(size),
        "found": len(values),
        "vehicles": asked,
        "boundary_iou": round(float(values.mean()), 4),
        "boundary_iou_ci95": [round(low, 4), round(high, 4)],
        "f1": round(float(row["f1"]), 4),
        "false_alarms": row["false_alarms"],
        "misses": row["misses"],
        "seconds_per_still": round(seconds, 4),
    }


def main() -> None:
    """Prints a line for each size, and with --record leaves them beside the shipped weights."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--every", type=int, default=5, help="stills; default: %(default)s")
    parser.add_argument("--record", action="store_true", help=f"write {RECORD.name}")
    options = parser.parse_args()
    helpers.setup(quiet=True)
    stills = {
        split: list(itertools.islice(records.read(record_files(split)), 0, None, options.every))
        for split in ("val", "test")
    }
    rows = []
    for size in SIZES:
        rows.append(measure(size, stills))
        print(json.dumps(rows[-1]), flush=True)
    if options.record:
        command = f"python -m tests.benchmarks.mask_boundaries --every {options.every} --record"
        data = f"Kerbside (rendered), test, {len(stills['test'])} stills"
        record = {"command": command, "data": data, "cpus": available_cpus(), "sizes": rows}
        command.write_record(RECORD.with_suffix(""), record)


if __name__ == "__main__":
    main()
