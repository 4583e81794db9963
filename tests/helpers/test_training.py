"""The input pipeline, the losses and a training that is interrupted; all with tiny networks."""

from __future__ import annotations

import numpy as np
import pytest

from helpers import augmentation, metrics, training, unet
from helpers.errors import DataError, WeightsError
from tests.helpers.made import dataset, discs, pair
from tools.recipes import command
from tools.recipes.scores import evaluate

tf = pytest.importorskip("tensorflow")
keras = pytest.importorskip("keras")

SIZE = 32


def network(seed: int = 0) -> keras.Model:
    """Without a second level: what takes time here is tracing, layer by layer."""
    keras.utils.set_random_seed(seed)
    return unet.classic_unet(SIZE, filters=(6,))


# --- batches --------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_batches_and_another_seed_others():
    def epochs(seed: int) -> list[np.ndarray]:
        augment = augmentation.augmenter(SIZE, seed)
        batches = training.batches(dataset(9), pair, batch_size=4, augment=augment, seed=seed)
        return [part for _ in range(2) for batch in batches.as_numpy_iterator() for part in batch]

    first, second, other = epochs(0), epochs(0), epochs(1)
    assert len(first) == len(second) == 8
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
    assert any((a != b).any() for a, b in zip(first, other, strict=True))


def numbered(count: int) -> tf.data.Dataset:
    return tf.data.Dataset.range(count)


