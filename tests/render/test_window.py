"""tools.render.window: the truth of lab 1's picture is what the lab says about it."""

from __future__ import annotations

import cv2
import imageio.v3 as iio
import numpy as np
import pytest

from helpers import masks
from tools.render import window as scene


@pytest.fixture(scope="module")
def picture() -> scene.Scene:
    return scene.cats_at_a_window()


def test_image_and_truth_have_one_size(picture: scene.Scene) -> None:
    assert masks.check_image(picture.image).shape[:2] == picture.labels.shape
    assert picture.labels.shape == picture.instances.shape == (scene.HEIGHT, scene.WIDTH)
    masks.check_labels(picture.labels, len(picture.class_names))
    assert np.unique(picture.labels).tolist() == [0, 1, 2, 3, 4]


def test_the_shipped_files_are_this_picture(picture: scene.Scene) -> None:
    shipped = {path.stem: iio.imread(path) for path in sorted(scene.FOLDER.glob("*.png"))}
    assert sorted(shipped) == ["window", "window_instances", "window_labels"]
    np.testing.assert_array_equal(shipped["window_labels"], picture.labels)
    np.testing.assert_array_equal(shipped["window_instances"], picture.instances)
    # Smooth resizing may round differently in another release of OpenCV.
    assert np.abs(shipped["window"].astype(int) - picture.image).max() <= 2


def test_the_command_asks_before_it_writes(monkeypatch, tmp_path, capsys) -> None:
    monkeypatch.setattr(scene, "write", lambda folder: [folder])
    with pytest.raises(SystemExit, match=r"^0$"):
        scene.main(["--help"])
    assert "usage: python -m tools.render.window" in capsys.readouterr().out
    scene.main(["--out", str(tmp_path)])
    assert capsys.readouterr().out == f"{tmp_path}\n"


def test_things_have_instances_and_stuff_has_none(picture: scene.Scene) -> None:
    is_thing = np.isin(picture.labels, picture.things)
    np.testing.assert_array_equal(picture.instances > 0, is_thing)
    classes = [np.unique(picture.labels[picture.instances == i]).tolist() for i in (1, 2, 3, 4)]
    assert classes == [[scene.CAT], [scene.CAT], [scene.PLANT], [scene.PLANT]]


def test_cats_touch_and_are_cut_while_plants_are_whole(picture: scene.Scene) -> None:
    def regions(mask: np.ndarray) -> int:
        return cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)[0] - 1

    first, second = (picture.instances == i for i in (1, 2))
    assert regions(first) > 1 and regions(second) > 1
    assert regions(first | second) < regions(first) + regions(second)
    assert regions(picture.labels == scene.PLANT) == 2


def test_the_left_cat_covers_the_right_one(picture: scene.Scene) -> None:
    left, right = (masks.mask_to_box(picture.instances == i) for i in (1, 2))
    assert left[3] > right[1], "the boxes overlap, the masks cannot"


def test_the_same_scene_each_time(picture: scene.Scene) -> None:
    again = scene.cats_at_a_window()
    for name in ("image", "labels", "instances"):
        np.testing.assert_array_equal(getattr(picture, name), getattr(again, name))


def test_the_picture_shows_what_the_truth_says(picture: scene.Scene) -> None:
    """Window boards are light, the room is dark, leaves are greener than anything else."""
    image = picture.image.astype(int)
    brightness = [np.median(image[picture.labels == c].sum(axis=1)) for c in range(5)]
    assert np.argmax(brightness) == scene.WINDOW
    assert np.argmin(brightness) == scene.ROOM
    greenness = image[..., 1] - image[..., [0, 2]].max(axis=2)
    assert (picture.labels[greenness > 30] == scene.PLANT).mean() > 0.97


def test_the_photo_needs_no_network_and_its_outline_fits() -> None:
    image, mask = scene.cat_photo()
    assert image.shape == (300, 451, 3)
    assert mask.shape == image.shape[:2]
    assert 0.7 < mask.mean() < 0.85
    for y, x, inside in [(125, 170, True), (140, 320, True), (20, 10, False), (150, 430, False)]:
        assert mask[y, x] == inside


def test_an_independent_method_draws_nearly_the_same_outline() -> None:
    """GrabCut (Rother et al., 2004), told the middle and the far outside, moves the rim little."""
    image, mask = scene.cat_photo()
    inside = cv2.erode(mask.astype(np.uint8), np.ones((21, 21)), borderValue=1)
    outside = cv2.dilate(mask.astype(np.uint8), np.ones((25, 25)))
    guess = np.select([inside > 0, mask, outside > 0], [1, 3, 2], 0).astype(np.uint8)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)
    cv2.grabCut(image[..., ::-1].copy(), guess, None, *models, 3, cv2.GC_INIT_WITH_MASK)
    cut = np.isin(guess, (1, 3))
    assert (cut & mask).sum() / (cut | mask).sum() > 0.95
