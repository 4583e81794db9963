"""The U-Nets; none of these tests needs a trained network."""

from __future__ import annotations

import numpy as np
import pytest

from helpers import unet
from helpers.errors import WeightsError
from tests.helpers.made import SIZE, pictures, shake
from tools.recipes import unet as recipe

keras = pytest.importorskip("keras")


@pytest.mark.parametrize("name", ["light", "classic"])
def test_logits_of_the_pictures_own_size(name, request):
    model = request.getfixturevalue(name)
    logits = model(pictures(2, SIZE), training=False).numpy()
    assert (logits.shape, logits.dtype) == ((2, SIZE, SIZE, 3), np.float32)
    assert np.isfinite(logits).all()
    assert logits.min() < 0  # logits, not probabilities
    assert not np.allclose(logits.sum(axis=-1), 1, atol=0.1)


@pytest.mark.parametrize("build", [unet.light_unet, unet.classic_unet])
def test_as_many_classes_as_asked_for(build):
    assert build(SIZE, num_classes=5).output_shape == (None, SIZE, SIZE, 5)


@pytest.mark.parametrize("name", ["light", "classic"])
def test_the_answer_follows_the_picture(name, request):
    """Another picture, another answer; and a pixel's answer depends on pixels far from it."""
    model = shake(request.getfixturevalue(name))
    first = pictures(1, SIZE)
    second = first.copy()
    second[:, : SIZE // 4] = 0
    difference = np.abs(model(first, training=False) - model(second, training=False))
    difference = difference.max(axis=(0, 2, 3))
    assert difference[: SIZE // 4].min() > 1e-3
    assert difference[SIZE // 4 + 4] > 0


@pytest.mark.parametrize(("build", "size"), [(unet.light_unet, 51), (unet.classic_unet, 50)])
def test_a_size_that_cannot_be_halved_often_enough_is_an_error(build, size):
    with pytest.raises(ValueError, match="size"):
        build(size)


@pytest.mark.parametrize(("enlarge", "seen"), [(1.0, 64), (1.25, 64), (1.5, 96), (0.1, 32)])
def test_the_encoder_sees_the_picture_enlarged_to_a_multiple_of_32(enlarge, seen):
    first = unet.light_unet(SIZE, enlarge=enlarge).get_layer("Conv1")
    assert first.input.shape[1:3] == (seen, seen)


def test_the_encoders_normalisation_keeps_its_statistics_and_the_decoders_learns(light):
    """A batch of 8 must not replace what 1.3 million photos gave."""
    norms = [n for n in light.layers if isinstance(n, keras.layers.BatchNormalization)]
    before = [norm.get_weights() for norm in norms]
    light(pictures(2, SIZE), training=True)
    moved = [
        any((old != new).any() for old, new in zip(weights, norm.get_weights(), strict=True))
        for norm, weights in zip(norms, before, strict=True)
    ]
    assert moved == [norm.trainable for norm in norms]
    assert moved.count(False) > 45  # MobileNetV2's
    assert moved.count(True) > 3


@pytest.mark.parametrize("name", ["light", "classic"])
def test_a_plain_call_predicts_and_changes_nothing(name, request):
    """A layer whose `training` is True by default makes all after it believe the same."""
    model = shake(request.getfixturevalue(name))
    before, images = model.get_weights(), pictures(2, SIZE)
    np.testing.assert_array_equal(model(images), model(images, training=False))
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_several_scales_are_the_mean_of_what_each_says(light):
    model, images = shake(light), pictures(2, SIZE)
    expected = 0
    for enlarge in (1.0, 1.5):
        twin = unet.light_unet(SIZE, enlarge=enlarge)
        twin.set_weights(model.get_weights())
        expected += keras.ops.softmax(twin(images)).numpy() / 2
    found = keras.ops.softmax(recipe.at_scales(model, (1.0, 1.5))(images)).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-5)
    alone = keras.ops.softmax(model(images)).numpy()
    assert np.abs(found - alone).max() > 1e-4  # little: this network knows nothing yet


@pytest.mark.parametrize("weights", ["missing", "damaged"])
def test_encoder_weights_that_cannot_be_read_are_named(tmp_path, weights):
    path = tmp_path / "encoder.h5"
    if weights == "damaged":
        path.write_bytes(b"\x89HDF\r\n\x1a\n and no more")
    with pytest.raises(WeightsError, match=r"encoder\.h5: expected .*, found "):
        unet.light_unet(SIZE, encoder_weights=path)
