"""`python -m helpers.unet train|evaluate`: the U-Nets of lab 2 from the shell, on pets.

The same steps as the lab's, with a record of how the weights were made. Rests on `helpers.pets`,
`helpers.training` and `helpers.scoring`.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from functools import partial
from pathlib import Path

import helpers
from helpers import augmentation, pets, scoring, training, unet, weights
from helpers.environment import available_cpus, version
from helpers.errors import CourseError

BACKUPS = helpers.BUILD / "backups"
"""Where an interrupted training leaves its state, a folder for each run."""


def _train(options: argparse.Namespace) -> dict:
    import keras

    weights.check_destination(options.weights)  # now, not after minutes of training
    keras.utils.set_random_seed(options.seed)
    photos = pets.find_pets(data_dir=options.data_dir)
    to_pair = partial(pets.to_pair, size=unet.SIZE)
    load = partial(pets.load_pets, source=photos)
    augment = augmentation.augmenter(unet.SIZE, options.seed)
    with_margin = partial(pets.to_pair, size=round(augmentation.MARGIN * unet.SIZE))
    train = training.batches(load("train"), with_margin, augment=augment, seed=options.seed)
    validation = training.batches(load("validation"), to_pair, batch_size=16)
    if options.model == "classic":
        model = unet.classic_unet()
    else:
        model = unet.light_unet(encoder_weights=options.encoder_weights)
    steps = options.epochs * int(train.cardinality())
    training.compile_model(model, steps=steps, averaging=0.995)
    start, cpu_start = time.monotonic(), time.process_time()
    backup = BACKUPS / f"{model.name}-{options.weights.stem}-{options.epochs}-{options.seed}"
    history = training.fit(model, train, validation, epochs=options.epochs, backup=backup)
    weights.save(model, options.weights)
    record = {
        "command": f"python -m helpers.unet train --model {options.model} "
        f"--epochs {options.epochs} --seed {options.seed}",
        "data": photos.title("train"),
        "epochs": options.epochs,
        "seed": options.seed,
        "seconds": round(time.monotonic() - start, 1),
        "cpu_seconds": round(time.process_time() - cpu_start, 1),
        "cpus": available_cpus(),
        "parameters": model.count_params(),
        "tensorflow": version("tensorflow"),
        "keras": version("keras"),
        "val_miou_by_epoch": [round(value, 4) for value in history.get("val_miou", [])],
        "scores": {},
    }
    weights.write_record(options.weights, record)
    return {name: value for name, value in record.items() if name != "scores"}


def _evaluate(options: argparse.Namespace) -> dict:
    photos = pets.find_pets(data_dir=options.data_dir)
    model = unet.classic_unet() if options.model == "classic" else unet.light_unet()
    weights.load(model, options.weights)
    several = options.model == "light" and not options.single_view
    if several:
        model = unet.at_scales(model)
    scores = scoring.evaluate(
        model,
        pets.load_pets(options.split, source=photos),
        data=photos.title(options.split),
        to_pair=partial(pets.to_pair, size=unet.SIZE),
        flips=not options.single_view,
    )
    summary = scores.summary()
    views = {"flips": not options.single_view, "scales": unet.SCALES if several else None}
    if options.record:
        weights.record_scores(options.weights, options.split, summary | views)
    return summary


def main(arguments: list[str] | None = None) -> int:
    """`python -m helpers.unet train|evaluate`; the last line printed is one JSON object."""
    parser = argparse.ArgumentParser(prog="python -m helpers.unet", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="train|evaluate")
    train = commands.add_parser("train", help="train the light U-Net on the train split")
    train.add_argument("--epochs", type=int, default=100, help="default: %(default)s")
    train.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    train.add_argument(
        "--encoder-weights",
        default="imagenet",
        help='"imagenet" (downloads) or a file of keras.applications.MobileNetV2 without its top',
    )
    train.set_defaults(run=_train)
    evaluate = commands.add_parser("evaluate", help="score a split, all pixels in one matrix")
    evaluate.add_argument("--split", choices=list(pets.SPLITS), default="test")
    evaluate.add_argument(
        "--single-view",
        action="store_true",
        help="predict each picture once, not mirrored and at several scales as well",
    )
    evaluate.add_argument(
        "--record", action="store_true", help="add the scores to the JSON file beside the weights"
    )
    evaluate.set_defaults(run=_evaluate)
    for command in (train, evaluate):
        command.add_argument("--model", choices=("light", "classic"), default="light")
        command.add_argument("--data-dir", help="TFDS folder; default: $TFDS_DATA_DIR, then ~")
        command.add_argument(
            "--weights", type=Path, default=unet.WEIGHTS, help="default: the shipped ones"
        )
    options = parser.parse_args(arguments)
    helpers.setup(quiet=True)
    from tensorflow.errors import OpError

    try:
        result = options.run(options)
    except (CourseError, OpError) as error:
        # An error from within a tf.data pipeline carries a traceback; ours is one line in it.
        ours = re.search(r"DataError: (.+)", str(error))
        message = ours[1] if ours else str(error).strip().splitlines()[0]
        print(f"error: {message}", file=sys.stderr)
        return 1
    print(json.dumps(result))
    return 0
