"""`python -m tools.recipes.unet train|evaluate`: the U-Nets of lab 2 from the shell, on pets.

The same steps as the lab's, with a record of how the weights were made. Rests on `helpers.pets`,
`helpers.training`, `helpers.segmentation` and `tools.recipes.command`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from helpers import augmentation, pets, segmentation, training, unet, weights
from tools.recipes import command

if TYPE_CHECKING:
    import keras


SCALES = (1.0, 1.25, 1.5)
"""How much the views of `at_scales` are enlarged; chosen on the validation photos."""


def at_scales(model: keras.Model, enlarge: Sequence[float] = SCALES) -> keras.Model:
    """The light U-Net looking at each picture several times, enlarged more and less.

    A pet that fills the picture is recognised best from afar, a small one from near. Costs as much
    as the sum of the views.

    Args:
        model: from `light_unet` with its own `filters`; the weights are copied.
        enlarge: one view for each.

    Returns:
        A model of the same input and output; the logits are those of the mean probabilities.
    """
    import keras

    size, classes = model.input_shape[1:3], model.output_shape[-1]
    views = []
    for number, factor in enumerate(enlarge):
        twin = unet.light_unet(size, classes, enlarge=factor)
        twin.name = f"view_{number}"
        twin.set_weights(model.get_weights())
        views.append(keras.ops.softmax(twin(model.input)))
    mean = sum(views) / len(views)
    return keras.Model(model.input, keras.ops.log(mean + 1e-7), name=model.name)


def _train(options: argparse.Namespace) -> dict:
    import keras

    command.check_destination(options.weights)  # now, not after minutes of training
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
        model = at_scales(model)
    scores = segmentation.evaluate(
        model,
        pets.load_pets(options.split, source=photos),
        data=photos.title(options.split),
        to_pair=partial(pets.to_pair, size=unet.SIZE),
        flips=not options.single_view,
    )
    summary = scores.summary()
    views = {"flips": not options.single_view, "scales": SCALES if several else None}
    if options.record:
        command.record_scores(options.weights, options.split, summary | views)
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
