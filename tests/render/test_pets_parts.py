"""The parts of the pet generator that need no Blender: geometry, trimap, camera chip, choice."""

from __future__ import annotations

import dataclasses
import importlib.util
import random
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from tools.render.pets import contract, selection, trimap
from tools.render.pets.breeds import BREEDS, individual
from tools.render.pets.contract import BACKGROUND, BORDER, PET, Frame, NotEnoughFrames, Split
from tools.render.pets.geometry import fractal_noise, frame_from, smoothstep, value_noise
from tools.render.pets.implicit import Capsule, Ellipsoid, field, mesh_of, vertex_normals
from tools.render.pets.overlay import overlay
from tools.render.pets.picture_files import jpeg, png
from tools.render.pets.sensor import develop

NO_BPY = importlib.util.find_spec("bpy") is None


def some_frame(seed: int, **changes) -> Frame:
    frame = Frame(
        seed=seed,
        generator_version=contract.GENERATOR_VERSION,
        species=contract.species_of(seed),
        breed=contract.breed_of(seed),
        coat="grey",
        pose="sit",
        asleep=False,
        surroundings="lawn",
        shot="body",
        height=12,
        width=16,
        pet_share=0.3,
        background_share=0.6,
        border_share=0.1,
        head_bbox=(0.1, 0.2, 0.5, 0.6),
        head_in_frame=1.0,
        face_visible=1.0,
        rejected=None,
    )
    return dataclasses.replace(frame, **changes)


# --- geometry ----------------------------------------------------------------------------------


def test_noise_is_smooth_bounded_and_repeatable(rng):
    points = rng.uniform(-50, 50, (2000, 3))
    noise = value_noise(points, seed=3)
    assert noise.min() >= 0 and noise.max() <= 1 and noise.std() > 0.1
    np.testing.assert_array_equal(noise, value_noise(points, seed=3))
    assert np.abs(noise - value_noise(points, seed=4)).mean() > 0.05
    assert np.abs(noise - value_noise(points + 1e-4, seed=3)).max() < 1e-3
    assert fractal_noise(points).min() >= 0 and fractal_noise(points).max() <= 1


def test_frames_are_right_handed_rotations(rng):
    for forward in rng.normal(size=(20, 3)):
        frame = frame_from(forward, roll=rng.uniform(-1, 1))
        np.testing.assert_allclose(frame.T @ frame, np.eye(3), atol=1e-6)
        assert np.linalg.det(frame) == pytest.approx(1)


def test_smoothstep_ends_and_middle():
    np.testing.assert_allclose(smoothstep(np.array([0.0, 1, 2, 3, 9]), 1, 3), [0, 0, 0.5, 1, 1])


def test_surface_net_of_a_ball_has_its_radius_volume_and_outward_normals():
    ball = Ellipsoid("x", (0.3, -0.2, 0.5), (1.0, 1.0, 1.0))
    vertices, quads = mesh_of([ball], 0.06)
    radius = np.linalg.norm(vertices - ball.centre, axis=1)
    assert np.abs(radius - 1).max() < 0.01
    corners = vertices[quads] - ball.centre
    volume = sum(
        np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, a], corners[:, b])).sum() / 6
        for a, b in ((1, 2), (2, 3))
    )
    assert volume == pytest.approx(4 / 3 * np.pi, rel=0.02)
    outward = (vertex_normals(vertices, quads) * (vertices - ball.centre)).sum(axis=1)
    assert outward.min() > 0.95


def test_surface_net_is_closed():
    parts = [
        Capsule("x", (0, 0, 0), (1, 0, 0.4), 0.4, 0.2),
        Ellipsoid("x", (1.1, 0.1, 0.4), (0.3, 0.4, 0.2)),
    ]
    _, quads = mesh_of(parts, 0.05, cuts=[Ellipsoid("x", (0, 0, 0.4), (0.1, 0.1, 0.1))])
    edges = np.concatenate([quads[:, [i, (i + 1) % 4]] for i in range(4)])
    there, back = np.unique(edges, axis=0), np.unique(edges[:, ::-1], axis=0)
    np.testing.assert_array_equal(there, back)


def test_distance_of_a_capsule_is_exact(rng):
    capsule = Capsule("x", (0, 0, 0), (2, 0, 0), 0.5, 0.5)
    points = rng.uniform(-2, 4, (500, 3))
    nearest = np.stack([np.clip(points[:, 0], 0, 2), *np.zeros((2, 500))], axis=1)
    expected = np.linalg.norm(points - nearest, axis=1) - 0.5
    np.testing.assert_allclose(capsule.distance(points), expected, atol=1e-6)


