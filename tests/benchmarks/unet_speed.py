"""How fast the two U-Nets train and predict, side by side in one run: a table, no assertion.

    python -m tests.benchmarks.unet_speed --size 128 --rounds 3

The two take turns, so that whatever else the machine does meets both alike; the fastest round of
each counts, because noise only ever slows down. Weights are random: speed does not depend on them.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import helpers

COLUMNS = ("model", "parameters", "train images/s", "predict images/s")


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure(size: int, batch: int, rounds: int, steps: int) -> list[tuple[str, int, float, float]]:
    """Name, parameters, images per second in training and in prediction of each model."""
    import keras
    import numpy as np
    import tensorflow as tf

    from helpers import training, unet

    rng = np.random.default_rng(0)
    images = tf.constant(rng.uniform(0, 255, (batch, size, size, 3)), tf.float32)
    labels = tf.constant(rng.integers(0, 3, (batch, size, size)), tf.int32)
    work: dict[str, tuple[Callable, Callable]] = {}
    counts: dict[str, int] = {}

    def prepare(model: keras.Model) -> None:
        training.compile_model(model, steps=100)
        answer = tf.function(lambda: tf.nn.softmax(model(images, training=False)))
        work[model.name] = (lambda: model.train_on_batch(images, labels), answer)
        counts[model.name] = model.count_params()

    keras.utils.set_random_seed(0)
    for model in (unet.classic_unet(size), unet.light_unet(size)):
        prepare(model)
        for each in work[model.name]:
            each()  # the first call traces and plans
    best = {name: [float("inf")] * 2 for name in work}
    for _ in range(rounds):
        for name, pair in work.items():
            for number, each in enumerate(pair):
                for _ in range(steps if name == "light_unet" else 1):
                    best[name][number] = min(best[name][number], seconds(each))
    return [(name, counts[name], *(batch / t for t in best[name])) for name in work]


def table(rows: list[tuple[str, int, float, float]]) -> str:
    """Aligned columns; the last line holds the ratios, the light model to the classic one."""
    lines = ["{:<14}{:>12}{:>17}{:>19}".format(*COLUMNS)]
    for name, count, train, predict in rows:
        lines.append(f"{name:<14}{count:>12,}{train:>17.2f}{predict:>19.2f}")
    (_, _, slow_train, slow_predict), (_, _, train, predict) = rows
    ratios = f"{train / slow_train:>16.1f}x{predict / slow_predict:>18.1f}x"
    lines.append(f"{'ratio':<14}{rows[1][1] / rows[0][1]:>11.3f}x{ratios}")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=128, help="of the pictures, default 128")
    parser.add_argument("--batch", type=int, default=8, help="pictures at once, default 8")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each, default 3")
    parser.add_argument("--steps", type=int, default=5, help="light model's steps in a turn")
    options = parser.parse_args(arguments)
    helpers.setup()
    rows = measure(options.size, options.batch, options.rounds, options.steps)
    print(f"{options.size} x {options.size} pixels, batches of {options.batch}")
    print(table(rows))


if __name__ == "__main__":
    main()
