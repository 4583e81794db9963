"""How accurate the rules are on Kerbside's stills, and the events on its clips.

Introduced in lab 5. Does each vehicle of a split's stills stand in a no-parking zone? One that the
detector misses counts as not reported, and a detection of nothing that is reported as a false
alarm, so the same table with true masks tells the rule's errors from the model's. Thresholds are
chosen on one split and scored on another; intervals draw cameras, since the stills of one camera
are not independent. In clips an event is right if vehicle and zone are those of a true event and
their times overlap by half.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from operator import itemgetter
from pathlib import Path

import numpy as np

from helpers import kerbside, metrics, records
from helpers.detection import mask_overlaps, match
from helpers.detector import Detections
from helpers.files import read_json
from helpers.masks import rle_to_mask
from parking.analysis import Analysis, Detect, watch
from parking.clips import open_clip
from parking.events import Event, Frame
from parking.rules import RULES, VEHICLES, Verdict, vehicles, verdicts
from parking.zones import Camera, read_camera

IOU = 0.5  # least overlap of the masks of a detection and a vehicle that are the same
TIMES = 0.5  # least overlap in time of an event with the true one

SCORES = (0.3, 0.4, 0.5)
"""Least detection scores that a rule may choose from on val; 0.2 and 0.6 were best for none."""

PAIRS = (
    ("box", "mask"), ("box_lower", "contact"), ("box_footprint", "footprint"),
    ("box", "box_lower"), ("box_lower", "box_footprint"), ("contact", "footprint"),
    ("box_lower", "footprint"),
)  # fmt: skip
"""Rules whose F1 is compared on the same cameras: what masks buy, then what looking lower does."""

Stills = Sequence[records.Example]
Chosen = Mapping[str, tuple[float, float]]
"""For each rule the least detection score and the threshold of its share."""


@dataclass(frozen=True, eq=False)
class Judged:
    """What one rule said about every vehicle of a split, and what is true."""

    scene: np.ndarray  # (V,) int: number of the still
    truth: np.ndarray  # (V,) bool: it stands in a no-parking zone
    share: np.ndarray  # (V,) what the rule measured; -1 where the vehicle was not detected
    vehicle: np.ndarray  # (V,) int: its id in the scene; -1 where a detection is no vehicle
    detection: np.ndarray  # (V,) int: row of the still's detections; -1 where there is none
    zone: np.ndarray  # (V,) the zone with the largest share, or None
    cameras: np.ndarray  # (scenes,) int: which camera took each still

    def reported(self, threshold: float) -> np.ndarray:
        """(V,) bool."""
        return self.share >= threshold

    def counts(self, threshold: float) -> np.ndarray:
        """The matrix [[true -, false +], [false -, true +]] of each camera, (C, 2, 2)."""
        names, camera = np.unique(self.cameras, return_inverse=True)
        matrices = np.zeros((len(names), 2, 2), int)
        reported = self.reported(threshold).astype(int)
        np.add.at(matrices, (camera[self.scene], self.truth.astype(int), reported), 1)
        return matrices

    def summary(self, threshold: float) -> dict:
        """Precision, recall, F1 with its 95 % interval over cameras, false alarms and misses."""
        matrices = self.counts(threshold)
        (right, alarms), (misses, hits) = matrices.sum(axis=0)
        low, high = metrics.bootstrap_interval(matrices, f1)
        return {
            "threshold": round(float(threshold), 4),
            "precision": float(hits / max(hits + alarms, 1)),
            "recall": float(hits / max(hits + misses, 1)),
            "f1": float(f1(matrices.sum(axis=0))),
            "f1_low": low,
            "f1_high": high,
            "false_alarms": int(alarms),
            "misses": int(misses),
            "offences": int(hits + misses),
            "false_alarm_rate": float(alarms / max(alarms + right, 1)),
        }

    def best_threshold(self) -> float:
        """The threshold with the best F1; the middle where several shares do as well."""
        at = np.unique(self.share[self.share > 0])
        if not len(at):
            return 1.0
        between = np.concatenate([at[:1] / 2, (at[1:] + at[:-1]) / 2])
        scores = np.array([f1(self.counts(t).sum(axis=0)) for t in between])
        best = np.flatnonzero(scores >= scores.max() - 1e-12)
        return float(between[best[len(best) // 2]])

    def alarms_at_recall(self, recall: float) -> int | None:
        """False alarms of the highest threshold that reaches a recall; None if none does."""
        hits = np.sort(self.share[self.truth])[::-1]
        least = [np.inf, *hits][int(np.ceil(recall * len(hits) - 1e-9))]
        return int((~self.truth & (self.share >= least)).sum()) if least > 0 else None


def f1(matrices: np.ndarray) -> np.ndarray:
    """F1 of [[true -, false +], [false -, true +]], (..., 2, 2): the Dice of the second class.

    >>> float(f1([[5, 2], [0, 3]]))
    0.75
    """
    return metrics.dice_per_class(np.asarray(matrices, float))[..., 1]


def precision_at(rate: float, matrices: np.ndarray) -> np.ndarray:
    """Precision where a share `rate` (0 to 1) of the vehicles offends (Bayes); matrices as in `f1`.

    >>> float(precision_at(0.02, np.array([[980, 20], [10, 90]])).round(2))
    0.48
    """
    rows = np.asarray(matrices, float)
    rates = rows[..., 1] / np.maximum(rows.sum(axis=-1), 1)  # false alarms, recall
    hits, alarms = rate * rates[..., 1], (1 - rate) * rates[..., 0]
    return hits / np.maximum(hits + alarms, 1e-12)


def judge(
    examples: Stills,
    found: Iterable[Detections] | None = None,
    *,
    rules: Sequence[str] = tuple(RULES),
    cameras: Callable[[int], Camera] | None = None,
) -> dict[str, Judged]:
    """What some of `RULES` say about the vehicles of stills of Kerbside.

    `found` defaults to the stills' true masks, `cameras` (by number) to Kerbside's files.

    >>> judge([next(records.read(kerbside.record_files("val")))], rules=["contact"])["contact"].zone
    array(['sidewalk_left', None, None], dtype=object)
    """
    view = lru_cache(cameras or (lambda number: read_camera(kerbside.camera_file(number))))
    found = map(true_detections, examples) if found is None else found
    rows: dict[str, list] = {rule: [] for rule in rules}
    for scene, (example, detections) in enumerate(zip(examples, found, strict=True)):
        camera = view(int(example.facts["camera"]))
        seen, facts = vehicles(detections, camera), kerbside.objects(example)
        asked = [k for k, fact in enumerate(facts) if fact["class"] in VEHICLES]
        masks, crowd = example.masks[asked], example.crowd[asked]
        partner = match(mask_overlaps(seen.masks, masks, crowd), IOU, crowd).tolist()
        cases = []
        for g in np.flatnonzero(~crowd):
            number, zone = (facts[asked[g]][key] for key in ("id", "stands_in_zone"))
            truth = zone is not None and not camera.zone(zone).needs_time
            cases.append((truth, number, partner.index(g) if g in partner else -1))
        cases += [(False, -1, k) for k, g in enumerate(partner) if g < 0]  # detections of nothing
        numbers = [*seen.numbers, -1]  # the last one is that of a vehicle that was not detected
        for rule in rules:
            answers = [*verdicts(seen, rule), Verdict(None, -1.0, False)]
            rows[rule] += [(scene, truth, answers[k].share, vehicle, numbers[k], answers[k].zone)
                           for truth, vehicle, k in cases]  # fmt: skip
    columns = {rule: np.array(each, "i8,?,f8,i8,i8,O") for rule, each in rows.items()}
    of_stills = np.array([int(example.facts["camera"]) for example in examples])
    return {rule: Judged(*(each[name] for name in each.dtype.names), of_stills)
            for rule, each in columns.items()}  # fmt: skip


def true_detections(example: records.Example) -> Detections:
    """The truth of a record as if a perfect detector had said it; crowds are left out.

    >>> true_detections(next(records.read(kerbside.record_files("val")))).class_names[:3]
    ('person', 'car', 'person')
    """
    boxes, scores = example.boxes.astype(np.float32), np.ones(len(example.boxes), np.float32)
    everything = boxes, example.classes, scores, example.masks, example.class_names
    return Detections(*everything).take(~example.crowd)


def choose(examples: Stills, found: Sequence[Detections], rules: Iterable[str]) -> Chosen:
    """The least detection score and the threshold with the best F1, for each rule.

    Choose on stills that are not reported, with their detections down to the least of `SCORES`.
    """
    best: dict[str, tuple] = {}
    for score in SCORES:
        for rule, judged in judge(examples, at_least(found, score), rules=tuple(rules)).items():
            threshold = judged.best_threshold()
            value = float(f1(judged.counts(threshold).sum(axis=0)))
            this = value, score, threshold
            best[rule] = max(best.get(rule, this), this, key=itemgetter(0))  # the first of equals
    return {rule: (score, threshold) for rule, (_, score, threshold) in best.items()}


def at_least(found: Iterable[Detections], score: float) -> list[Detections]:
    """The detections of each picture that have at least some score.

    >>> numbers, masks = np.array([[1, 2], [0.9, 0.3]]), np.ones((2, 4, 6), bool)
    >>> at_least([Detections(np.zeros((2, 4)), *numbers, masks, ("car", "van"))], 0.5)
    [Detections(car 0.90)]
    """
    return [each.take(each.scores >= score) for each in found]


def table(
    examples: Stills, found: Sequence[Detections], chosen: Chosen
) -> tuple[dict[str, dict], list[dict]]:
    """Each rule's summary, with the score and the threshold that another split chose, and by how
    much the F1 of the second rule of each of `PAIRS` is above the first's."""
    rows, counts = {}, {}
    for rule, (score, threshold) in chosen.items():
        judged = judge(examples, at_least(found, score), rules=(rule,))[rule]
        rows[rule] = {"least_score": score, **judged.summary(threshold)}
        counts[rule] = judged.counts(threshold)
    pairs = [(a, b) for a, b in PAIRS if a in counts and b in counts]
    return rows, [{"rules": pair, **f1_difference(*(counts[r] for r in pair))} for pair in pairs]


