"""`python -m tools.recipes.unet train|evaluate|export|predict`: lab 2's U-Nets from the shell.

The same steps as in the lab, with a record of the training; `export` writes a LiteRT file for
phones, and `predict` computes the mask of a photo with such a file. Rests on `helpers.pets`,
`helpers.training`, `tools.recipes.scores` and `tools.recipes.command`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from helpers import (
    augmentation,
    environment,
    files,
    pets,
    pictures,
    training,
    unet,
    weights,
)
from helpers.errors import WeightsError
from tools.recipes import command
from tools.recipes.scores import evaluate

if TYPE_CHECKING:
    import keras
    import tensorflow as tf


SCALES = (1.0, 1.25, 1.5)
"""Scale factors of the views of `at_scales`, chosen on the validation photos."""


def at_scales(model: keras.Model, enlarge: Sequence[float] = SCALES) -> keras.Model:
    """Light U-Net that averages predictions over several scales.

    A pet that fills the picture is recognised best at a small scale, a small one enlarged. The cost
    is the sum over the views.

    Args:
        model: Model from `light_unet`; the weights are copied.
        enlarge: Scale factors, one per view.

    Returns:
        A model with the same input and output; its logits are those of the mean probabilities.
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
    pairs, data = load("train").map(with_margin), photos.title("train")
    if options.toys:
        toys = pets.find_pets(source="toy")
        pairs = pairs.concatenate(pairs).concatenate(pets.load_pets("train", toys).map(with_margin))
        data = f"{data}, twice; {toys.title('train')}"
    train = training.batches(pairs, _as_it_is, augment=augment, seed=options.seed)
    validation = training.batches(load("validation"), to_pair, batch_size=16)
    encoder = options.encoder_weights
    if options.model == "classic":
        model = unet.classic_unet()
    else:
        model = unet.light_unet(encoder_weights=None if options.initial else encoder)
    began_with = command.load_initial(model, options.initial)
    steps = options.epochs * int(train.cardinality())
    rate = options.learning_rate
    training.compile_model(model, steps=steps, learning_rate=rate, averaging=0.995)
    return command.train(
        model,
        train,
        validation,
        epochs=options.epochs,
        path=options.weights,
        about={
            "command": command.line(
                "python -m tools.recipes.unet train",
                model=options.model,
                epochs=options.epochs,
                learning_rate=rate,
                seed=options.seed,
                encoder_weights=Path(encoder or "none"),
                initial=options.initial,
                toys=options.toys,
            ),
            "data": data,
            "epochs": options.epochs,
            "seed": options.seed,
            **began_with,
        },
        encoder=encoder,
    )


