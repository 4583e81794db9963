"""Random changes: the same for image and mask, no labels made up."""

from __future__ import annotations

import numpy as np
import pytest

from helpers import augmentation, metrics
from tests.helpers.made import discs

tf = pytest.importorskip("tensorflow")

SIZE = 32


def augmented(images: np.ndarray, labels: np.ndarray, size: int = SIZE, seed: int = 0) -> tuple:
    augment = augmentation.augmenter(size, seed)
    batches = tf.data.Dataset.from_tensors((images, labels)).repeat(4).map(augment)
    found = list(batches.as_numpy_iterator())
    return np.concatenate([i for i, _ in found]), np.concatenate([m for _, m in found])


def test_image_and_mask_move_together():
    """The picture shows its mask: bright where the pet is. It still must, after every change."""
    _, labels = discs(8, size=64)
    shown = np.repeat((labels == 0)[..., None] * 200.0 + 20, 3, axis=-1).astype(np.float32)
    images, moved = augmented(shown, labels, size=64)
    overlaps = []
    for image, mask in zip(images.mean(axis=-1), moved == 0, strict=True):
        bright = image > (image.min() + image.max()) / 2
        overlaps.append(metrics.mask_iou(bright, mask, empty=1.0))
    assert min(overlaps) > 0.85  # a pixel's width along the edge: bilinear against nearest
    assert np.mean(overlaps) > 0.93
    unmoved = [metrics.mask_iou(a == 0, b == 0) for a, b in zip(moved, [*labels] * 4, strict=True)]
    assert np.mean(unmoved) < 0.8  # so something was moved


def test_augmentation_makes_no_labels_and_keeps_types():
    images, labels = discs(8)
    labels[labels == 2] = 0  # 0 and 1 alone: neither a fill value nor an average may bring in 2
    images, labels = augmented(images, labels)
    assert (images.dtype, labels.dtype) == (np.float32, np.int32)
    assert (images.shape, labels.shape) == ((32, SIZE, SIZE, 3), (32, SIZE, SIZE))
    assert set(np.unique(labels)) == {0, 1}
    assert images.min() >= 0
    assert images.max() <= 255


def test_nothing_is_made_up_outside_the_picture():
    """White pictures stay white up to their edges; black corners would be learnt as background."""
    white = np.full((1, SIZE, SIZE, 3), 255, np.float32)  # alone, so nothing is pasted in
    for seed in range(4):
        images, labels = augmented(white, np.zeros((1, SIZE, SIZE), np.int32), seed=seed)
        assert set(np.unique(labels)) == {0}
        assert np.ptp(images, axis=(1, 2)).max() < 1


def test_every_kind_of_change_occurs():
    images, labels = discs(8)
    seen, _ = augmented(images, labels)
    copies = seen.reshape(4, 8, SIZE, SIZE, 3)
    for first in range(8):
        assert len({each.tobytes() for each in copies[:, first]}) == 4  # each time another one
    means = copies.mean(axis=(2, 3, 4))
    assert np.ptp(means, axis=0).min() > 1  # light


def test_pictures_may_come_larger_than_the_network_sees_them():
    images, labels = discs(8, size=48)
    images, labels = augmented(images, labels)
    assert (images.shape, labels.shape) == ((32, SIZE, SIZE, 3), (32, SIZE, SIZE))


def test_about_half_of_the_pictures_get_a_part_of_another_one():
    """Each picture has a colour of its own, so a second colour is a part of another picture."""
    colours = np.linspace(20, 230, 8, dtype=np.float32)
    images = np.broadcast_to(colours[:, None, None, None], (8, SIZE, SIZE, 3))
    labels = np.broadcast_to(np.arange(8, dtype=np.int32)[:, None, None], (8, SIZE, SIZE))
    _, mixed = augmented(images, labels)
    present = [len(np.unique(mask)) for mask in mixed]
    assert set(present) == {1, 2}
    assert 8 <= present.count(2) <= 24  # of 32
    own = [(mask == number % 8).mean() for number, mask in enumerate(mixed)]
    assert min(own) > 0.45  # at most half is pasted


def test_epochs_differ():
    """An operation with a random state of its own would begin anew with each iterator."""
    images, labels = discs(8)
    batches = tf.data.Dataset.from_tensors((images, labels)).map(augmentation.augmenter(SIZE, 0))
    (first, _), (second, _) = next(iter(batches)), next(iter(batches))
    assert (np.abs(first - second).max(axis=(1, 2, 3)) > 1).all()


def test_pictures_may_be_wider_than_high_and_stay_upright():
    """Stripes across the picture: with no rotation allowed, every row keeps one label."""
    rows = np.broadcast_to((np.arange(48) // 12)[None, :, None], (8, 48, 64)).astype(np.int32)
    images = np.repeat(rows[..., None] * 60.0, 3, axis=-1).astype(np.float32)
    still = augmentation.Motion(zoom=(-0.2, 0.0), angle=0.0, paste=0.0)
    changed, moved = augmentation.augmenter((32, 48), 0, still)(images, rows)
    assert (changed.shape, moved.shape) == ((8, 32, 48, 3), (8, 32, 48))
    assert np.ptp(moved.numpy(), axis=2).max() == 0
    turned = augmentation.Motion(zoom=(-0.2, 0.0), angle=0.3, paste=0.0)
    _, moved = augmentation.augmenter((32, 48), 0, turned)(images, rows)
    assert np.ptp(moved.numpy(), axis=2).max() > 0