def f1_difference(first: np.ndarray, second: np.ndarray) -> dict[str, float]:
    """F1 of the second matrices (C, 2, 2) less that of the first, with its 95 % interval.

    Each draw takes the same cameras (rows) of both: what is hard about one is hard for both.

    >>> counts = np.array([[[9, 1], [2, 8]], [[5, 5], [4, 6]]])
    >>> f1_difference(counts, counts)
    {'f1': 0.0, 'f1_low': 0.0, 'f1_high': 0.0}
    """
    both = np.concatenate([first, second], axis=1)

    def difference(matrices: np.ndarray) -> np.ndarray:
        return f1(matrices[..., 2:, :]) - f1(matrices[..., :2, :])

    low, high = metrics.bootstrap_interval(both, difference)
    return {"f1": float(difference(both.sum(axis=0))), "f1_low": low, "f1_high": high}


@dataclass(eq=False)
class ClipScore:
    """One clip: its events beside the true ones."""

    events: list[Event]
    truth: list[dict]
    pairs: list[tuple[int, int]]  # (event, true event): same vehicle, same zone, at the same time
    vehicles: dict[int, int]  # track -> true vehicle that it lay on in most frames; -1 for none
    analysis: Analysis = field(repr=False)


def truth_detector(stored: dict, size: tuple[int, int]) -> Detect:
    """A detector that says a clip's truth, frame by frame: for telling apart whose error it is.

    >>> stored = read_json(kerbside.clip_files("val")[0], "the truth of a clip")
    >>> truth_detector(stored, kerbside.SIZE)(None).class_names[:3]  # of the first frame
    ('car', 'person', 'car')
    """
    frames = iter(stored["frames"])

    def detect(image: np.ndarray) -> Detections:
        instances = next(frames)["instances"].items()
        shown = {k: v for k, v in instances if "segmentation" in v and v["visible_pixels"] >= 24}
        names = tuple(stored["actors"][k]["class"] for k in shown)
        classes = np.array([kerbside.OBJECTS.index(name) + 1 for name in names], int)
        boxes = np.array([v["box"] for v in shown.values()], np.float32).reshape(-1, 4)
        masks = [rle_to_mask(v["segmentation"]) for v in shown.values()]
        masks = np.array(masks, bool).reshape(-1, *size)
        return Detections(boxes, classes, np.ones(len(names), np.float32), masks, names)

    return detect