def test_a_soft_join_only_adds_near_both_parts(rng):
    first, second = Ellipsoid("x", (0, 0, 0), (1, 1, 1)), Ellipsoid("x", (1.5, 0, 0), (1, 1, 1))
    points = rng.uniform(-3, 4, (500, 3))
    apart = np.minimum(first.distance(points), second.distance(points))
    joined = field([first, second], points)
    assert (joined <= apart + 1e-9).all()
    assert (apart - joined).max() <= second.blend / 4 + 1e-9


# --- trimap ------------------------------------------------------------------------------------


def test_trimap_of_a_disc_has_a_band_of_the_stated_width():
    y, x = np.mgrid[:144, :192]
    coverage = np.clip(50.5 - np.hypot(y - 72, x - 96), 0, 1)
    result = trimap.trimap_from(coverage)
    assert result.dtype == np.uint8 and np.unique(result).tolist() == [PET, BACKGROUND, BORDER]
    row = result[72]
    band = trimap.BAND_SHARE * 192
    for half in (row[:96], row[96:]):
        assert abs((half == BORDER).sum() - band) <= 1
    pet, background, border = trimap.class_shares(result)
    assert pet + background + border == pytest.approx(1)
    assert border == pytest.approx(2 * np.pi * 50 * band / result.size, rel=0.08)


def test_the_edge_of_the_picture_is_no_outline():
    coverage = np.zeros((60, 192))
    coverage[:, :100] = 1
    result = trimap.trimap_from(coverage)
    assert (result[:, :90] == PET).all()
    assert (result[:, 110:] == BACKGROUND).all()


@pytest.mark.parametrize(("value", "expected"), [(0.0, BACKGROUND), (1.0, PET)])
def test_trimap_without_an_outline(value, expected):
    assert (trimap.trimap_from(np.full((20, 30), value)) == expected).all()


def test_pet_and_background_never_touch(rng):
    coverage = rng.random((96, 128))
    result = trimap.trimap_from(coverage)
    for first, second in ((result[1:], result[:-1]), (result[:, 1:], result[:, :-1])):
        assert not ((first == PET) & (second == BACKGROUND)).any()
        assert not ((first == BACKGROUND) & (second == PET)).any()


# --- picture -----------------------------------------------------------------------------------


def test_sensor_is_repeatable_and_exposes_dark_and_bright_scenes_alike(rng):
    light = rng.random((60, 80, 3)) * [1.0, 0.8, 0.6]
    coverage = np.zeros((60, 80))
    coverage[20:40, 20:40] = 1
    pictures = [
        develop(light * factor, coverage, random.Random(5), np.random.default_rng(5))
        for factor in (0.2, 5.0)
    ]
    again = develop(light * 5.0, coverage, random.Random(5), np.random.default_rng(5))
    np.testing.assert_array_equal(pictures[1], again)
    assert pictures[0].dtype == np.uint8 and pictures[0].shape == (60, 80, 3)
    means = [picture.mean() for picture in pictures]
    assert abs(means[0] - means[1]) < 6
    assert 60 < means[1] < 190


def test_white_balance_keeps_a_grey_pet_grey_on_grass():
    """Full grey-world balance turns it purple."""
    light = np.full((60, 80, 3), (0.06, 0.12, 0.03))
    light[20:40, 30:50] = 0.15
    coverage = (light[..., 2] == 0.15).astype(float)
    for seed in range(20):
        picture = develop(light, coverage, random.Random(seed), np.random.default_rng(seed))
        red, green, blue = picture[20:40, 30:50].reshape(-1, 3).mean(axis=0)
        assert (red + blue) / 2 - green < 50


def test_files_are_lossless_where_they_must_be(rng):
    values = rng.integers(1, 4, (40, 30), dtype=np.uint8)
    import io

    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(png(values)))), values)
    assert Image.open(io.BytesIO(jpeg(np.zeros((8, 8, 3), np.uint8)))).format == "JPEG"


def test_overlay_marks_border_background_and_head():
    image = np.full((20, 30, 3), 200, np.uint8)
    labels = np.full((20, 30), BACKGROUND, np.uint8)
    labels[5:15, 5:15], labels[7:13, 7:13] = BORDER, PET
    shown = overlay(image, labels, (0.0, 0.5, 0.5, 1.0))
    assert shown.shape == image.shape and shown.dtype == np.uint8
    assert (shown[10, 10] == 200).all() and (shown[18, 2] == 60).all()
    assert shown[0, 29].tolist() == [230, 159, 0]


# --- breeds and splits -------------------------------------------------------------------------


