"""helpers.figures: what a notebook gets to see, and what a reader who cannot see it gets."""

from __future__ import annotations

import base64
import io
import itertools
import subprocess
import sys
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from PIL import Image

from helpers import figures
from helpers.errors import ArrayError

matplotlib.use("Agg")
import matplotlib.pyplot as plt

TEXTS = {"title": "A finding", "data": "drawn squares", "alt": "Two squares, one of them larger."}


@pytest.fixture
def displayed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict, dict]]:
    """What reaches the notebook: (data, metadata) of each display."""
    from IPython.core.formatters import DisplayFormatter

    seen: list[tuple[dict, dict]] = []

    def record(thing: Any, raw: bool = False, **_: Any) -> None:
        if raw:
            seen.append((thing, {}))
        else:
            seen.append(DisplayFormatter().format(thing))

    monkeypatch.setattr("IPython.display.display", record)
    return seen


@pytest.fixture(autouse=True)
def _no_figure_stays_open():
    plt.close("all")
    yield
    plt.close("all")


def drawn() -> Any:
    figure, axes = figures.new_figure(size=(4, 3))
    axes.plot([0, 1], [0, 1])
    return figure


def as_array(data: dict) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).convert("RGB"))


def test_a_figure_is_shown_as_png_with_its_alternative_text(displayed: list) -> None:
    figures.show(drawn(), **TEXTS)
    ((data, metadata),) = displayed
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert metadata["image/png"]["alt"] == TEXTS["alt"]


def test_a_figure_asks_ipython_for_nothing_that_colabs_7_34_lacks(displayed, monkeypatch) -> None:
    import IPython.display

    newest = IPython.display.Image
    known = {"data", "url", "filename", "format", "embed", "width", "height", "retina"}
    known |= {"unconfined", "metadata"}

    def of_7_34(**options: Any) -> Any:
        assert set(options) <= known, options.keys()
        return newest(**options)

    monkeypatch.setattr(IPython.display, "Image", of_7_34)
    figures.show(drawn(), **TEXTS)
    ((_, metadata),) = displayed
    assert metadata["image/png"]["alt"] == TEXTS["alt"]


def test_a_figure_is_closed_after_it_was_shown(displayed: list) -> None:
    figures.show(drawn(), **TEXTS)
    assert plt.get_fignums() == []


def test_title_and_data_stand_above_the_figure(displayed: list) -> None:
    figure = drawn()
    figures.show(figure, **TEXTS)
    assert figure.get_suptitle() == "A finding\nData: drawn squares"


@pytest.mark.parametrize("missing", ["title", "data", "alt"])
@pytest.mark.parametrize("empty", ["", "   ", "\n"])
def test_an_empty_text_is_refused(displayed: list, missing: str, empty: str) -> None:
    with pytest.raises(ArrayError, match="title, data and alt"):
        figures.show(drawn(), **(TEXTS | {missing: empty}))
    assert displayed == []


def test_small_things_keep_their_colours_and_the_page_stays_white(displayed: list) -> None:
    rng = np.random.default_rng(0)
    brown = rng.normal((150, 110, 70), 25, (300, 400, 3)).clip(0, 255).astype(np.uint8)
    brown[140:152, 200:212] = (110, 150, 40)  # a green eye, a thousandth of the picture
    figure, axes = figures.new_figure(size=(5, 3.5))
    figures.picture(axes, brown)
    figures.show(figure, **TEXTS)
    shown = as_array(displayed[0][0])
    assert shown[0, 0].tolist() == [255, 255, 255]
    green = np.abs(shown.astype(int) - (110, 150, 40)).max(axis=2) < 15
    assert green.sum() > 100
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) <= 256


def test_the_page_is_white_also_beside_nearly_white_things(displayed: list) -> None:
    figure, axes = figures.new_figure(size=(5, 3.5))
    shades = np.linspace(200, 254, 256).round().astype(np.uint8)
    figures.picture(axes, np.repeat(np.tile(shades, (60, 1))[..., None], 3, axis=2))
    axes.plot([0, 250], [0, 59])
    figures.show(figure, **TEXTS)
    assert (as_array(displayed[0][0])[:3] == 255).all()
    assert (as_array(displayed[0][0])[-3:] == 255).all()


def test_two_times_the_same_figure_gives_the_same_bytes(displayed: list) -> None:
    figures.show(drawn(), **TEXTS)
    figures.show(drawn(), **TEXTS)
    assert displayed[0] == displayed[1]


def test_headline_carries_text_and_numbers(displayed: list) -> None:
    figures.headline(data="toy pets, test", miou=0.81234, images=120)
    ((bundle, _),) = displayed
    assert bundle["text/plain"] == "data = toy pets, test\nmiou = 0.812\nimages = 120"
    assert bundle[figures.METRICS_MIME] == {
        "data": "toy pets, test",
        "miou": 0.81234,
        "images": 120,
    }


def test_the_lab_runner_collects_what_headline_leaves(displayed: list) -> None:
    import nbformat

    from tools import notebooks

    figures.headline(miou=0.5)
    output = nbformat.v4.new_output("display_data", data=dict(displayed[0][0]))
    cell = nbformat.v4.new_code_cell("", outputs=[output])
    assert notebooks.headline_metrics(nbformat.v4.new_notebook(cells=[cell])) == {"miou": 0.5}


# --- drawing ----------------------------------------------------------------------------------