def _as_it_is(image: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    return image, labels


def _evaluate(options: argparse.Namespace) -> dict:
    photos = pets.find_pets(data_dir=options.data_dir)
    model = unet.classic_unet() if options.model == "classic" else unet.light_unet()
    weights.load(model, options.weights)
    several = options.model == "light" and not options.single_view
    if several:
        model = at_scales(model)
    scores = evaluate(
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


def to_litert(model: keras.Model, calibration: np.ndarray | None = None) -> bytes:
    """Convert a network to the content of a .tflite file.

    Args:
        model: Network for a fixed picture size, (B, H, W, 3) to (B, H, W, C) logits.
        calibration: Calibration pictures (N, H, W, 3) for int8; None gives float16.
    """
    import tensorflow as tf

    call = tf.function(
        lambda image: model(image, training=False),
        input_signature=[tf.TensorSpec((1, *model.input_shape[1:]), name="image")],
    )
    converter = tf.lite.TFLiteConverter.from_concrete_functions([call.get_concrete_function()])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if calibration is None:
        converter.target_spec.supported_types = [tf.float16]
    else:
        converter.representative_dataset = lambda: (
            [np.float32(each[None])] for each in calibration
        )
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    with environment.quiet():
        return converter.convert()


def _export(options: argparse.Namespace) -> dict:
    model, calibration = unet.light_unet(), None
    weights.load(model, options.weights)
    if options.int8:
        photos = pets.find_pets(data_dir=options.data_dir)
        split = pets.load_pets("validation", source=photos).take(32)
        pairs = split.map(partial(pets.to_pair, size=unet.SIZE))
        calibration = np.stack([image for image, _ in pairs.as_numpy_iterator()])
    content = to_litert(model, calibration)
    files.write_bytes(options.out, content)
    kind = "float16" if calibration is None else "int8"
    return {"out": str(options.out), "kind": kind, "megabytes": round(len(content) / 1e6, 2)}


def open_litert(path: Path) -> Any:
    """Interpreter for a .tflite file, from the package ai-edge-litert or TensorFlow.

    Raises:
        WeightsError: The file is missing or not a .tflite file.
    """
    import tensorflow as tf

    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        Interpreter = tf.lite.Interpreter
    try:
        with environment.quiet():
            runner = Interpreter(model_content=path.read_bytes())
            runner.allocate_tensors()
    except (OSError, ValueError) as error:
        expected = "a LiteRT model, as `export` writes it"
        found = f"{type(error).__name__}: {error}".splitlines()[0]
        raise WeightsError(str(path), expected=expected, found=found) from error
    return runner


def _predict(options: argparse.Namespace) -> dict:
    runner, photo = open_litert(options.model), pictures.read(options.photo)
    source, target = runner.get_input_details()[0], runner.get_output_details()[0]
    size = tuple(int(side) for side in source["shape"][1:3])
    small = cv2.resize(photo, size[::-1], interpolation=cv2.INTER_AREA)
    runner.set_tensor(source["index"], np.float32(small[None]))
    runner.invoke()
    logits = runner.get_tensor(target["index"])[0]
    shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares /= shares.sum(axis=-1, keepdims=True)
    # The class is chosen last, at the photo's own size.
    mask = cv2.resize(shares, photo.shape[1::-1]).argmax(axis=-1).astype(np.uint8)
    files.write_bytes(options.out, cv2.imencode(".png", mask)[1].tobytes())
    found = {name: round(float((mask == k).mean()), 4) for k, name in enumerate(pets.CLASSES)}
    return {"out": str(options.out), "height": mask.shape[0], "width": mask.shape[1]} | found


def main(arguments: list[str] | None = None) -> int:
    """Run a command; the last line printed is one JSON object."""
    parser = argparse.ArgumentParser(prog="python -m tools.recipes.unet", description=__doc__)
    verbs = parser.add_subparsers(required=True, metavar="train|evaluate|export|predict")
    train = verbs.add_parser("train", help="train the light U-Net on the train split")
    command.training_options(train, epochs=100, learning_rate=7e-4)
    train.add_argument(
        "--toys",
        action="store_true",
        help="mix rendered toy pets in: the photos twice, the toys once an epoch",
    )
    train.set_defaults(run=_train)
    evaluate = verbs.add_parser("evaluate", help="score a split with one confusion matrix")
    command.evaluation_options(evaluate, pets.SPLITS)
    evaluate.add_argument(
        "--single-view",
        action="store_true",
        help="predict each picture once, without mirroring and several scales",
    )
    evaluate.set_defaults(run=_evaluate)
    for verb in (train, evaluate):
        verb.add_argument("--model", choices=("light", "classic"), default="light")
    export = verbs.add_parser("export", help="write the light U-Net as a LiteRT file")
    export.add_argument(
        "--int8", action="store_true", help="8-bit integers, calibrated on validation"
    )
    export.add_argument("--out", type=Path, required=True, help="FILE.tflite")
    export.set_defaults(run=_export)
    for verb in (train, evaluate, export):
        verb.add_argument("--data-dir", help="TFDS folder; default: $TFDS_DATA_DIR, then ~")
    command.weights_options(train, evaluate, export, shipped=unet.WEIGHTS)
    predict = verbs.add_parser(
        "predict", help="predict the mask of a photo: 0 pet, 1 background, 2 border"
    )
    predict.add_argument("photo", type=Path, help="picture in any common format")
    predict.add_argument("--model", type=Path, required=True, help="FILE.tflite from `export`")
    predict.add_argument("--out", type=Path, required=True, help="MASK.png, the size of the photo")
    predict.set_defaults(run=_predict)
    return command.run(parser, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
