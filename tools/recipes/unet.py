"""`python -m tools.recipes.unet train|evaluate`: the U-Nets of lab 2 from the shell, on pets.

The same steps as the lab's, with a record of how the weights were made. Rests on `helpers.pets`,
`helpers.training`, `helpers.scoring` and `tools.recipes.command`.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from helpers import augmentation, pets, scoring, training, unet, weights
from tools.recipes import command


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
    return command.train(
        model,
        train,
        validation,
        epochs=options.epochs,
        run_name=f"{model.name}-{options.weights.stem}-{options.epochs}-{options.seed}",
        path=options.weights,
        about={
            "command": f"python -m tools.recipes.unet train --model {options.model} "
            f"--epochs {options.epochs} --seed {options.seed}",
            "data": photos.title("train"),
            "epochs": options.epochs,
            "seed": options.seed,
        },
    )


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
    """`python -m tools.recipes.unet train|evaluate`; the last line printed is one JSON object."""
    parser = argparse.ArgumentParser(prog="python -m tools.recipes.unet", description=__doc__)
    verbs = parser.add_subparsers(required=True, metavar="train|evaluate")
    train = verbs.add_parser("train", help="train the light U-Net on the train split")
    train.add_argument("--epochs", type=int, default=100, help="default: %(default)s")
    train.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    train.add_argument(
        "--encoder-weights",
        default="imagenet",
        help='"imagenet" (downloads) or a file of keras.applications.MobileNetV2 without its top',
    )
    train.set_defaults(run=_train)
    evaluate = verbs.add_parser("evaluate", help="score a split, all pixels in one matrix")
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
    for verb in (train, evaluate):
        verb.add_argument("--model", choices=("light", "classic"), default="light")
        verb.add_argument("--data-dir", help="TFDS folder; default: $TFDS_DATA_DIR, then ~")
        verb.add_argument(
            "--weights", type=Path, default=unet.WEIGHTS, help="default: the shipped ones"
        )
    return command.run(parser, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
