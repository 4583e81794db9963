"""Training a segmentation network: the input pipeline, losses and an honest resume.

Introduced in lab 2, used for lab 5's networks too. The random changes of the pictures are in
`helpers.augmentation`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from helpers import files
from helpers.environment import available_cpus
from helpers.errors import DataError, WeightsError

if TYPE_CHECKING:
    import keras
    import tensorflow as tf


def batches(
    dataset: tf.data.Dataset,
    to_pair: Callable,
    *,
    batch_size: int = 8,
    augment: Callable | None = None,
    seed: int = 0,
) -> tf.data.Dataset:
    """From single examples to batches of (images, labels).

    Args:
        dataset: Elements that `to_pair` understands.
        to_pair: Function from an element to (H, W, 3) image and (H, W) labels; its results are
            cached in memory.
        batch_size: Number of examples in a batch.
        augment: Function of a batch. With it the examples are also shuffled, anew in each epoch,
            and the last, smaller batch is left out.
        seed: Seed of the shuffling.

    >>> pairs = batches(tf.data.Dataset.range(5), lambda number: (number, -number), batch_size=2)
    >>> [images.numpy().tolist() for images, labels in pairs]
    [[0, 1], [2, 3], [4]]
    """
    import tensorflow as tf

    pairs = dataset.map(to_pair, num_parallel_calls=available_cpus()).cache()
    # At the end of an epoch tf.data waits for its tuner to wake up, for seconds; there is nothing
    # here for it to tune.
    options = tf.data.Options()
    options.autotune.enabled = False
    pairs = pairs.with_options(options)
    if augment is None:
        return pairs.batch(batch_size).prefetch(1)
    shuffled = pairs.shuffle(max(1, len(dataset)), seed=seed).batch(batch_size, drop_remainder=True)
    # One call at a time: only then the random numbers come in the same order in every run.
    return shuffled.map(augment, num_parallel_calls=1).prefetch(2)


def cross_entropy(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Mean over all pixels of -log p(true class). labels (B, H, W) int, logits (B, H, W, C).

    >>> round(float(cross_entropy(np.array([[[0]]]), np.zeros((1, 1, 1, 2), "f4"))), 4)  # log 2
    0.6931
    """
    import keras

    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)(labels, logits)


