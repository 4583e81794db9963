"""The labs where students are: a short run on the oldest published list, the whole one when asked.

`make places` (or `pytest -m slow`) runs every lab in every place.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from tools import notebooks, places

LABS = notebooks.find_labs()
OLDEST = places.all_places()[0]
SET_UP = notebooks.setup_cell().split("\n", 1)[0]
WORK = places.WORK


@pytest.fixture(scope="module", autouse=True)
def own_folder() -> Iterator[None]:
    """`make places` may be at work in the other, and each makes its environments anew."""
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(places, "WORK", places.BUILD / "places-test")
        yield


@pytest.fixture(scope="module")
def origin() -> Path:
    return places.students_origin()


@pytest.fixture(scope="module")
def oldest(tmp_path_factory) -> places.Place:
    there = ["download", "--quiet", "--retries=0", "--timeout=5", "--no-deps", "contextlib2"]
    folder = str(tmp_path_factory.mktemp("index"))
    done = subprocess.run(
        [sys.executable, "-m", "pip", *there, "--dest", folder], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("the labs as on Colab: they need a package index to install from")
    try:
        places.prepare(OLDEST)
    except places.NoPythonError as error:
        pytest.skip(f"the labs as on Colab: {error}")
    return OLDEST


def up_to_the_first_figure(lab: Path, origin: Path) -> list[NotebookNode]:
    """The cells of a lab up to where it would stop if figures were broken.

    Without lab 3's doctor, whose processes start TensorFlow again and again and lead to no figure,
    and with a quarter of lab 5's stills.
    """
    cells = places.as_opened(lab, origin).cells
    cells = [c for c in cells if c.cell_type == "code" and "doctor" not in c.source]
    for cell in cells:
        cell.source = re.sub(r"(?<=^PARTS, EVERY = 1, )\d+", "12", cell.source)
    first = next(n for n, cell in enumerate(cells) if "figures.show(" in cell.source)
    return cells[: first + 1]


def alt_texts(cell: NotebookNode) -> list[str]:
    return [
        output.metadata["image/png"]["alt"]
        for output in cell.get("outputs", ())
        if "image/png" in output.get("data", {})
    ]


# In each kernel as many labs as can be: the set-up cell is the same, and starting TensorFlow takes
# longest. Labs 3 and 4 activate TFOD2, which is possible only before TensorFlow is imported.
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("whole", "short"), [((1,), (2, 5)), ((), (3, 4))], ids=["1", "tfod2"])
def test_on_the_oldest_list_labs_are_set_up_and_show_a_figure(oldest, origin, whole, short):
    """Lab 1 runs whole, the others up to their first figure."""
    parts = [places.as_opened(LABS[number - 1], origin).cells for number in whole]
    parts += [up_to_the_first_figure(LABS[number - 1], origin) for number in short]
    cells = [cell for part in parts for cell in part]
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
    run, fetched = places.run(oldest, nbformat.v4.new_notebook(cells=cells), origin)
    assert run.ok, run.failure
    cells = {cell.id: cell for cell in run.notebook.cells}
    set_up = [cell for cell in cells.values() if cell.source.startswith(SET_UP)]
    said = ["".join(output.get("text", "") for output in cell.outputs) for cell in set_up]
    assert len(said) == len(parts)
    assert said[0].startswith("Fetching the course")
    assert not any("Note:" in text for text in said)
    shown = [alt_texts(cells[part[-1].id]) for part in parts[len(whole) :]]
    assert [len(texts) for texts in shown] == [1] * len(short)
    for number in whole:
        stored = notebooks.headline_metrics(nbformat.read(LABS[number - 1], as_version=4))
        assert places.different(run.metrics, stored) == []
    assert fetched < 45


def test_what_make_places_has_prepared_is_left_alone(monkeypatch):
    monkeypatch.setattr(
        places, "uv", lambda *of, **_: made.append(of) or subprocess.CompletedProcess(of, 0, "", "")
    )
    made = []
    places.prepare(OLDEST)
    assert any(OLDEST.name in argument for step in made for argument in step)
    assert not any(str(WORK / OLDEST.name) in step for step in made)


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