def test_a_boolean_mask_is_black_and_white_even_if_it_is_constant() -> None:
    _, axes = figures.new_figure()
    figures.picture(axes, np.ones((3, 3), bool), "all")
    assert axes.images[0].get_clim() == (0, 1)
    assert axes.get_title() == "all"
    assert list(axes.get_xticks()) == []


def test_class_map_takes_the_colour_of_each_class() -> None:
    labels = np.array([[0, 1], [2, 1]])
    _, axes = figures.new_figure()
    figures.class_map(axes, labels, ["a", "b", "c"])
    shown = np.asarray(axes.images[0].get_array())
    np.testing.assert_array_equal(shown, np.array(figures.COLOURS, np.uint8)[labels])


def test_class_map_over_an_image_leaves_plain_classes_untinted() -> None:
    image = np.full((2, 2, 3), 100, np.uint8)
    _, axes = figures.new_figure()
    figures.class_map(axes, np.array([[0, 1], [0, 1]]), ["a", "b"], image=image, plain={0})
    shown = np.asarray(axes.images[0].get_array())
    assert shown[0, 0].tolist() == [100, 100, 100]
    tinted = np.round(0.55 * np.array(figures.SKY) + 0.45 * 100)
    assert shown[0, 1].tolist() == tinted.tolist()


def hatchings(axes: Any) -> set[str]:
    return {c.get_hatch() for c in axes.collections if c.get_hatch()}


def test_every_class_that_occurs_has_a_hatching_unless_it_is_plain() -> None:
    labels = np.repeat(np.arange(4), 5).reshape(4, 5)
    _, axes = figures.new_figure()
    figures.class_map(axes, labels, ["a", "b", "c", "d", "nowhere"], plain={0})
    assert hatchings(axes) == set(figures.HATCHES[1:4])


def test_the_outline_of_a_large_pixel_is_square() -> None:
    mask = np.zeros((6, 8), bool)
    mask[2, 3] = True
    _, axes = figures.new_figure()
    figures.hatch(axes, mask, "///")
    lines = axes.collections[-1].get_paths()[0].vertices
    corners = {(2.5, 1.5), (3.5, 1.5), (2.5, 2.5), (3.5, 2.5)}
    for corner in corners:
        assert np.abs(lines - corner).max(axis=1).min() < 0.05
    assert lines.min() > 1.4 and lines.max() < 3.6


def test_the_legend_names_each_class_with_colour_and_hatching() -> None:
    figure, _ = figures.new_figure()
    figures.class_legend(figure, ["sky", "road"], plain={0})
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["sky", "road"]
    first, second = legend.get_patches()
    assert first.get_hatch() is None
    assert first.get_facecolor()[:3] == pytest.approx(figures.unit(figures.ORANGE))
    assert second.get_hatch() == figures.HATCHES[1]
    assert second.get_facecolor()[:3] == pytest.approx(figures.unit(figures.SKY))


def test_colours_differ_also_for_the_colour_blind() -> None:
    """Every pair stays apart when red, or green, receptors are missing (Machado et al., 2009)."""
    protanopia = [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                  [-0.003882, -0.048116, 1.051998]]  # fmt: skip
    deuteranopia = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                    [-0.011820, 0.042940, 0.968881]]  # fmt: skip
    linear = (np.array(figures.COLOURS) / 255) ** 2.2
    for simulation in (np.eye(3), protanopia, deuteranopia):
        seen = (linear @ np.transpose(simulation)).clip(0, 1) ** (1 / 2.2)
        for a, b in itertools.combinations(seen, 2):
            assert np.linalg.norm(a - b) > 0.15
    assert len(set(figures.HATCHES)) == len(figures.HATCHES) == len(figures.COLOURS)


def test_too_few_colours_and_labels_out_of_range_are_refused() -> None:
    _, axes = figures.new_figure()
    with pytest.raises(ArrayError, match=r"colours: .* found 1 for 2 classes"):
        figures.class_map(axes, np.array([[0, 1]]), ["a", "b"], colours=[figures.RED])
    with pytest.raises(ArrayError, match=r"labels: expected values from 0 to 1, found .* 2"):
        figures.class_map(axes, np.array([[0, 2]]), ["a", "b"])


def test_importing_the_module_does_not_import_matplotlib(root: Path) -> None:
    code = "import sys, helpers.figures; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


def test_the_legend_paints_no_plain_class_where_the_map_paints_none() -> None:
    figure, axes = figures.new_figure()
    image = np.full((2, 2, 3), 100, np.uint8)
    figures.class_map(axes, np.eye(2, dtype=int), ["sky", "road"], image=image, plain={0})
    figures.class_legend(figure, ["sky", "road"], plain={0})
    first, second = figure.legends[0].get_patches()
    assert first.get_facecolor()[3] == 0
    assert "not painted" in figure.legends[0].get_texts()[0].get_text()
    assert second.get_facecolor()[:3] == pytest.approx(figures.unit(figures.SKY))


def test_a_figure_takes_the_place_of_an_earlier_one(monkeypatch) -> None:
    calls = []
    monkeypatch.setattr("IPython.display.display", lambda _, **options: calls.append(options))
    figures.show(drawn(), **TEXTS)
    figures.show(drawn(), **TEXTS, place="watch")
    figures.show(drawn(), **TEXTS, place="watch", update=True)
    assert [call["display_id"] for call in calls] == [None, "watch", "watch"]
    assert [call["update"] for call in calls] == [False, False, True]