def test_breeds_take_turns_and_species_alternate():
    for split in contract.SPLITS.values():
        species = [contract.species_of(seed) for seed in split.seeds]
        assert species.count("Cat") == species.count("Dog")
        assert {contract.breed_of(seed) for seed in split.seeds} == set(contract.BREEDS)


def test_splits_share_no_seed():
    train, test = (set(contract.SPLITS[name].seeds) for name in ("train", "test"))
    assert not train & test


def test_individuals_differ_and_are_repeatable():
    for name, breed in BREEDS.items():
        first, second = individual(name, random.Random(1)), individual(name, random.Random(2))
        assert first == individual(name, random.Random(1)) != second
        assert 0.9 <= first.chest / breed.chest <= 1.1


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ((0.05, 1, 1), "pet share"),
        ((0.80, 1, 1), "pet share"),
        ((0.3, 0.5, 1), "head"),
        ((0.3, 1, 0.25), "face"),
    ],
)
def test_the_rule_rejects_and_says_why(facts, why):
    assert why in contract.rejection(*facts)


def test_the_rule_accepts_at_its_bounds():
    assert contract.rejection(contract.MIN_PET_SHARE, 1, 1) is None
    assert contract.rejection(contract.MAX_PET_SHARE, contract.MIN_HEAD_IN_FRAME, 0.75) is None


# --- files of a frame --------------------------------------------------------------------------


def test_a_frame_comes_back_as_written(tmp_path):
    frame = some_frame(10)
    contract.write_frame(tmp_path, frame)
    assert contract.read_frame(tmp_path, 10) == frame
    assert not list(tmp_path.glob(".*")), "a temporary file is left"


def test_a_picture_without_facts_does_not_count(tmp_path):
    image, labels, _ = contract.frame_paths(tmp_path, 10)
    image.write_bytes(b"half")
    labels.write_bytes(b"half")
    assert contract.read_frame(tmp_path, 10) is None


def test_a_frame_of_another_generator_does_not_count(tmp_path):
    contract.write_frame(tmp_path, some_frame(10, generator_version="0.9"))
    assert contract.read_frame(tmp_path, 10) is None


@pytest.fixture
def small_splits(monkeypatch):
    splits = {"train": Split("train", 0, 4, 20), "test": Split("test", 100, 2, 20)}
    monkeypatch.setattr(selection, "SPLITS", splits)
    return splits


def write_picture(folder, frame: Frame, noise_seed: int) -> None:
    noise = np.random.default_rng(noise_seed).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    picture = Image.fromarray(noise).resize((96, 72), Image.Resampling.NEAREST)
    contract.frame_paths(folder, frame.seed)[0].write_bytes(jpeg(np.asarray(picture)))
    contract.write_frame(folder, frame)


def test_selection_goes_by_seed_rule_species_and_looks(tmp_path, small_splits):
    for seed in [*range(12), *range(100, 106)]:
        write_picture(tmp_path, some_frame(seed), seed)
    write_picture(tmp_path, some_frame(0, rejected="pet share 0.01 below 0.08"), 0)
    write_picture(tmp_path, some_frame(4), 2)  # looks like seed 2
    write_picture(tmp_path, some_frame(100), 1)  # looks like a train picture
    chosen = selection.select(tmp_path)
    assert [frame.seed for frame in chosen["train"]] == [1, 2, 3, 6]
    assert [frame.seed for frame in chosen["test"]] == [101, 102]


def test_too_few_pictures_are_an_error(tmp_path, small_splits):
    write_picture(tmp_path, some_frame(0), 0)
    with pytest.raises(NotEnoughFrames, match="split 'train' needs 4 pictures"):
        selection.select(tmp_path)


# --- command line ------------------------------------------------------------------------------


def pets(root, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tools.render.pets", *arguments]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


def test_help_needs_nothing(root):
    done = pets(root, "--help")
    assert done.returncode == 0
    assert "--frames" in done.stdout and "--seed" in done.stdout


@pytest.mark.skipif(not NO_BPY, reason="Blender's bpy is installed here")
@pytest.mark.parametrize("arguments", [("--seed", "30"), ("--all",)])
def test_without_blender_it_says_what_to_install(root, tmp_path, arguments):
    done = pets(root, *arguments, "--out", str(tmp_path), "--frames", str(tmp_path))
    assert done.returncode == 1
    assert "pip install -r requirements/render.txt" in done.stderr
    assert "Traceback" not in done.stderr


def test_packing_without_frames_says_what_to_do(root, tmp_path):
    done = pets(root, "--pack", "--frames", str(tmp_path), "--out", str(tmp_path / "out"))
    assert done.returncode == 1
    assert "tools.render.pets --all" in done.stderr
    assert "Traceback" not in done.stderr