def with_number(number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    return tf.fill((4, 4, 3), tf.cast(number, tf.float32)), tf.zeros((4, 4), tf.int32)


def order(batches: tf.data.Dataset) -> list[int]:
    return [int(n) for images, _ in batches.as_numpy_iterator() for n in images[:, 0, 0, 0]]


def keep(images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    return images, labels


def test_training_shuffles_anew_in_each_epoch_and_leaves_out_the_rest():
    def epochs(seed: int) -> list[list[int]]:
        batches = training.batches(numbered(11), with_number, batch_size=4, augment=keep, seed=seed)
        assert int(batches.cardinality()) == 2
        return [order(batches) for _ in range(8)]

    first = epochs(0)
    for epoch in first:
        assert len(set(epoch)) == 8  # two whole batches, nothing twice
    assert len({tuple(epoch) for epoch in first}) == 8
    assert first == epochs(0)
    assert first != epochs(1)
    assert set().union(*first) == set(range(11))  # the rest is another one each time


def test_validation_is_whole_and_in_order():
    batches = training.batches(numbered(11), with_number, batch_size=4)
    assert [len(images) for images, _ in batches] == [4, 4, 3]
    assert order(batches) == list(range(11))


@pytest.mark.parametrize("augment", [None, keep])
def test_pictures_are_decoded_and_resized_once(augment):
    calls = []

    def count(number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        tf.py_function(lambda n: calls.append(int(n)), [number], [])
        return with_number(number)

    batches = training.batches(numbered(8), count, batch_size=4, augment=augment)
    for _ in range(3):
        order(batches)
    assert sorted(calls) == list(range(8))


# --- losses ---------------------------------------------------------------------------------------


def slow_cross_entropy(labels: np.ndarray, logits: np.ndarray) -> float:
    total = []
    for place in np.ndindex(labels.shape):
        odds = np.exp(logits[place].astype(float))
        total.append(-np.log(odds[labels[place]] / odds.sum()))
    return float(np.mean(total))


def slow_dice_loss(labels: np.ndarray, logits: np.ndarray) -> float:
    odds = np.exp(logits.astype(float))
    probabilities = odds / odds.sum(axis=-1, keepdims=True)
    dice = []
    for number in range(logits.shape[-1]):
        p, t = probabilities[..., number], labels == number
        dice.append((2 * p[t].sum() + 1) / (p.sum() + t.sum() + 1))
    return 1 - float(np.mean(dice))


@pytest.fixture
def guess(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    labels = rng.integers(0, 3, (2, 6, 5)).astype(np.int32)
    return labels, rng.normal(0, 2, (2, 6, 5, 3)).astype(np.float32)


@pytest.mark.parametrize(
    ("loss", "slow"),
    [
        (training.cross_entropy, slow_cross_entropy),
        (training.dice_loss, slow_dice_loss),
        (training.combined_loss, lambda *a: slow_cross_entropy(*a) + slow_dice_loss(*a)),
    ],
    ids=["cross-entropy", "dice", "combined"],
)
def test_losses_against_slow_sums(guess, loss, slow):
    assert float(loss(*guess)) == pytest.approx(slow(*guess), rel=1e-5)


@pytest.mark.parametrize("loss", [training.cross_entropy, training.dice_loss])
def test_a_loss_is_near_0_for_perfect_and_large_for_all_wrong(loss):
    """The loss of a published lab is the same for both, because labels multiply probabilities."""
    _, labels = discs(4)
    perfect = 30 * np.eye(3, dtype=np.float32)[labels]
    wrong = 30 * np.eye(3, dtype=np.float32)[(labels + 1) % 3]
    half = np.where(np.arange(SIZE)[None, :, None, None] < SIZE // 2, perfect, wrong)
    assert float(loss(labels, perfect)) < 1e-3
    assert float(loss(labels, wrong)) > 0.99
    assert 0.3 < float(loss(labels, half)) / float(loss(labels, wrong)) < 0.7


def test_dice_loss_does_not_ask_for_every_class_in_every_picture():
    labels = np.zeros((2, 8, 8), np.int32)
    labels[1] = 1  # class 2 nowhere
    perfect = 30 * np.eye(3, dtype=np.float32)[labels]
    assert float(training.dice_loss(labels, perfect)) == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("name", ["cross_entropy", "dice_loss", "combined_loss"])
def test_each_loss_leads_somewhere(name, guess):
    """A step against the gradient makes it smaller, for every pixel it has a say in."""
    labels, start = guess
    logits = tf.Variable(start)
    with tf.GradientTape() as tape:
        loss = getattr(training, name)(labels, logits)
    gradient = tape.gradient(loss, logits)
    assert np.isfinite(gradient).all()
    assert (np.abs(gradient).max(axis=-1) > 0).all()
    assert float(getattr(training, name)(labels, logits - gradient)) < float(loss)


# --- training -------------------------------------------------------------------------------------


def pipelines(count: int = 8) -> tuple[tf.data.Dataset, tf.data.Dataset]:
    train = training.batches(dataset(count), pair, batch_size=4, augment=keep, seed=0)
    return train, training.batches(dataset(4, seed=1), pair, batch_size=4)


def test_training_learns_and_reports_each_epoch(capsys):
    train, validation = pipelines(16)
    model = network()
    training.compile_model(model, steps=8 * 4, learning_rate=0.02)
    history = training.fit(model, train, validation, epochs=8)
    assert set(history) == {"loss", "miou", "val_loss", "val_miou"}
    assert [len(values) for values in history.values()] == [8] * 4
    assert history["loss"][-1] < 0.6 * history["loss"][0]
    assert "Resuming" not in capsys.readouterr().out


def test_the_learning_rate_warms_up_and_ends_at_0():
    model = network()
    training.compile_model(model, steps=30, learning_rate=0.01)
    rate = model.optimizer._learning_rate
    rates = [float(rate(step)) for step in range(31)]
    assert rates[0] == 0
    assert max(rates) == pytest.approx(0.01) == rates[2]
    assert rates[30] == pytest.approx(0, abs=1e-9)
    assert rates[2:] == sorted(rates[2:], reverse=True)


def test_the_reported_miou_is_that_of_one_matrix_over_the_epoch():
    """A mean over batches of 3, 3 and 1 picture would be another number."""
    train, _ = pipelines()
    examples = dataset(7, seed=3)
    validation = training.batches(examples, pair, batch_size=3)
    model = network()
    training.compile_model(model, steps=2, learning_rate=0.02)
    history = training.fit(model, train, validation, epochs=1)
    scores = evaluate(model, examples, data="made", to_pair=pair)
    assert history["val_miou"][0] == pytest.approx(float(metrics.mean_iou(scores.matrix)), abs=1e-5)


def test_averaged_weights_are_those_that_are_validated_and_kept():
    """Against the sum worked out from the weights after each step."""
    train, validation = pipelines()
    model = network()
    training.compile_model(model, steps=6, learning_rate=0.02, averaging=0.8)
    kernels: list[np.ndarray] = []
    watch = keras.callbacks.LambdaCallback()
    watch.on_train_batch_end = lambda batch, logs=None: kernels.append(
        model.trainable_variables[0].numpy()
    )
    history = training.fit(model, train, validation, epochs=3, callbacks=[watch])
    average = kernels[0]
    for kernel in kernels[1:]:
        average = 0.8 * average + 0.2 * kernel
    assert np.abs(average - kernels[-1]).max() > 1e-3
    np.testing.assert_allclose(model.trainable_variables[0].numpy(), average, atol=1e-6)
    loss, _ = model.evaluate(validation, verbose=0)
    assert loss == pytest.approx(history["val_loss"][-1], rel=1e-4)


class Interrupt(keras.callbacks.Callback):
    """Ctrl+C in the middle of an epoch (counted from 0)."""

    def __init__(self, epoch: int) -> None:
        super().__init__()
        self.epoch, self.now = epoch, -1

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.now = epoch

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        if self.now == self.epoch and batch == 0:
            raise KeyboardInterrupt


def compiled() -> keras.Model:
    model = network()
    training.compile_model(model, steps=3 * 2, learning_rate=0.01)
    return model


def test_an_interrupted_training_goes_on_at_the_right_epoch(tmp_path, capsys):
    backup = tmp_path / "backup"
    train, validation = pipelines()
    first = compiled()
    with pytest.raises(KeyboardInterrupt):
        training.fit(
            first, train, validation, epochs=3, backup=backup, callbacks=[Interrupt(epoch=1)]
        )
    assert backup.is_dir()
    assert "Resuming" not in capsys.readouterr().out

    class Watch(keras.callbacks.Callback):
        def __init__(self) -> None:
            super().__init__()
            self.epochs: list[int] = []

        def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
            self.epochs.append(epoch)
            if len(self.epochs) == 1:
                self.steps = int(self.model.optimizer.iterations)
                self.moments = [float(np.abs(v).sum()) for v in self.model.optimizer.variables[2:]]

    second, watch = compiled(), Watch()
    history = training.fit(second, train, validation, epochs=3, backup=backup, callbacks=[watch])
    assert "Resuming classic_unet after epoch 1 of 3.\n" in capsys.readouterr().out
    assert watch.epochs == [1, 2]
    assert watch.steps == 2  # of epoch 0; the step of the epoch that was broken off is repeated
    assert max(watch.moments) > 0  # Adam's memory came back, not only the weights
    assert int(second.optimizer.iterations) == 6
    assert [len(values) for values in history.values()] == [3] * 4  # with the epoch before it
    assert not backup.exists()


def test_resuming_starts_from_the_weights_of_the_last_whole_epoch(tmp_path):
    backup = tmp_path / "backup"
    whole, first, second = compiled(), compiled(), compiled()
    weights: list[list[np.ndarray]] = []
    record = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: weights.append(second.get_weights())
    )
    training.fit(whole, *pipelines(), epochs=1)
    with pytest.raises(KeyboardInterrupt):
        training.fit(first, *pipelines(), epochs=3, backup=backup, callbacks=[Interrupt(1)])
    training.fit(second, *pipelines(), epochs=3, backup=backup, callbacks=[record])
    for expected, found in zip(whole.get_weights(), weights[0], strict=True):
        np.testing.assert_allclose(expected, found, atol=2e-3)


def test_the_next_training_of_a_resumed_model_begins_at_its_beginning(tmp_path):
    backup = tmp_path / "backup"
    train, validation = pipelines()
    model = compiled()
    with pytest.raises(KeyboardInterrupt):
        training.fit(model, train, validation, epochs=2, backup=backup, callbacks=[Interrupt(1)])
    assert len(training.fit(model, train, validation, epochs=2, backup=backup)["loss"]) == 2
    assert len(training.fit(model, train, validation, epochs=1)["loss"]) == 1


@pytest.mark.parametrize("damage", ["cut", "another model"])
def test_a_backup_that_cannot_be_read_is_named(tmp_path, damage):
    backup = tmp_path / "backup"
    train, validation = pipelines()
    with pytest.raises(KeyboardInterrupt):
        training.fit(
            compiled(), train, validation, epochs=3, backup=backup, callbacks=[Interrupt(1)]
        )
    [state] = backup.glob("*.weights.h5")
    if damage == "cut":
        state.write_bytes(state.read_bytes()[:1000])
    else:
        command.save(unet.classic_unet(SIZE, filters=(7,)), state)
    with pytest.raises(WeightsError, match=r"backup: expected the state of .* Delete the folder"):
        training.fit(compiled(), train, validation, epochs=3, backup=backup)
    assert state.is_file()


def test_a_training_that_was_not_interrupted_leaves_no_backup(tmp_path):
    train, validation = pipelines()
    training.fit(compiled(), train, validation, epochs=1, backup=tmp_path / "backup")
    assert not (tmp_path / "backup").exists()


@pytest.mark.parametrize("count", [0, 3])
def test_too_few_pictures_for_a_batch_are_an_error(count):
    train, validation = pipelines(count)
    with pytest.raises(DataError, match="train: expected at least one batch, found none"):
        training.fit(compiled(), train, validation, epochs=1)


def test_an_empty_validation_is_an_error():
    train, _ = pipelines()
    empty = training.batches(dataset(4).take(0), pair)
    with pytest.raises(DataError, match="validation: expected at least one batch, found none"):
        training.fit(compiled(), train, empty, epochs=1)


def test_two_trainings_with_one_seed_give_the_same_network():
    def weights() -> list[np.ndarray]:
        model = compiled()
        augment = augmentation.augmenter(SIZE, seed=5)
        train = training.batches(dataset(12), pair, batch_size=4, augment=augment, seed=5)
        training.fit(model, train, pipelines()[1], epochs=2)
        return model.get_weights()

    for first, second in zip(weights(), weights(), strict=True):
        np.testing.assert_array_equal(first, second)


def test_an_epoch_does_not_end_with_waiting_for_a_tuner():
    """tf.data's tuner keeps an iterator from being deleted until it wakes up, after seconds."""
    import tensorflow as tf

    examples = tf.data.Dataset.range(4)
    for augment in (None, lambda batch: batch):
        batches = training.batches(examples, lambda each: each, batch_size=2, augment=augment)
        assert batches.options().autotune.enabled is False