def dice_loss(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """1 - Dice of probabilities, the mean over the classes (Milletari et al., "V-Net", 2016).

    Sums run over the whole batch, so a class that one picture lacks is no problem.

    >>> sure = np.array([[[[99, 0], [99, 0]]]], "f4")
    >>> float(dice_loss(np.array([[[0, 0]]]), sure)), float(dice_loss(np.array([[[1, 1]]]), sure))
    (0.0, 0.6666666269302368)
    """
    from keras import ops

    probabilities = ops.softmax(logits)
    truth = ops.one_hot(labels, logits.shape[-1], dtype=probabilities.dtype)
    both = ops.sum(probabilities * truth, axis=(0, 1, 2))
    total = ops.sum(probabilities + truth, axis=(0, 1, 2))
    return 1 - ops.mean((2 * both + 1) / (total + 1))


def combined_loss(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """`cross_entropy`, whose gradients are smooth, plus `dice_loss`, which is close to the score.

    >>> float(combined_loss(np.array([[[0, 0]]]), np.array([[[[99, 0], [99, 0]]]], "f4")))
    0.0
    """
    return cross_entropy(labels, logits) + dice_loss(labels, logits)


def compile_model(
    model: keras.Model,
    *,
    steps: int,
    learning_rate: float = 7e-4,
    loss: Callable = combined_loss,
    averaging: float | None = None,
) -> None:
    """Compile a model with Adam: a short warm-up, then a cosine down to zero over `steps`.

    It reports `miou`, from one confusion matrix over the epoch instead of a mean over batches.

    Args:
        model: Model to compile, in place.
        steps: Number of training steps in all epochs together.
        learning_rate: Highest learning rate, after the warm-up.
        loss: Function of integer labels and logits.
        averaging: Momentum of an exponential moving average of the weights, with which the model
            is validated and ends; None for no average.

    >>> model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(3, 1)])
    >>> compile_model(model, steps=100)
    >>> type(model.optimizer).__name__
    'Adam'
    """
    import keras

    warmup = max(1, steps // 15)
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, max(1, steps - warmup), warmup_target=learning_rate, warmup_steps=warmup
    )
    average = {"use_ema": averaging is not None, "ema_momentum": averaging or 0.0}
    optimizer = keras.optimizers.Adam(schedule, clipnorm=1.0, **average)
    miou = keras.metrics.MeanIoU(model.output_shape[-1], sparse_y_pred=False, name="miou")
    model.compile(optimizer, loss, metrics=[miou])


def fit(
    model: keras.Model,
    train: tf.data.Dataset,
    validation: tf.data.Dataset,
    *,
    epochs: int,
    backup: Path | None = None,
    callbacks: list | None = None,
) -> dict[str, list[float]]:
    """Train with progress bars; resume where an earlier run was interrupted.

    Args:
        model: Compiled model.
        train: Batches of images and labels.
        validation: Batches that are scored after each epoch.
        epochs: Number of epochs, including those of an interrupted run.
        backup: Folder for the state after each epoch. If it holds one, the training says so and
            resumes from it; it is removed when the training is complete.
        callbacks: Further Keras callbacks.

    It returns Keras's history, with the epochs before an interruption: loss, miou, val_loss and
    val_miou. Data without a batch are a `DataError`.

    >>> model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(3, 1)])
    >>> compile_model(model, steps=2)
    >>> one = tf.data.Dataset.from_tensors((tf.zeros((2, 8, 8, 3)), tf.zeros((2, 8, 8), tf.int32)))
    >>> history = fit(model, one, one, epochs=2)
    >>> {name: len(values) for name, values in history.items()}
    {'loss': 2, 'miou': 2, 'val_loss': 2, 'val_miou': 2}
    """
    import keras
    from tqdm.keras import TqdmCallback

    for name, data in (("train", train), ("validation", validation)):
        if data.cardinality() == 0:
            do = "Use a smaller batch or more images."
            raise DataError(name, expected="at least one batch", found="none", do=do)
    state = None if backup is None else _backup(backup)
    extra = [*([state] if state else []), *(callbacks or [])]
    if model.optimizer.use_ema:
        extra.append(keras.callbacks.SwapEMAWeights())  # validation scores the averaged weights
    progress = TqdmCallback(desc=f"train {model.name}", leave=False)
    if not model.optimizer.built:  # its variables made within the first step: that is traced twice
        model.optimizer.build(model.trainable_variables)
    try:
        options = {"verbose": 0, "shuffle": False, "callbacks": [*extra, progress]}
        history = model.fit(train, validation_data=validation, epochs=epochs, **options)
    finally:
        progress.on_train_end()  # or its bars stay on the page after an interruption
        model._initial_epoch = None  # or Keras would begin this model's next training there, too
    return state.history if state else history.history


def _backup(folder: Path) -> keras.callbacks.Callback:
    """Keras's own, which keeps two states lest one is half-written; this one also keeps the history
    and names a damaged state."""
    import keras

    past = folder / "history.json"

    class Backup(keras.callbacks.BackupAndRestore):
        history: dict[str, list[float]]

        def on_train_begin(self, logs: dict | None = None) -> None:
            self.history = {}
            try:
                super().on_train_begin(logs)
                if done := self.model._initial_epoch:
                    kept = json.loads(past.read_text(encoding="utf-8"))
                    self.history = {name: values[:done] for name, values in kept.items()}
                    epochs = self.params["epochs"]
                    print(f"Resuming {self.model.name} after epoch {done} of {epochs}.")
            except (OSError, ValueError) as error:
                found = f"{type(error).__name__}: {error}".splitlines()[0]
                expected = "the state of this training when it was interrupted"
                do = "Delete the folder to start anew."
                raise WeightsError(str(folder), expected=expected, found=found, do=do) from error

        def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
            for name, value in logs.items():
                self.history.setdefault(name, []).append(float(value))
            # Before the weights: a history that is an epoch ahead of them is cut at the resume.
            files.write_text(past, json.dumps(self.history))
            super().on_epoch_end(epoch, logs)

    return Backup(folder, double_checkpoint=True)
