"""Normalising: what may differ from run to run goes, everything else stays."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from helpers import figures
from tools import notebooks
from tools.notebooks import WIDGET_MIME, as_terminal, normalise, without_machine

stream = nbformat.v4.new_output


def with_outputs(*outputs):
    cell = nbformat.v4.new_code_cell("1", outputs=list(outputs), execution_count=1)
    return nbformat.v4.new_notebook(cells=[cell])


def outputs_after(*outputs, **options):
    return normalise(with_outputs(*outputs), **options).cells[0].outputs


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("plain\ntext\n", "plain\ntext\n"),
        ("10%\r50%\r100%\ndone", "100%\ndone"),
        ("longer text\rshort", "shortr text"),
        ("abc\b\bX", "aXc"),
        ("old state\r\x1b[Knew", "new"),
        ("\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m"),
    ],
)
def test_as_terminal_shows_what_remains_on_the_screen(written, shown):
    assert as_terminal(written) == shown


@example("22K\r\x1b[")
@given(st.text(alphabet="ab \r\n\b\x1b[2Km"))
def test_as_terminal_leaves_no_control_characters_and_is_stable(text):
    once = as_terminal(text)
    assert not set(once) & {"\r", "\b"}
    assert as_terminal(once) == once


def test_paths_and_addresses_of_this_machine_go(tmp_path):
    root = Path("/home/someone/my course")
    text = f"{root}/data/x.png {Path.home()}/y {tmp_path}/z <obj at 0x7f00deadbeef> data in ../data"
    cleaned = without_machine(text, root)
    assert cleaned.startswith("../data/x.png ~/y ")
    assert str(tmp_path) not in cleaned
    assert "0x7f" not in cleaned
    assert cleaned.endswith("data in ../data")


def test_a_folder_of_a_similar_name_is_left_alone():
    text = "/srv/course2/data and ../srv/course/data"
    assert without_machine(text, Path("/srv/course")) == text


def test_stderr_goes_unless_it_is_kept_and_streams_are_joined():
    pieces = [
        stream("stream", name="stdout", text="a"),
        stream("stream", name="stderr", text="noise"),
        stream("stream", name="stdout", text="b\n"),
    ]
    (output,) = outputs_after(*pieces)
    assert output.text == "ab\n"
    assert [o.name for o in outputs_after(*pieces, keep_stderr=True)] == [
        "stdout",
        "stderr",
        "stdout",
    ]


def test_a_progress_widget_goes_and_a_slider_becomes_a_note():
    bar = stream("display_data", {WIDGET_MIME: {"model_id": "1"}, "text/plain": "  0%|   | 0/9"})
    keras = "0epoch [00:00, ?epoch/s]"
    epochs = stream("display_data", {WIDGET_MIME: {"model_id": "3"}, "text/plain": keras})
    slider = stream("display_data", {WIDGET_MIME: {"model_id": "2"}, "text/plain": "IntSlider()"})
    (output,) = outputs_after(bar, epochs, slider)
    assert output.data == {"text/plain": notebooks.WIDGET_NOTE}


def test_what_is_printed_before_and_after_a_progress_widget_is_joined():
    bar = stream("display_data", {WIDGET_MIME: {"model_id": "1"}, "text/plain": "  0%|   | 0/9"})
    pieces = [stream("stream", name="stdout", text=text) for text in ("before\n", "after\n")]
    (output,) = outputs_after(pieces[0], bar, pieces[1])
    assert output.text == "before\nafter\n"


def test_metadata_become_the_same_on_every_machine():
    notebook = with_outputs(stream("display_data", {"image/png": "AAAA\n"}))
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": {"name": "my-env"}, "language_info": {"version": "3.12.1"}, "widgets": {}}
    )
    notebook.cells[0].metadata = nbformat.from_dict({"execution": {"t": 1}, "tags": ["long-ok"]})
    result = normalise(notebook)
    assert result.metadata == {"kernelspec": notebooks.KERNEL, "language_info": notebooks.LANGUAGE}
    assert result.cells[0].metadata == {"tags": ["long-ok"]}
    assert result.cells[0].execution_count == 1
    assert result.cells[0].outputs[0].data["image/png"] == "AAAA"
    assert "widgets" in notebook.metadata  # the original is left alone


def test_ids_stay_and_missing_ones_are_the_same_every_time():
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("1"), nbformat.v4.new_code_cell("2")]
    )
    notebook.cells[0].id = "mine"
    del notebook.cells[1]["id"]
    assert [cell.id for cell in normalise(notebook).cells] == ["mine", "cell-001"]


def test_normalising_twice_changes_nothing():
    notebook = with_outputs(
        stream("stream", name="stdout", text="1\r2 <x at 0x7fffffffffff>"),
        stream("error", ename="E", evalue="v", traceback=["/tmp/abc/x.py"]),
    )
    once = normalise(notebook)
    assert normalise(once) == once


def test_writing_sorts_keys_and_leaves_no_temporary_file(tmp_path):
    path = tmp_path / "deep" / "n.ipynb"
    notebooks.write_notebook(path, with_outputs())
    text = path.read_text(encoding="utf-8")
    assert text.endswith("}\n")
    assert list(json.loads(text)) == sorted(json.loads(text))
    assert [p.name for p in path.parent.iterdir()] == ["n.ipynb"]


def test_the_commands_start_quickly():
    """A grammar that nobody needs once took most of the start; see tools/__init__.py."""
    code = "import time, tools.run_labs; print(time.process_time())"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=notebooks.ROOT, capture_output=True, text=True, check=True)
    assert float(done.stdout) < 2.5


def test_headline_metrics_take_the_last_value_of_each_name():
    mime = figures.METRICS_MIME
    notebook = with_outputs(
        stream("display_data", {mime: {"a": 1, "b": 2}}), stream("display_data", {mime: {"a": 3}})
    )
    assert notebooks.headline_metrics(notebook) == {"a": 3, "b": 2}
