"""The commands of `python -m parking`: analyse, city, zones, evaluate, evaluate-lot.

Progress goes to standard error, the last line of standard output is one JSON object. Exit status:
0 all done, 1 an error, 2 a wrong option, 3 an incomplete analysis (its report says why).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import helpers
from helpers.errors import CourseError
from helpers.files import write_text

INCOMPLETE = 3


@lru_cache(maxsize=1)
def _detector(model: str, threshold: float) -> Callable:
    from helpers.detector import load_detector

    return partial(load_detector(model), threshold=threshold)


def load(model: str, threshold: float, clip: Path, size: tuple[int, int]) -> Callable:
    """The detector of a clip, on a worker too; the same for all clips."""
    helpers.setup(quiet=True)
    return _detector(model, threshold)


def _alert(event: dict) -> None:
    what = "alert: {class_name} in {zone} for {seconds:g} s since {start_seconds:g} s ({event})"
    print(what.format(**event), file=sys.stderr)


# The commands: each takes its options and returns what is printed, and what made it incomplete.


def _analyse(model: str, reference: Path | None, **options: Any) -> tuple[dict, list[str]]:
    from helpers import pictures
    from parking.analysis import analyse
    from parking.drawing import PRIVATE

    detector, view = partial(load, model, PRIVATE), reference and pictures.read(reference)
    analysis = analyse(load=detector, reference=view, on_alert=_alert, **options)
    result = analysis.summary() | {
        "report": str(options["out"] / "report.html"),
        "events": len(analysis.events),
        "violations": sum(event.violation for event in analysis.events),
        "needs_review": sum(event.needs_review for event in analysis.events),
    }
    del result["video"], result["thresholds"]
    return result, analysis.problems


def _city(model: str, **options: Any) -> tuple[dict, list[str]]:
    from parking.analysis import JUDGED_FROM, city

    results = city(load=partial(load, model, JUDGED_FROM), on_alert=_alert, **options)
    events = [event for each in results for event in each["events"]]
    counts = {
        "clips": len(results),
        "incomplete": sum(bool(each["problems"]) for each in results),
        "events": len(events),
        "violations": sum(event["violation"] for event in events),
    }
    return counts, [problem for each in results for problem in each["problems"]]


def _zones(file: Path, camera: Path | None, out: Path | None) -> tuple[dict, list[str]]:
    from helpers.files import read_json
    from parking.zones import read_camera, write_camera, zones_from_labelme

    stored = read_json(file, "a camera file or LabelMe's")
    if isinstance(stored, dict) and "shapes" in stored:
        view = zones_from_labelme(file, camera and read_camera(camera))
    else:
        view = read_camera(file)
    if out is not None:
        write_camera(view, out)
    kinds = {zone.name: zone.kind for zone in view.zones}
    return {"camera": view.name, "size": list(view.size), "zones": kinds}, []


def _evaluate(
    model: str, true_masks: bool, split: str, choose_on: str, only: str | None, record: bool
) -> tuple[dict, list[str]]:
    from tqdm import tqdm

    from helpers import kerbside, records
    from parking import scores
    from parking.analysis import JUDGED_FROM
    from parking.rules import RULES

    def stills(split: str) -> tuple[list, list]:
        examples = list(records.read(kerbside.record_files(split)))
        if true_masks:
            return examples, [scores.true_detections(example) for example in examples]
        detect = _detector(model, min(scores.SCORES))
        bar = tqdm(examples, desc=f"detect {split}", unit="still", leave=False)
        return examples, [detect(example.image) for example in bar]

    result: dict = {"model": "true masks" if true_masks else model}
    if only != "clips":
        chosen = scores.choose(*stills(choose_on), RULES)
        rules, differences = scores.table(*stills(split), chosen)
        how = {"split": split, "chosen_on": choose_on, "interval": "95 %, over cameras"}
        result["stills"] = how | {"rules": rules, "differences": differences}
    if only != "stills":
        detect = None if true_masks else _detector(model, JUDGED_FROM)
        files = tqdm(kerbside.clip_files(split), desc="clips", unit="clip", leave=False)
        result["clips"] = scores.summary([scores.score_clip(file, detect) for file in files])
    if record:
        command = " ".join(["python -m parking", *sys.argv[1:]])
        text = json.dumps({"command": command, **result}, indent=1) + "\n"
        write_text(helpers.DATA / "weights" / "parking_kerbside.json", text)
    return result, []


def _lot(model: str, true_masks: bool, folders: list[Path]) -> tuple[dict, list[str]]:
    from parking.lot import CARS_FROM, evaluate_lot

    return evaluate_lot(folders, None if true_masks else _detector(model, CARS_FROM)), []


def _number(kind: type, most: float = 1e6) -> Callable:
    def number(text: str) -> float:
        value = kind(text)
        if not 0 < value <= most:
            expected = f"expected a number above 0, at most {most:g}"
            raise argparse.ArgumentTypeError(f"{expected}, found {text}")
        return value

    return number


def _parser() -> argparse.ArgumentParser:
    description = "Finds vehicles that stand where nobody may, and measures how accurate that is."
    parser = argparse.ArgumentParser(prog="python -m parking", description=description)
    names = parser.add_subparsers(required=True)

    def command(name: str, run: Callable, summary: str, *parents: argparse.ArgumentParser):
        made = names.add_parser(name, parents=parents, help=summary)
        made.set_defaults(run=run)
        return made.add_argument

    count, asked = _number(int), {"type": Path, "required": True}
    model, truth, time = (argparse.ArgumentParser(add_help=False) for _ in range(3))
    model.add_argument("--model", default="kerbside", help="as load_detector takes it; %(default)s")
    truth.add_argument("--true-masks", action="store_true", help="leave the detector out")
    time.add_argument("--fps", type=_number(float, 1000), help="frames a second, where neither "
                      "the clip nor the names of its frames say it")  # fmt: skip
    time.add_argument("--limit", type=_number(float), default=8.0,
                      help="seconds a vehicle may stand; default: %(default)s")  # fmt: skip

    add = command("analyse", _analyse, "a clip to a report", model, time)
    add("clip", type=Path, help="a video, or a folder of pictures")
    add("--camera", **asked, help="its camera file (JSON)")
    add("--out", **asked, help="folder of the report")
    add("--reference", type=Path, help="picture of how the view should look")
    add("--no-video", action="store_false", dest="video", help="write no annotated.mp4")

    add = command("city", _city, "many clips, on Dask workers", model, time)
    add("clips", type=Path, nargs="+", help="videos and folders of pictures")
    add("--cameras", **asked, help="folder of camera files")
    add("--out", **asked, help="file of events, one JSON line a clip")
    add("--scheduler", help="address of a Dask scheduler, such as tcp://10.0.0.1:8786")
    add("--workers", type=count, default=2, help="processes here, without --scheduler; %(default)s")

    add = command("zones", _zones, "check the zones of a camera, take in LabelMe's")
    add("file", type=Path, help="a camera file, or LabelMe's file of a frame, whose polygons are "
        "labelled KIND or KIND: NAME")  # fmt: skip
    add("--camera", type=Path, help="with LabelMe's file: the camera as it is known")
    add("--out", type=Path, help="camera file to write")

    add = command("evaluate", _evaluate, "score on Kerbside", model, truth)
    add("--split", choices=("train", "val", "test"), default="test")
    add("--choose-on", choices=("train", "val"), default="val",
        help="split that chooses scores and thresholds; %(default)s")  # fmt: skip
    add("--only", choices=("stills", "clips"), help="score one of the two; default: both")
    add("--record", action="store_true", help="keep the result in data/weights, for lab 5")

    add = command("evaluate-lot", _lot, "score on a car park's frames", model, truth)
    add("folders", type=Path, nargs="+", help="with frames, masks, bounding_boxes")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run a command; the last line printed is one JSON object."""
    options = vars(_parser().parse_args(arguments))
    helpers.setup(quiet=True)
    try:
        result, problems = options.pop("run")(**options)
    except CourseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for problem in problems:
        print(f"incomplete: {problem}", file=sys.stderr)
    print(json.dumps(result))
    return INCOMPLETE if problems else 0


if __name__ == "__main__":
    from parking.__main__ import main as entry  # under its own name: workers look for `load` there

    raise SystemExit(entry())