def score_clip(file: Path, detect: Detect | None = None) -> ClipScore:
    """Analyse the clip of Kerbside beside a file of truth; no detector takes the true masks."""
    stored = read_json(file, "the truth of a clip")
    camera = read_camera(kerbside.camera_file(stored["camera"]))
    clip = open_clip(Path(file).with_suffix(".mp4"), camera)
    votes: dict[int, Counter] = defaultdict(Counter)

    def vote(frame: Frame) -> None:
        instances = stored["frames"][frame.moment.index]["instances"].items()
        standing = {k: v for k, v in instances if "segmentation" in v and "standing" in v}
        true = {int(k): rle_to_mask(v["segmentation"]) for k, v in standing.items()}
        for track in frame.tracks:
            overlaps = {k: metrics.mask_iou(track.mask, m, empty=0.0) for k, m in true.items()}
            overlaps[-1] = 0.3  # nobody's, unless one overlaps it as much
            votes[track.number][max(overlaps, key=overlaps.__getitem__)] += 1

    analysis = watch(clip, camera, detect or truth_detector(stored, clip.size), on_frame=vote)
    owners = {number: counts.most_common(1)[0][0] for number, counts in votes.items()}
    pairs = match_events(analysis.events, stored["events"], owners)
    return ClipScore(analysis.events, stored["events"], pairs, owners, analysis)


