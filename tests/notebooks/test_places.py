"""The labs where students are: a short run on the oldest published list, the whole one when asked.

`make places` (or `pytest -m slow`) runs every lab in every place.
"""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from tools import notebooks, places

LABS = notebooks.find_labs()
OLDEST = places.all_places()[0]


@pytest.fixture(scope="module")
def origin() -> Path:
    return places.students_origin()


@pytest.fixture(scope="module")
def oldest() -> places.Place:
    try:
        places.prepare(OLDEST)
    except places.NoPythonError as error:
        pytest.skip(f"the labs as on Colab: {error}")
    return OLDEST


@pytest.mark.timeout(900)
@pytest.mark.parametrize("lab", LABS, ids=lambda path: path.stem)
def test_on_the_oldest_list_the_set_up_cell_works_and_a_figure_is_shown(oldest, origin, lab):
    """Lab 1 runs whole, the others up to their first figure."""
    short = lab is not LABS[0]
    run, fetched = places.run(oldest, lab, origin, short=short)
    assert run.ok, run.failure
    set_up, *rest = [cell for cell in run.notebook.cells if cell.cell_type == "code"]
    said = "".join(output.get("text", "") for output in set_up.outputs)
    assert said.startswith("Fetching the course") and "Note:" not in said
    pictures = [
        output.metadata["image/png"]["alt"]
        for output in rest[-1].outputs
        if short and "image/png" in output.get("data", {})
    ]
    assert len(pictures) == short
    if not short:
        stored = notebooks.headline_metrics(nbformat.read(lab, as_version=4))
        assert places.different(run.metrics, stored) == []
    assert fetched < {"01": 3, "02": 30, "03": 75}.get(lab.name[:2], 45)


@pytest.mark.slow
@pytest.mark.timeout(0)
def test_every_lab_runs_whole_in_every_place():
    assert places.main([]) == 0


def test_every_place_says_its_python_and_pins_what_it_has():
    assert len(places.all_places()) >= 3
    for place in places.all_places():
        assert place.python.split(".")[1] in ("11", "12", "13")
        lines = place.requirements.read_text(encoding="utf-8").splitlines()
        assert len([line for line in lines if "==" in line]) > 100
        assert all("==" in line or line.startswith("#") for line in lines)


def test_a_figure_that_differs_is_named():
    stored = {"miou": 0.7371, "images": 3, "data": "toy pets"}
    assert places.different({"miou": 0.7372, "images": 3, "data": "toy pets"}, stored) == []
    assert places.different({"miou": 0.72, "images": 3}, stored) == [
        "miou 0.72 instead of 0.7371",
        "data None instead of toy pets",
    ]


def test_of_tfod2s_training_the_signs_are_compared():
    stored = {"detections_without_patch": 0, "detections_with_patch": 3}
    assert (
        places.different({"detections_without_patch": 0, "detections_with_patch": 1}, stored) == []
    )
    found = {"detections_without_patch": 1, "detections_with_patch": 0}
    assert len(places.different(found, stored)) == 2


def test_the_page_is_what_the_results_say():
    import json

    rows = json.loads(places.RESULTS.read_text(encoding="utf-8"))
    assert places.PAGE.read_text(encoding="utf-8") == places.page(rows)
