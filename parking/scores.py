"""How right the events are on Kerbside's clips, whose truth is computed from the motion.

Introduced in lab 5. An event found is right if vehicle and zone are those of a true event and their
times overlap by half (intersection over union of frames). Alarms are what counts: true events that
lasted the limit, against found ones that are violations. The others, brief stops and waiting at the
crossing, are counted too: they must not alarm. Rests on `parking.analysis` and
pycocotools.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from helpers.detector import Detections
from helpers.kerbside import CAMERAS, clip_files
from helpers.masks import rle_to_mask
from parking.analysis import Analysis, Detect, watch
from parking.clips import open_clip
from parking.events import LIMIT, Event
from parking.zones import read_camera

NUMBERS = {"car": 1, "van": 2, "person": 3}
TIMES = 0.5
"""Least overlap in time of an event with the true one."""


@dataclass(eq=False)
class ClipScore:
    """One clip: its events beside the true ones."""

    clip: str
    events: list[Event]
    truth: list[dict]
    pairs: list[tuple[int, int]]
    """(event, true event): same vehicle, same zone, times that overlap."""
    vehicles: dict[int, int]
    """Track -> the true vehicle that it lay on in most frames; -1 for none."""
    analysis: Analysis = field(repr=False)


def truth_detector(stored: dict, size: tuple[int, int]) -> Detect:
    """A detector that says a clip's truth, frame by frame: for telling apart whose error it is."""
    frames = iter(stored["frames"])

    def detect(image: np.ndarray) -> Detections:
        instances = next(frames)["instances"]
        shown = {k: v for k, v in instances.items() if "segmentation" in v}
        shown = {k: v for k, v in shown.items() if v["visible_pixels"] >= 24}
        names = tuple(stored["actors"][k]["class"] for k in shown)
        masks = [rle_to_mask(each["segmentation"]) for each in shown.values()]
        return Detections(
            boxes=np.array([v["box"] for v in shown.values()], np.float32).reshape(-1, 4),
            classes=np.array([NUMBERS[name] for name in names], int),
            scores=np.ones(len(names), np.float32),
            masks=np.array(masks, bool).reshape(-1, *size),
            class_names=names,
        )

    return detect


def score_clip(file: Path, detect: Detect | None = None) -> ClipScore:
    """Analyses one clip of Kerbside.

    Args:
        file: its truth; the video lies beside it.
        detect: None takes the true masks.
    """
    stored = json.loads(Path(file).read_text(encoding="utf-8"))
    camera = read_camera(CAMERAS / f"{stored['camera']}.json")
    clip = open_clip(Path(file).with_suffix(".mp4"), camera)
    analysis = Analysis(clip.name, camera, clip.fps, LIMIT)
    detect = detect or truth_detector(stored, clip.size)
    votes: dict[int, Counter] = {}
    begin = time.perf_counter()
    for frame in watch(clip, camera, detect, analysis):
        true = _true_masks(stored["frames"][frame.index])
        for track in frame.tracks:
            overlaps = {k: _iou(track.mask, mask) for k, mask in true.items()}
            best = max(overlaps, key=overlaps.__getitem__, default=-1)
            found = best if overlaps.get(best, 0) >= 0.3 else -1
            votes.setdefault(track.number, Counter())[found] += 1
    analysis.seconds = time.perf_counter() - begin
    owners = {number: counts.most_common(1)[0][0] for number, counts in votes.items()}
    pairs = match(analysis.events, stored["events"], owners)
    return ClipScore(stored["clip"], analysis.events, stored["events"], pairs, owners, analysis)


def match(events: list[Event], truth: list[dict], owners: dict[int, int]) -> list[tuple[int, int]]:
    """Pairs of found and true events, the best overlaps first; each is used once."""
    overlaps = [
        (_times(event, true), k, g)
        for k, event in enumerate(events)
        for g, true in enumerate(truth)
        if event.zone == true["zone"] and owners.get(event.vehicle) == true["vehicle"]
    ]
    pairs: list[tuple[int, int]] = []
    for overlap, k, g in sorted(overlaps, reverse=True):
        free = all(k != a and g != b for a, b in pairs)
        if free and overlap >= TIMES:
            pairs.append((k, g))
    return sorted(pairs)


def summary(scores: Iterable[ClipScore]) -> dict:
    """Precision and recall of alarms, of those without a need for review, and dwell errors."""
    counts, errors = Counter(), []
    for score in scores:
        partner = dict(score.pairs)
        counts["clips"] += 1
        counts["frames"] += score.analysis.frames
        for k, event in enumerate(score.events):
            right = k in partner and score.truth[partner[k]]["violation"]
            if event.violation:
                counts["alarms"] += 1
                counts["right"] += right
                counts["review"] += event.needs_review
                counts["sure"] += not event.needs_review
                counts["sure_right"] += right and not event.needs_review
                if not right:
                    counts["false_" + _behaviour(score, event)] += 1
            if right:
                true = score.truth[partner[k]]
                length = true["last_frame"] - true["first_frame"]
                errors.append(abs(event.last_frame - event.first_frame - length))
        found = {g for k, g in score.pairs if score.events[k].violation}
        for g, true in enumerate(score.truth):
            counts["offences"] += true["violation"]
            counts["found"] += true["violation"] and g in found

    def ratio(part: str, whole: str) -> float | None:
        return counts[part] / counts[whole] if counts[whole] else None

    return {
        "clips": counts["clips"],
        "frames": counts["frames"],
        "offences": counts["offences"],
        "alarms": counts["alarms"],
        "precision": ratio("right", "alarms"),
        "recall": ratio("found", "offences"),
        "dwell_error_median_frames": float(np.median(errors)) if errors else None,
        "dwell_error_worst_frames": int(max(errors)) if errors else None,
        "alarms_for_review": counts["review"],
        "precision_without_review": ratio("sure_right", "sure"),
        "false_alarms": {k[6:]: n for k, n in sorted(counts.items()) if k.startswith("false_")},
    }


def evaluate_clips(
    split: str, detect: Detect | None = None, *, progress: Callable = iter
) -> tuple[dict, list[ClipScore]]:
    """Scores all clips of a split; `progress` wraps the list of files, as tqdm does."""
    scores = [score_clip(file, detect) for file in progress(clip_files(split))]
    return summary(scores), scores


def _behaviour(score: ClipScore, event: Event) -> str:
    """What the vehicle of a false alarm was doing, as far as the truth tells."""
    vehicle = score.vehicles.get(event.vehicle, -1)
    known = [true for true in score.truth if true["vehicle"] == vehicle]
    if not known:
        return "no_vehicle" if vehicle == -1 else "no_event"
    if any(true["violation"] for true in known):
        return "wrong_zone_or_time"
    return known[0]["behaviour"]


def _true_masks(frame: dict) -> dict[int, np.ndarray]:
    return {
        int(number): rle_to_mask(each["segmentation"])
        for number, each in frame["instances"].items()
        if "segmentation" in each and "standing" in each
    }


def _iou(first: np.ndarray, second: np.ndarray) -> float:
    return (first & second).sum() / max((first | second).sum(), 1)


def _times(event: Event, true: dict) -> float:
    both = min(event.last_frame, true["last_frame"]) - max(event.first_frame, true["first_frame"])
    ends = max(event.last_frame, true["last_frame"]) - min(event.first_frame, true["first_frame"])
    return max(both + 1, 0) / (ends + 1)