def match_events(
    events: list[Event], truth: list[dict], owners: dict[int, int]
) -> list[tuple[int, int]]:
    """Numbers of found and true events that belong together: same vehicle, zone and time."""
    overlaps = np.zeros((len(events), len(truth)))
    for k, g in np.ndindex(overlaps.shape):
        event, true = events[k], truth[g]
        if event.zone == true["zone"] and owners.get(event.vehicle) == true["vehicle"]:
            first = event.first_frame, true["first_frame"]
            last = event.last_frame, true["last_frame"]
            overlaps[k, g] = max(min(last) - max(first) + 1, 0) / (max(last) - min(first) + 1)
    return best_pairs(overlaps, TIMES)


def best_pairs(overlaps: np.ndarray, least: float) -> list[tuple[int, int]]:
    """Rows and columns of (K, G) overlaps that belong together, the best first; each is used once.

    >>> best_pairs(np.array([[0.6, 0.0], [0.9, 0.0], [0.2, 0.5]]), 0.5)
    [(1, 0), (2, 1)]
    """
    order = np.argsort(-overlaps.max(axis=1, initial=0), kind="stable")
    partner = match(overlaps[order], least)
    return sorted((int(k), int(g)) for k, g in zip(order, partner, strict=True) if g >= 0)


def summary(scores: Iterable[ClipScore]) -> dict:
    """Precision and recall of alarms, of those without a need for review, and dwell errors.

    Intervals (95 %) draw clips: events of one clip share street, light and traffic.
    """
    rows, errors, false = [], [], Counter()
    for score in scores:
        partner = {k: score.truth[g] for k, g in score.pairs}
        right = {k for k, true in partner.items() if true["violation"]}
        alarms = {k for k, event in enumerate(score.events) if event.violation}
        sure = {k for k in alarms if not score.events[k].needs_review}
        for k in right:
            event, true = score.events[k], partner[k]
            length = true["last_frame"] - true["first_frame"]
            errors.append(abs(event.last_frame - event.first_frame - length))
        false.update(_behaviour(score, score.events[k]) for k in alarms - right)
        offences = sum(true["violation"] for true in score.truth)
        found = len(alarms & right), len(alarms), offences
        rows.append([*found, len(sure & right), len(sure), score.analysis.frames])
    each = np.array(rows or [[0] * 6])
    right, alarms, offences, sure_right, sure, frames = each.sum(axis=0).tolist()
    drawn = metrics.bootstrap_draws(len(each)) @ each

    def limits(whole: int) -> list[float] | None:
        kept = drawn[drawn[:, whole] > 0]
        return [*metrics.percentile_interval(kept[:, 0] / kept[:, whole])] if len(kept) else None

    return {
        "clips": len(rows),
        "frames": frames,
        "offences": offences,
        "alarms": alarms,
        "precision": right / alarms if alarms else None,
        "precision_ci95": limits(1),
        "recall": right / offences if offences else None,
        "recall_ci95": limits(2),
        "dwell_error_median_frames": float(np.median(errors)) if errors else None,
        "dwell_error_worst_frames": max(errors, default=None),
        "alarms_for_review": alarms - sure,
        "precision_without_review": sure_right / sure if sure else None,
        "false_alarms": dict(sorted(false.items())),
    }


def _behaviour(score: ClipScore, event: Event) -> str:
    """What the vehicle of a false alarm was doing, as far as the truth tells."""
    vehicle = score.vehicles.get(event.vehicle, -1)
    known = [true for true in score.truth if true["vehicle"] == vehicle]
    if not known:
        return "no_vehicle" if vehicle == -1 else "no_event"
    late = any(true["violation"] for true in known)
    return "wrong_zone_or_time" if late else known[0]["behaviour"]
