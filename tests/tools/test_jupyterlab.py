"""What JupyterLab adds to a notebook when it opens and saves it does not reach the file."""

from __future__ import annotations

import copy
import json

import nbformat
import pytest

from tools import jupyterlab, notebooks


@pytest.mark.parametrize("lab", notebooks.find_labs(), ids=lambda path: path.stem)
def test_a_lab_that_was_opened_and_saved_is_as_it_was(lab):
    before = notebooks.normalise(nbformat.read(lab, as_version=4))
    opened = copy.deepcopy(before)
    opened.metadata.language_info["version"] = "3.13.15"
    opened.metadata["widgets"] = {"state": {}}
    opened.cells[0].metadata["scrolled"] = True
    jupyterlab.before_saving({"type": "notebook", "content": opened}, path=lab.name)
    assert nbformat.writes(opened) == nbformat.writes(before)


def test_numbers_are_as_a_browser_saves_them():
    kept = notebooks.as_in_browser({"a": [1.0, 0.5, -0.0, True, "1.0", None], "b": 3})
    assert json.dumps(kept) == '{"a": [1, 0.5, 0, true, "1.0", null], "b": 3}'


def test_other_files_and_other_kernels_are_left_alone():
    text = {"type": "file", "content": "a"}
    jupyterlab.before_saving(text)
    notebook = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "julia", "display_name": "Julia"}}
    )
    jupyterlab.before_saving({"type": "notebook", "content": notebook})
    assert text["content"] == "a"
    assert notebook.metadata.kernelspec == {"name": "julia", "display_name": "Julia"}
