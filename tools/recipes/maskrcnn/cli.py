"""`python -m tools.recipes.maskrcnn`: the Mask R-CNN of lab 4 from the shell.

The same steps as in the lab, with a record of the training. Rests on the sibling modules
`training`, `export` and `scores`, and on `tools.recipes.command`.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import helpers
from helpers import detector, kerbside, records, weights
from helpers.environment import available_cpus, version
from helpers.errors import CourseError, DataError, WeightsError
from tools.recipes import command
from tools.recipes.maskrcnn import data, model, photographs, scores
from tools.records import annotations
from tools.records.coco import read_coco

if TYPE_CHECKING:
    from tools.recipes.maskrcnn.training import Plan

RUNS = helpers.BUILD / "maskrcnn"
"""Folder for checkpoints and logs, with one subfolder per training run."""

OUTPUT = command.WEIGHTS / detector.SHIPPED.name
"""Default folder of the SavedModel that `train`, `export` and `blend` write."""


def _train(options: argparse.Namespace) -> dict:
    from tools.recipes.maskrcnn import export, training

    export.check_destination(options.output)  # now, not after an hour of training
    files = options.data or kerbside.record_files("train")
    plan = training.Plan(
        files=tuple(str(file) for file in files),
        steps=options.steps,
        batch_size=options.batch_size,
        learning_rate=options.learning_rate,
        seed=options.seed,
        augment=not options.no_augmentation,
        size=tuple(options.size),
        scales=tuple(options.scales),
        encoder_weights=options.encoder_weights,
        initial=str(options.initial) if options.initial else None,
        photographs=_shares(options.photographs),
    )
    _sources(plan)  # their terms, now as well
    folder = RUNS / options.name
    ends = {"stop_at": options.stop_at, "minutes": options.minutes}
    losses = training.train(plan, folder, **ends).losses
    return _write_model(folder, options, losses)


def _share(text: str) -> tuple[str, float]:
    """Split NAME=SHARE into name and share."""
    file, _, share = text.rpartition("=")
    with contextlib.suppress(ValueError):
        if 0 <= float(share) <= 1:
            return file, float(share)
    raise CourseError("share", expected="NAME=SHARE with a share of 0 to 1", found=repr(text))


def _shares(texts: list[str]) -> tuple[tuple[str, float], ...]:
    """Files of photographs and their shares, each file once, at most 1 in all."""
    shares = tuple(_share(each) for each in texts)
    total = sum(share for _, share in shares)
    if total > 1 + 1e-6 or len(dict(shares)) < len(shares):
        expected = "each file once, with shares that add up to 1 at most"
        found = f"{', '.join(Path(file).name for file, _ in shares)} with {total:g} in all"
        raise CourseError("--photographs", expected=expected, found=found)
    return shares


def _export(options: argparse.Namespace) -> dict:
    return _write_model(RUNS / options.name, options, {})


def _write_model(folder: Path, options: argparse.Namespace, losses: dict[str, float]) -> dict:
    """Export the last checkpoint and write its record, which names files without folders."""
    from tools.recipes.maskrcnn import export, training

    size = tuple(options.export_size) if options.export_size else None
    plan, trained = training.load_checkpoint(folder, size=size)
    size, output = size or plan.size, options.output
    mixed_in = _sources(plan)
    export.export(
        trained.model,
        trained.task_config.model,
        output,
        size=size,
        class_names=model.CLASSES,
    )
    record = {
        "command": _repeating(plan, trained.steps, size, getattr(options, "minutes", None)),
        "data": [Path(file).name for file in plan.files],
        "terms": _terms(plan),
        "mixed_in": mixed_in,
        "steps": trained.steps,
        "seed": plan.seed,
        "seconds": round(trained.seconds, 1),
        "cpus": available_cpus(),
        "parameters": trained.model.count_params(),
        "megabytes": round(
            sum(f.stat().st_size for f in output.rglob("*") if f.is_file()) / 1e6, 1
        ),
        "losses": {name: round(value, 4) for name, value in losses.items()},
        "tensorflow": version("tensorflow"),
        "tf-models-official": version("tf-models-official"),
        "scores": {},
    }
    if plan.initial:
        record["began_with"] = weights.read_record(plan.initial)
    command.write_record(output, record)
    return {name: value for name, value in record.items() if name != "scores"}


def _blend(options: argparse.Namespace) -> dict:
    """Export the weighted mean of models, with the record of the first, the last to be trained."""
    from tools.recipes.maskrcnn import export

    export.check_destination(options.output)
    parts = [_share(each) for each in options.models]
    size = tuple(options.export_size or model.SIZE)
    config = model.configuration(size=size)
    blended = export.blended(model.build(config), parts)
    export.export(blended, config.model, options.output, size=size, class_names=model.CLASSES)
    made = [weights.read_record(file) for file, _ in parts]
    blend = [
        {"model": Path(file).parent.name, "share": share, "command": record["command"]}
        for (file, share), record in zip(parts, made, strict=True)
    ]
    first = made[0] | {"blend": blend, "scores": {}}
    first.pop("photographs", None)  # what the model scored before
    command.write_record(options.output, first)
    return {"blend": blend}


def _terms(plan: Plan) -> list[str]:
    """Terms of the records, as far as they are Kerbside's, and of the encoder's weights."""
    ours = {str(file) for file in kerbside.record_files("train")}
    known = [command.KERBSIDE] if ours.issuperset(plan.files) else []
    return [*known, *([command.ENCODER] if plan.encoder_weights else [])]


def _sources(plan: Plan) -> list[dict]:
    """Sources of photographs with their terms, as recorded when the files were written."""
    files = [(Path(file), share) for file, share in plan.photographs]
    return [{"file": f.name, "share": share, **photographs.described(f)} for f, share in files]


def _repeating(plan: Plan, steps: int, export_size: tuple[int, int], minutes: float | None) -> str:
    """Command line that reproduces a training run."""
    return command.line(
        "python -m tools.recipes.maskrcnn train",
        steps=plan.steps,
        batch_size=plan.batch_size,
        learning_rate=plan.learning_rate,
        seed=plan.seed,
        size=plan.size,
        scales=plan.scales,
        export_size=export_size,
        encoder_weights=Path(plan.encoder_weights or "none"),
        minutes=minutes,
        stop_at=steps if not minutes and steps < plan.steps else None,
        photographs=[f"{Path(file).name}={share}" for file, share in plan.photographs],
        initial=Path(plan.initial) if plan.initial else None,
        no_augmentation=not plan.augment,
    )


def _photographs(options: argparse.Namespace) -> dict:
    about = photographs.terms(options.coco, options.licence)
    about |= {"only": options.only, "skip": options.skip}
    return photographs.write(_chosen(options), options.output, about, aspect=options.aspect)


def _chosen(options: argparse.Namespace) -> Iterator[photographs.Photograph]:
    found = read_coco(
        options.coco,
        options.images,
        outlines=options.outlines,
        by_name=options.by_name,
        boxes=options.boxes,
        boxes_alone=True,
    )
    return photographs.read(found, only=options.only, skip=options.skip)


def _camvid(options: argparse.Namespace) -> dict:
    from tools.recipes.maskrcnn import camvid

    return camvid.write(options.folder, options.split, options.output)


def _evaluate(options: argparse.Namespace) -> dict:
    detect = detector.load_detector(options.model)
    if options.coco:
        return _evaluate_photographs(options, detect)
    files = options.data or kerbside.record_files(options.split)
    pairs, speed = scores.detect_all(detect, records.read(files))
    cameras = [case.source_id.rpartition("-")[0] for _, case in pairs]
    found = scores.summary(pairs, speed) | scores.intervals(pairs, cameras)
    if options.record:
        command.record_scores(_path(options.model), options.split, found)
    return found


def _evaluate_photographs(options: argparse.Namespace, detect: detector.Detector) -> dict:
    if not (options.images and options.category):
        expected = "--images DIR and --category NAME with it"
        raise CourseError("--coco", expected=expected, found="one of them missing")
    numbers = [_number(detect, each) for each in options.detected_as or options.category]
    names: set[str] = set()  # of the objects there, collected as they are read
    chosen = (names.update(each.categories) or each for each in _chosen(options))
    cases = scores.photograph_cases(chosen, options.category, numbers[0], numbers, by=options.by)
    pairs, speed = scores.detect_all(detect, cases)
    pairs = scores.only(pairs, numbers, numbers[0])
    if left_out := sum(int(case.crowd.sum()) for _, case in pairs):
        why = "crowds, difficult, of other categories, without an outline, or pictures not labelled"
        print(f"note: {left_out} objects are not judged ({why})", file=sys.stderr)
    if not any((~case.crowd).any() for _, case in pairs):
        expected = f"objects to score by {options.by}: {', '.join(options.category)}"
        do = "If there are no outlines, use --by box."
        if not names & {*options.category}:
            do = f"Its objects are of the categories {sorted(names)}."
        raise DataError(str(options.coco), expected=expected, found="none", do=do)
    if missing := sorted({*options.category} - names):
        print(f"note: no object is called {', '.join(map(repr, missing))}", file=sys.stderr)
    category = options.called or " ".join(options.category)
    source = options.source or options.coco.parent.name
    row = scores.photograph_row(pairs, source=source, category=category, by=options.by)
    if options.record:
        _record_row(_path(options.model), row | {"used_for": options.used_for})
    return (scores.summary(pairs, speed) if options.by == "mask" else {}) | row


def _path(model: str) -> Path:
    return detector.SHIPPED if model == "kerbside" else Path(model)


def _record_row(model: Path, row: dict) -> None:
    """Add or replace a row of scores, with those of the model before fine-tuning on photographs."""
    record = weights.read_record(model)

    def same(other: dict) -> bool:
        return all(other[key] == row[key] for key in ("source", "category", "by"))

    earlier = record
    while "renders_alone" not in row and (earlier := earlier.get("began_with")):
        for other in filter(same, earlier.get("photographs", [])):
            keys = ("ap", "ap_low", "ap_high", "ap50", "ap50_low", "ap50_high")
            row |= {"renders_alone": other.get("renders_alone", {key: other[key] for key in keys})}
    others = [other for other in record.get("photographs", []) if not same(other)]
    command.write_record(model, record | {"photographs": [*others, row]})


def _number(detect: detector.Detector, name: str) -> int:
    for number, known in detect.class_names.items():
        if known == name:
            return number
    found = ", ".join(detect.class_names.values()) or "a model without class names"
    raise WeightsError("model", expected=f"a class {name!r}", found=found)


def _side(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"expected a whole number above 0, found {text}")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.recipes.maskrcnn", description=__doc__.split("\n\n")[0]
    )
    verbs = parser.add_subparsers(
        required=True, metavar="camvid|photographs|train|blend|evaluate|export"
    )
    train = verbs.add_parser("train", help="train on Kerbside, resume, export")
    command.training_options(train, steps=4000, batch_size=8, learning_rate=2e-3)
    train.add_argument(
        "--size",
        type=int,
        nargs=2,
        metavar=("HEIGHT", "WIDTH"),
        default=model.SIZE,
        help="size of the network input; default: %(default)s",
    )
    train.add_argument(
        "--scales",
        type=float,
        nargs=2,
        metavar=("LOW", "HIGH"),
        default=data.SCALES,
        help="range of the random scale factor; default: %(default)s",
    )
    train.add_argument(
        "--stop-at", type=int, metavar="STEP", help="stop early at this one of --steps"
    )
    train.add_argument(
        "--minutes", type=float, help="time limit of the training; the learning rate adapts"
    )
    train.add_argument(
        "--photographs",
        nargs="+",
        default=[],
        metavar="FILE=SHARE",
        help="record files of photographs to mix in, each with its share of pictures",
    )
    train.add_argument("--no-augmentation", action="store_true", help="no augmentation of pictures")
    train.set_defaults(run=_train)
    export = verbs.add_parser("export", help="export the last checkpoint of a training run")
    export.set_defaults(run=_export)
    blend = verbs.add_parser("blend", help="average the weights of models trained from each other")
    blend.add_argument("models", nargs="+", metavar="MODEL=SHARE", help="the latest model first")
    blend.set_defaults(run=_blend)
    for verb in (train, export):
        verb.add_argument(
            "--name", default="kerbside", help="name of the training run; %(default)s"
        )
    for verb in (train, export, blend):
        verb.add_argument(
            "--export-size",
            type=int,
            nargs=2,
            metavar=("HEIGHT", "WIDTH"),
            help="input size of the export; default: as in training",
        )
        verb.add_argument(
            "--output", type=Path, default=OUTPUT, help="folder of the SavedModel; %(default)s"
        )
    camvid = verbs.add_parser("camvid", help="write CamVid's objects as a COCO file")
    camvid.add_argument("folder", type=Path, metavar="DIR", help="CamVid, train/images and so on")
    camvid.add_argument("--split", choices=("train", "val"), default="train")
    camvid.add_argument("--output", type=Path, required=True, help="instances.json")
    camvid.set_defaults(run=_camvid)
    write = verbs.add_parser("photographs", help="write a record file of photographs")
    write.add_argument("--output", type=Path, required=True, help="TFRecord file")
    write.add_argument("--licence", help="terms of use; default: info.licence of the file")
    write.add_argument(
        "--aspect",
        type=_side,
        nargs=2,
        default=(),
        metavar=("WIDTH", "HEIGHT"),
        help="original aspect ratio, such as 4 3, of pictures stretched to squares",
    )
    write.set_defaults(run=_photographs)
    evaluate = verbs.add_parser("evaluate", help="score a model on Kerbside or a COCO file")
    evaluate.add_argument("--model", default="kerbside", help="model, as for load_detector")
    command.evaluation_options(evaluate, kerbside.SPLITS)
    evaluate.add_argument(
        "--category", nargs="+", help="categories to score as one, such as car van truck bus"
    )
    evaluate.add_argument(
        "--detected-as",
        nargs="+",
        help="model classes that count as these; default: the same",
    )
    evaluate.add_argument(
        "--by",
        choices=("mask", "box"),
        default="mask",
        help="compare masks or boxes in photographs",
    )
    evaluate.add_argument("--source", help="name of the source; default: that of its folder")
    evaluate.add_argument("--called", help="name of the scored category; default: the categories")
    evaluate.add_argument(
        "--used-for",
        choices=("choice", "report"),
        default="report",
        help="purpose, stored with --record",
    )
    evaluate.set_defaults(run=_evaluate)
    for verb, required in ((write, True), (evaluate, False)):
        verb.add_argument("--coco", type=Path, required=required, help="instances.json")
        verb.add_argument("--images", type=Path, required=required, help="folder of the pictures")
        verb.add_argument("--only", default="", help="only names that match this expression")
        verb.add_argument("--skip", default="", help="without names that match this expression")
        for name, kinds in annotations.OPTIONS.items():
            verb.add_argument(name, **kinds)
    for verb in (train, evaluate):
        verb.add_argument("--data", type=Path, nargs="+", help="other TFRecord files")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run a command; the last line printed is one JSON object."""
    return command.run(_parser(), arguments)
