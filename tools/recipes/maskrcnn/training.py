"""Training of a Mask R-CNN, resumable after an interruption.

Introduced in lab 4. The task of Model Garden provides the training step: forward pass, losses,
gradients. This module adds the loop, regular checkpoints, a progress bar and TensorBoard logs; with
several GPUs, `tf.distribute` splits each batch among them. Rests on `tools.recipes.maskrcnn.model`
and `tools.recipes.maskrcnn.data`.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from helpers import files
from helpers.errors import CourseError, WeightsError
from tools.recipes.maskrcnn import data
from tools.recipes.maskrcnn.model import CLASSES, SIZE, build, configuration

if TYPE_CHECKING:
    import tensorflow as tf
    import tf_keras
    from official.vision.configs.maskrcnn import MaskRCNNTask


BACKBONE_RATE = 0.1
"""Learning rate of a pretrained backbone, as a share of the rate of all other layers. At the full
rate its last blocks die: Adam's steps are as large as the rate whatever the gradient, no batch
normalisation keeps the outputs in their range, and in the end level 5 of the pyramid is the same
everywhere."""


@dataclass(frozen=True)
class Plan:
    """All settings of a training run; an interrupted run resumes only with the same plan."""

    files: tuple[str, ...]
    steps: int
    batch_size: int = 8
    learning_rate: float = 2e-3
    seed: int = 0
    augment: bool = True
    size: tuple[int, int] = SIZE
    scales: tuple[float, float] = data.SCALES
    num_classes: int = len(CLASSES)
    encoder_weights: str | None = None
    initial: str | None = None
    """A SavedModel of the course to begin with (fine-tuning)."""
    photographs: tuple[tuple[str, float], ...] = ()
    """Files of photographs, each with its share of the training pictures."""


@dataclass(frozen=True)
class Trained:
    """A trained model with the steps and time used."""

    model: tf_keras.Model
    task_config: MaskRCNNTask
    steps: int
    """Number of steps taken, of those in the plan."""
    losses: dict[str, float]
    """Means over the last steps."""
    seconds: float
    """Training time, including interrupted runs."""


def train(
    plan: Plan,
    folder: Path,
    *,
    stop_at: int | None = None,
    minutes: float | None = None,
    checkpoint_every: int = 100,
    report_every: int = 10,
) -> Trained:
    """Train, or resume from the last checkpoint in `folder`.

    Killing the process loses at most `checkpoint_every` steps.

    Args:
        plan: Settings of the run.
        folder: Folder for checkpoints (`checkpoints/`) and TensorBoard logs (`logs/`).
        stop_at: Step at which to stop early, for instance to continue with larger pictures; the
            learning rate still follows the plan.
        minutes: Time limit of the training, excluding interruptions. If it is too short for the
            planned steps, the learning rate decays with time instead, so that it still reaches zero
            at the end.
        checkpoint_every: Number of steps between checkpoints.
        report_every: Number of steps over which losses are averaged for display and logs.

    Raises:
        DataError: A file is missing or damaged.
        WeightsError: Weights cannot be read, or `folder` belongs to another plan.
        CourseError: The loss became infinite.
    """
    import tensorflow as tf
    from official.vision.tasks.maskrcnn import MaskRCNNTask as Task
    from tqdm.auto import tqdm

    data.check_files([*plan.files, *(file for file, _ in plan.photographs)])
    _claim(folder, plan)
    config = configuration(num_classes=plan.num_classes, size=plan.size)
    task = Task(config)
    strategy = _strategy()
    tf.random.set_seed(plan.seed)
    with strategy.scope():
        model = _model(config, plan)
        pretrained = plan.encoder_weights or plan.initial
        optimizer = _optimizer(model.backbone.trainable_variables if pretrained else ())
        optimizer.build(model.trainable_variables)
        metrics = task.build_metrics(training=True)
        step = tf.Variable(0, dtype=tf.int64, trainable=False)
        seconds = tf.Variable(0.0, dtype=tf.float64, trainable=False)
    checkpoint = tf.train.Checkpoint(model=model, optimizer=optimizer, step=step, seconds=seconds)
    manager = tf.train.CheckpointManager(checkpoint, str(folder / "checkpoints"), max_to_keep=2)
    _resume(checkpoint, manager)
    done, last = int(step), min(stop_at or plan.steps, plan.steps)
    if done:
        tqdm.write(f"Resuming after step {done} of {plan.steps}.", file=sys.stdout)

    # Another seed after a resume, or the pictures of the beginning would come once more.
    tf.random.set_seed(plan.seed + done)
    batches = data.training_batches(
        plan.files, config.model, plan.size,
        batch_size=plan.batch_size, seed=plan.seed + done,
        scales=plan.scales if plan.augment else None,
        photographs=dict(plan.photographs),
    )  # fmt: skip
    iterator = iter(strategy.experimental_distribute_dataset(batches))

    @tf.function
    def train_step(batch: tuple) -> None:
        strategy.run(task.train_step, args=(batch, model, optimizer, metrics))

    writer = tf.summary.create_file_writer(str(folder / "logs"))
    losses: dict[str, float] = {}
    bar = tqdm(total=last, initial=done, desc="train Mask R-CNN", unit="step")
    with bar, writer.as_default():
        start, before = time.monotonic(), float(seconds)
        for number in range(done + 1, last + 1):
            spent = (before + time.monotonic() - start) / (60 * minutes) if minutes else 0.0
            if spent >= 1:
                break
            optimizer.learning_rate.assign(_rate(plan, number - 1, spent))
            train_step(next(iterator))
            step.assign(number)
            bar.update()
            if number % report_every == 0 or number == last:
                losses = _report(metrics, number)
                bar.set_postfix({name: f"{losses[name]:.3f}" for name in ("total", "mask")})
            if number % checkpoint_every == 0 or number == last:
                seconds.assign(before + time.monotonic() - start)
                manager.save(number)
        if int(step) not in (last, done) and int(step) % checkpoint_every:  # the time was over
            seconds.assign(before + time.monotonic() - start)
            manager.save(int(step))
    return Trained(model, config, int(step), losses, float(seconds))


def load_checkpoint(folder: Path, *, size: tuple[int, int] | None = None) -> tuple[Plan, Trained]:
    """Load plan and model of the last checkpoint of a training run, for export.

    Args:
        folder: Folder of the training run.
        size: Height and width of the network input; by default those of the training. The weights
            fit all sizes.

    Raises:
        WeightsError: There is no such training run, or none of its checkpoints can be read.
    """
    import tensorflow as tf

    try:
        stored = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
        plan = Plan(**{k: tuple(v) if isinstance(v, list) else v for k, v in stored.items()})
    except (OSError, ValueError, TypeError, KeyError) as error:
        expected = "the folder of a training, with plan.json"
        found = type(error).__name__
        raise WeightsError(str(folder), expected=expected, found=found) from error
    config = configuration(num_classes=plan.num_classes, size=size or plan.size)
    tf.random.set_seed(plan.seed)  # deterministic operations demand one
    model = build(config)
    step, seconds = tf.Variable(0, dtype=tf.int64), tf.Variable(0.0, dtype=tf.float64)
    checkpoint = tf.train.Checkpoint(model=model, step=step, seconds=seconds)
    manager = tf.train.CheckpointManager(checkpoint, str(folder / "checkpoints"), max_to_keep=2)
    if manager.latest_checkpoint is None:
        raise WeightsError(str(folder), expected="a checkpoint", found="none yet")
    _resume(checkpoint, manager)
    return plan, Trained(model, config, int(step), {}, float(seconds))


def _strategy() -> tf.distribute.Strategy:
    import tensorflow as tf

    if len(tf.config.list_physical_devices("GPU")) > 1:
        return tf.distribute.MirroredStrategy()
    return tf.distribute.get_strategy()


def _model(config: MaskRCNNTask, plan: Plan) -> tf_keras.Model:
    from tools.recipes.maskrcnn import export

    model = build(config, encoder_weights=plan.encoder_weights)
    if plan.initial:
        export.restore(model, plan.initial)
    return model


def _optimizer(pretrained: Iterable[tf.Variable]) -> tf_keras.optimizers.Optimizer:
    """AdamW with a lower learning rate for `pretrained` variables. `train` sets the rate."""
    import tensorflow as tf
    import tf_keras

    class AdamW(tf_keras.optimizers.AdamW):
        """AdamW with a second learning rate, which no optimizer of the library offers."""

        slow = frozenset(variable.ref() for variable in pretrained)

        def update_step(self, gradient: tf.Tensor, variable: tf.Variable) -> None:
            before = tf.identity(variable)
            super().update_step(gradient, variable)
            if variable.ref() in self.slow:
                variable.assign(before + BACKBONE_RATE * (variable - before))

    return AdamW(0.0, weight_decay=1e-4, global_clipnorm=5.0)


def _rate(plan: Plan, step: int, spent: float = 0.0) -> float:
    """Learning rate: a warm-up, then a cosine decay to zero.

    Args:
        plan: Plan with the number of steps and the peak rate.
        step: Number of steps taken.
        spent: Elapsed fraction of the time limit, 0 to 1.
    """
    warmup = max(1, min(200, plan.steps // 10))
    if step < warmup:
        return plan.learning_rate * step / warmup
    done = max((step - warmup) / max(1, plan.steps - warmup), spent)
    return plan.learning_rate * (1 + math.cos(math.pi * min(done, 1.0))) / 2


def _claim(folder: Path, plan: Plan) -> None:
    """Write the plan to a folder; refuse one in which another plan has taken steps."""
    path = folder / "plan.json"
    content = json.dumps(asdict(plan), indent=1) + "\n"
    if path.is_file() and any((folder / "checkpoints").glob("*.index")):
        if path.read_text(encoding="utf-8") == content:
            return
        do = "Delete the folder to start anew, or repeat the command that began it."
        found = "a training with other options"
        raise WeightsError(str(folder), expected="a folder", found=found, do=do)
    files.write_text(path, content)


def _resume(checkpoint: tf.train.Checkpoint, manager: tf.train.CheckpointManager) -> None:
    """Restore the newest readable checkpoint."""
    for path in reversed(manager.checkpoints):
        try:
            checkpoint.restore(path).expect_partial()
            return
        except Exception as error:  # TensorFlow raises anything for a damaged file
            problem = f"{type(error).__name__}: {error}".splitlines()[0][:200]
            print(f"{path} cannot be read ({problem}).", file=sys.stderr)
    if manager.checkpoints:
        folder = Path(manager.checkpoints[0]).parent
        expected, do = "a whole checkpoint", "Delete the folder to start anew."
        raise WeightsError(str(folder), expected=expected, found="damaged ones", do=do)


def _report(metrics: Sequence, number: int) -> dict[str, float]:
    """Write the mean losses since the last report to TensorBoard and return them."""
    import tensorflow as tf

    losses = {metric.name.removesuffix("_loss"): float(metric.result()) for metric in metrics}
    for metric in metrics:
        metric.reset_state()
    for name, value in losses.items():
        tf.summary.scalar(f"loss/{name}", value, step=number)
    if not math.isfinite(losses["total"]):
        do = "Start anew with a lower learning rate."
        found = f"{losses['total']} after {number} steps"
        raise CourseError("loss", expected="a finite number", found=found, do=do)
    return losses
