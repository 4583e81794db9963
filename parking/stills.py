"""How right the rules are on Kerbside's stills, from true masks or from a detector's.

Introduced in lab 5. Every vehicle of a split is asked: does it stand in a no-parking zone? One that
the detector misses counts as not reported, and a detection of nothing that is reported as a false
alarm, so the same table with true masks tells what the rule gets wrong and what the model gets
wrong. Thresholds are chosen on one split and scored on another. Rests on `parking.rules`,
`helpers.records` and the bootstrap of `helpers.metrics`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from helpers import metrics, records
from helpers.detection import mask_overlaps
from helpers.detector import Detections
from helpers.kerbside import CAMERAS, record_files
from parking.rules import RULES, VEHICLES, vehicles, verdicts
from parking.zones import Camera, read_camera

IOU = 0.5
"""A detection and a vehicle are the same from this overlap of their masks."""

Detect = Callable[[np.ndarray], Detections]


@dataclass(frozen=True, eq=False)
class Judged:
    """What one rule said about every vehicle of a split, and what is true."""

    rule: str
    scene: np.ndarray  # (V,) int: which still
    truth: np.ndarray  # (V,) bool: it stands in a no-parking zone
    share: np.ndarray  # (V,) what the rule measured; -1 where the vehicle was not detected
    right_zone: np.ndarray  # (V,) bool: the zone with the largest share is the true one
    vehicle: np.ndarray  # (V,) int: its id in the scene; -1 where a detection is no vehicle
    scenes: int

    def reported(self, threshold: float) -> np.ndarray:
        """(V,) bool."""
        return self.share >= threshold

    def counts(self, threshold: float) -> np.ndarray:
        """(scenes, 2, 2): for every still the matrix [[true -, false +], [false -, true +]]."""
        matrices = np.zeros((self.scenes, 2, 2), int)
        said = self.reported(threshold).astype(int)
        np.add.at(matrices, (self.scene, self.truth.astype(int), said), 1)
        return matrices

    def summary(self, threshold: float) -> dict:
        """Precision, recall, F1 with its 95 % interval over stills, false alarms and misses."""
        matrices = self.counts(threshold)
        (_, alarms), (misses, hits) = matrices.sum(axis=0)
        low, high = metrics.bootstrap_interval(matrices, _f1)
        return {
            "threshold": round(float(threshold), 4),
            "precision": float(hits / max(hits + alarms, 1)),
            "recall": float(hits / max(hits + misses, 1)),
            "f1": float(_f1(matrices.sum(axis=0))),
            "f1_low": low,
            "f1_high": high,
            "false_alarms": int(alarms),
            "misses": int(misses),
            "offences": int(hits + misses),
        }

    def best_threshold(self) -> float:
        """The threshold with the best F1; the middle where several shares do as well."""
        at = np.unique(self.share[self.share > 0])
        if not len(at):
            return 1.0
        between = np.concatenate([at[:1] / 2, (at[1:] + at[:-1]) / 2])
        scores = np.array([_f1(self.counts(t).sum(axis=0)) for t in between])
        best = np.flatnonzero(scores >= scores.max() - 1e-12)
        return float(between[best[len(best) // 2]])

    def alarms_at_recall(self, recall: float) -> int | None:
        """False alarms of the highest threshold that reaches a recall; None if none does."""
        hits = np.sort(self.share[self.truth])[::-1]
        wanted = int(np.ceil(recall * len(hits) - 1e-9))
        if wanted == 0:
            return 0
        if hits[wanted - 1] <= 0:
            return None
        return int((~self.truth & (self.share >= hits[wanted - 1])).sum())


def _f1(matrices: np.ndarray) -> np.ndarray:
    return metrics.dice_per_class(np.asarray(matrices, float))[..., 1]  # F1 is Dice of a class


def judge(
    split: str,
    detect: Detect | None = None,
    *,
    rules: Sequence[str] = tuple(RULES),
    files: Sequence[Path] | None = None,
    examples: Sequence[records.Example] | None = None,
    limit: int | None = None,
) -> dict[str, Judged]:
    """Runs detector and rules over a split's stills, with a progress bar.

    Args:
        split: "train", "val" or "test".
        detect: from an image to `Detections`; None takes the true masks.
        rules: names of `RULES`.
        files: other record files.
        examples: stills that were read already, instead of a split's files.
        limit: stop after so many stills.
    """
    from tqdm.auto import tqdm

    cameras: dict[str, Camera] = {}
    rows: dict[str, list] = {rule: [] for rule in rules}
    scenes = 0
    if examples is None:
        stills, total = records.read(files or record_files(split)), limit
    else:
        stills, total = examples, min(len(examples), limit or len(examples))
    for example in tqdm(stills, desc=f"judge {split}", unit="still", total=total, leave=False):
        if limit is not None and scenes == limit:
            break
        number = str(example.facts["camera"])
        if number not in cameras:
            cameras[number] = read_camera(CAMERAS / f"{number}.json")
        found = true_detections(example) if detect is None else detect(example.image)
        for rule, judged in _judge(example, found, cameras[number], rules).items():
            rows[rule] += [(scenes, *row) for row in judged]
        scenes += 1
    return {rule: _judged(rule, rows[rule], scenes) for rule in rules}


def _judged(rule: str, rows: list[tuple], scenes: int) -> Judged:
    scene, truth, share, right, vehicle = zip(*rows, strict=True) if rows else [()] * 5
    return Judged(
        rule=rule,
        scene=np.array(scene, int),
        truth=np.array(truth, bool),
        share=np.array(share, float),
        right_zone=np.array(right, bool),
        vehicle=np.array(vehicle, int),
        scenes=scenes,
    )


def true_detections(example: records.Example) -> Detections:
    """The truth of a record as if a perfect detector had said it; crowds are left out."""
    kept = ~example.crowd
    return Detections(
        boxes=example.boxes[kept].astype(np.float32),
        classes=example.classes[kept],
        scores=np.ones(int(kept.sum()), np.float32),
        masks=example.masks[kept],
        class_names=tuple(np.array(example.class_names, object)[kept]),
    )


def _judge(
    example: records.Example, found: Detections, camera: Camera, rules: Sequence[str]
) -> dict[str, list[tuple]]:
    """For each rule (truth, share, right zone, id) of every vehicle and every false detection."""
    seen = vehicles(found, camera)
    facts = {each["id"]: each for each in example.facts["instances"]}
    ids = np.array(example.facts["objects"], int)
    asked = np.array([facts[i]["class"] in VEHICLES for i in ids], bool)
    ids, masks, crowd = ids[asked], example.masks[asked], example.crowd[asked]
    overlaps = mask_overlaps(seen.masks, masks, crowd)
    partner: dict[int, int] = {}  # object -> detection
    spare = []  # detections of nothing
    for k in np.argsort(-seen.scores, kind="stable"):
        free = [g for g in range(len(ids)) if not crowd[g] and g not in partner]
        best = max(free, key=lambda g: overlaps[k, g], default=None)
        if best is not None and overlaps[k, best] >= IOU:
            partner[best] = int(k)
        elif not (overlaps[k, crowd] >= IOU).any():
            spare.append(int(k))
    result = {}
    for rule in rules:
        said = verdicts(seen, rule)
        rows = []
        for g in np.flatnonzero(~crowd):
            zone = facts[ids[g]]["stands_in_zone"]
            truth = zone is not None and not camera.zone(zone).needs_time
            verdict = said[partner[g]] if g in partner else None
            share = -1.0 if verdict is None else verdict.share
            right = verdict is not None and truth and verdict.zone == zone
            rows.append((truth, share, right, int(ids[g])))
        rows += [(False, said[k].share, False, -1) for k in spare]
        result[rule] = rows
    return result


def table(chosen_on: dict[str, Judged], scored_on: dict[str, Judged]) -> dict[str, dict]:
    """For each rule its summary on a split, with the threshold that another split chose."""
    return {
        rule: judged.summary(chosen_on[rule].best_threshold()) for rule, judged in scored_on.items()
    }


def without_hidden(judged: Judged) -> Judged:
    """Only vehicles that were detected: what is left is the rule's own error."""
    kept = judged.share >= 0
    parts = {
        name: getattr(judged, name)[kept]
        for name in ("scene", "truth", "share", "right_zone", "vehicle")
    }
    return replace(judged, **parts)
