"""The commands of `python -m parking`: analyse, evaluate, evaluate-lot, zones.

Introduced in lab 5. Progress goes to standard error, the last line of standard output is one JSON
object. Exit status: 0 all done, 1 an error, 2 an analysis that is incomplete (its report is there,
and says why). Rests on the other modules of the package.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import helpers
from helpers.errors import CourseError, DataError, explain

INCOMPLETE = 2

THRESHOLD = 0.4
"""Least detection score. On stills of the validation cameras, 0.2, 0.3, 0.4 and 0.5 gave an F1 of
0.951, 0.963, 0.970 and 0.964; on clips, the tracker asks for more where a track begins."""


def _detector(name: str, threshold: float = THRESHOLD) -> Callable:
    from helpers.detector import load_detector

    return partial(load_detector(name), threshold=threshold)


def _analyse(options: argparse.Namespace) -> tuple[dict, int]:
    from parking.analysis import analyse
    from parking.clips import open_clip
    from parking.zones import read_camera

    open_clip(options.clip, read_camera(options.camera), options.fps)  # before the model loads
    reference = None if options.reference is None else _picture(options.reference)

    def alert(event) -> None:
        print(
            f"alert: {event.class_name} in {event.zone} for {event.seconds:g} s since "
            f"{event.start_seconds:g} s ({event.event})",
            file=sys.stderr,
        )

    analysis = analyse(
        options.clip,
        options.camera,
        _detector(options.model),
        options.out,
        fps=options.fps,
        limit=options.limit,
        reference=reference,
        video=not options.no_video,
        on_alert=alert,
    )
    for problem in analysis.problems:
        print(f"incomplete: {problem}", file=sys.stderr)
    result = analysis.summary() | {
        "report": str(Path(options.out) / "report.html"),
        "events": len(analysis.events),
        "violations": sum(event.violation for event in analysis.events),
        "needs_review": sum(event.needs_review for event in analysis.events),
    }
    result.pop("video"), result.pop("thresholds")
    return result, 0 if analysis.complete else INCOMPLETE


def _picture(path: Path):
    import cv2

    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if pixels is None:
        raise DataError(explain(str(path), expected="a picture", found="none"))
    return pixels[..., ::-1].copy()


def _evaluate(options: argparse.Namespace) -> tuple[dict, int]:
    """Thresholds are chosen on `--choose-on`, never on the split that is reported."""
    from tqdm.auto import tqdm

    from parking import scores, stills

    detect = None if options.true_masks else _detector(options.model)
    result: dict = {"masks": "true" if options.true_masks else options.model}
    if not options.clips_only:
        chosen = stills.judge(options.choose_on, detect, limit=options.limit)
        scored = stills.judge(options.split, detect, limit=options.limit)
        table = stills.table(chosen, scored)
        recall = table["box"]["recall"]
        for rule, row in table.items():
            row["false_alarms_at_the_box_rules_recall"] = scored[rule].alarms_at_recall(recall)
            print(
                f"{rule:10} F1 {row['f1']:.3f} ({row['f1_low']:.3f} to {row['f1_high']:.3f}), "
                f"precision {row['precision']:.3f}, recall {row['recall']:.3f}, "
                f"{row['false_alarms']} false alarms, {row['misses']} misses",
                file=sys.stderr,
            )
        result["stills"] = {"split": options.split, "chosen_on": options.choose_on, "rules": table}
    if not options.stills_only:
        bar = partial(tqdm, desc=f"clips of {options.split}", unit="clip")
        result["clips"], _ = scores.evaluate_clips(options.split, detect, progress=bar)
    return result, 0


def _lot(options: argparse.Namespace) -> tuple[dict, int]:
    from parking.lot import evaluate_lot

    detect = None if options.no_system else _detector(options.model, options.score)
    result = evaluate_lot(options.folders, detect, tiles=options.tiles, pictures=options.pictures)
    return result, 0


def _zones(options: argparse.Namespace) -> tuple[dict, int]:
    from parking.zones import read_camera

    camera = read_camera(options.camera)
    kinds = {zone.name: zone.kind for zone in camera.zones}
    return {"camera": camera.name, "size": list(camera.size), "zones": kinds}, 0


def _parser() -> argparse.ArgumentParser:
    from parking import analysis

    parser = argparse.ArgumentParser(
        prog="python -m parking", description=analysis.__doc__.split("\n\n")[0]
    )
    commands = parser.add_subparsers(required=True, metavar="analyse|evaluate|evaluate-lot|zones")
    model = argparse.ArgumentParser(add_help=False)
    model.add_argument("--model", default="kerbside", help="as load_detector takes it; %(default)s")

    analyse = commands.add_parser("analyse", parents=[model], help="a clip to a report")
    analyse.add_argument("clip", type=Path, help="a video, or a folder of numbered pictures")
    analyse.add_argument("--camera", type=Path, required=True, help="its camera file (JSON)")
    analyse.add_argument("--out", type=Path, required=True, help="folder of the report")
    analyse.add_argument("--fps", type=float, help="frames a second, if the clip does not say it")
    analyse.add_argument(
        "--limit", type=float, default=8.0, help="seconds a vehicle may stand; default: %(default)s"
    )
    analyse.add_argument("--reference", type=Path, help="picture of how the view should look")
    analyse.add_argument("--no-video", action="store_true", help="write no annotated.mp4")
    analyse.set_defaults(run=_analyse)

    evaluate = commands.add_parser("evaluate", parents=[model], help="score on Kerbside")
    evaluate.add_argument("--split", choices=("train", "val", "test"), default="test")
    evaluate.add_argument(
        "--choose-on",
        choices=("train", "val"),
        default="val",
        help="split that chooses the rules' thresholds; default: %(default)s",
    )
    evaluate.add_argument("--true-masks", action="store_true", help="leave the detector out")
    evaluate.add_argument("--stills-only", action="store_true")
    evaluate.add_argument("--clips-only", action="store_true")
    evaluate.add_argument("--limit", type=int, help="stills of each split, for a quick look")
    evaluate.set_defaults(run=_evaluate)

    lot = commands.add_parser("evaluate-lot", parents=[model], help="score on a car park's frames")
    lot.add_argument(
        "folders", type=Path, nargs="+", help="each with frames, masks, bounding_boxes"
    )
    lot.add_argument("--no-system", action="store_true", help="true masks only")
    lot.add_argument("--score", type=float, default=0.3, help="least detection score; %(default)s")
    lot.add_argument("--tiles", type=int, default=3, help="tiles across a frame; %(default)s")
    lot.add_argument("--pictures", type=Path, help="folder for pictures of every frame")
    lot.set_defaults(run=_lot)

    zones = commands.add_parser("zones", help="check a camera file and list its zones")
    zones.add_argument("camera", type=Path)
    zones.set_defaults(run=_zones)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs a command; the last line printed is one JSON object."""
    options = _parser().parse_args(arguments)
    helpers.setup(quiet=True)
    try:
        result, status = options.run(options)
    except CourseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(json.dumps(result))
    return status
