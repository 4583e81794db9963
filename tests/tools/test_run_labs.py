"""The lab runner, on notebooks made for the purpose; each run starts real kernels."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest

from tools import execution, notebooks, run_labs
from tools.execution import LabRun, resident_mb

METRIC = """
from IPython.display import display
display({{"application/vnd.image-segmentation-labs.metrics+json": {metrics},
         "text/plain": "shown"}}, raw=True)
"""
PICTURE = """
import io
from IPython.display import display
from PIL import Image
stream = io.BytesIO()
Image.new("RGB", (640, 320), (0, 114, 178)).save(stream, "PNG")
display({"image/png": stream.getvalue(), "text/plain": "picture"}, raw=True,
        metadata={"image/png": {"alt": 'A blue field, "calm" & wide'}})
"""


def run(folder: Path, out: Path, *arguments: str) -> int:
    return run_labs.main(["--notebooks", str(folder), "--out", str(out), *arguments])


def summary(out: Path) -> list[dict]:
    return json.loads((out / "summary.json").read_text(encoding="utf-8"))


def test_two_labs_give_copies_pages_summary_and_table(make_lab, tmp_path, capsys):
    folder = make_lab(
        "01_first",
        ("markdown", "# Lab 1: First"),
        ("code", METRIC.format(metrics='{"miou": 0.5, "images": 3}')),
        ("code", METRIC.format(metrics='{"miou": 0.75}')),
    ).parent
    make_lab("02_second", ("markdown", "# Lab 2: Second"), ("code", PICTURE))
    out = tmp_path / "out with space"

    start = time.monotonic()
    assert run(folder, out) == 0
    taken = time.monotonic() - start

    first, second = summary(out)
    assert set(first) == {"lab", "ok", "cells", "seconds", "peak_mb", "metrics"}
    assert (first["lab"], first["ok"], first["cells"]) == ("01_first", True, 2)
    assert first["metrics"] == {"miou": 0.75, "images": 3}  # the later value wins
    assert 0 < first["seconds"] < taken
    assert 20 < first["peak_mb"] < 1000
    assert second["metrics"] == {}
    executed = nbformat.read(out / "01_first.ipynb", as_version=4)
    assert [cell.execution_count for cell in executed.cells[1:]] == [1, 2]
    table = capsys.readouterr().out
    assert "01_first" in table
    assert "miou 0.750, images 3" in table
    index = (out / "index.html").read_text(encoding="utf-8")
    assert "Lab 1: First" in index
    assert "href='02_second.html'" in index
    assert 'alt="A blue field, &quot;calm&quot; &amp; wide"' in index
    page = (out / "02_second.html").read_text(encoding="utf-8")
    assert 'href="01_first.html"' in page
    assert not list(out.glob("*.tmp"))


def test_a_failing_cell_is_named_and_the_other_labs_run(make_lab, tmp_path, capsys):
    folder = make_lab(
        "01_breaks",
        ("markdown", "# Breaks"),
        ("code", "print('before')"),
        ("markdown", "text"),
        ("code", "raise LookupError('no such <mask>')"),
        ("code", "print('after')"),
    ).parent
    make_lab("02_fine", ("code", "print(6 * 7)"))
    out = tmp_path / "out"
    out.mkdir()
    (out / "01_breaks.ipynb").write_text("of an earlier run")

    assert run(folder, out) == 1

    broken, fine = summary(out)
    assert (broken["ok"], broken["cells"], broken["failed_cell"]) == (False, 1, 4)
    assert fine["ok"]
    captured = capsys.readouterr()
    assert "FAILED at cell 4: LookupError: no such <mask>" in captured.out
    assert "01_breaks: cell 4 (code cell 2) failed" in captured.err
    assert "Traceback" in captured.err
    assert not (out / "01_breaks.ipynb").exists()
    partial = nbformat.read(out / "01_breaks.failed.ipynb", as_version=4)
    assert "incomplete" in partial.cells[0].source
    assert partial.cells[2].outputs[0].text == "before\n"
    assert partial.cells[5].execution_count is None
    page = (out / "01_breaks.html").read_text(encoding="utf-8")
    assert "This run is incomplete." in page
    assert "no such &lt;mask&gt;" in page
    assert "Stopped at cell 4" in (out / "index.html").read_text(encoding="utf-8")


def test_a_cell_that_hangs_ends_with_its_children(make_lab, tmp_path):
    marker = f"hang_marker_{os.getpid()}"  # other runs of this test may be on the machine
    child = f"import time; {marker} = 1; time.sleep(600)"
    start = f"p = subprocess.Popen([sys.executable, '-c', '{child}'])"
    cell = ("code", f"import subprocess, sys, time\n{start}\ntime.sleep(600)")
    folder = make_lab("01_hangs", ("markdown", "# Lab 1: Hangs"), cell).parent
    assert run(folder, tmp_path / "out", "--timeout", "3") == 1  # and not after 600 s
    (entry,) = summary(tmp_path / "out")
    assert entry["failed_cell"] == 2
    assert entry["reason"] == "the cell took longer than 3 s"
    assert not running(marker)


def test_a_lab_that_takes_too_long_in_all_is_ended(make_lab, tmp_path):
    cells = [("code", "import time; time.sleep(0.5)")] * 40
    folder = make_lab("01_slow", *cells).parent
    assert run(folder, tmp_path / "out", "--lab-timeout", "5") == 1
    (entry,) = summary(tmp_path / "out")
    assert entry["reason"] == "the lab took longer than 5 s"
    assert 0 < entry["cells"] < 40


def test_a_kernel_that_dies_is_reported_with_its_last_words(make_lab, tmp_path, capsys):
    source = "import os; os.write(2, b'last words'); os._exit(3)"
    folder = make_lab("01_dies", ("code", source)).parent
    assert run(folder, tmp_path / "out") == 1
    (entry,) = summary(tmp_path / "out")
    assert "the kernel died" in entry["reason"]
    assert entry["failed_cell"] == 1


def test_memory_counts_the_children_and_only_the_peak(make_lab, tmp_path):
    child = "import time; x = bytearray(300_000_000); time.sleep(3)"
    folder = make_lab("01_small", ("code", "import time; time.sleep(0.6)")).parent
    make_lab(
        "02_child",
        ("code", f"import subprocess, sys; subprocess.run([sys.executable, '-c', '{child}'])"),
        ("code", "import time; time.sleep(0.6)"),
    )
    assert run(folder, tmp_path / "out") == 0
    small, large = (entry["peak_mb"] for entry in summary(tmp_path / "out"))
    assert 250 < large - small < 500


def running(words: str) -> list[psutil.Process]:
    """Processes whose command line contains `words`."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or [])
        if words in line and process.pid != os.getpid():
            found.append(process)
    return found


@pytest.mark.parametrize(("signum", "at_once"), [(signal.SIGINT, 1), (signal.SIGTERM, 2)])
def test_an_interrupt_leaves_no_kernel_and_nothing_half_written(
    make_lab, tmp_path, root, signum, at_once
):
    marker = f"sleep_marker_{os.getpid()}_{signum}"
    child = f"import time; {marker} = 1; time.sleep(600)"
    folder = make_lab("01_fine", ("code", "1")).parent
    make_lab(
        "02_sleeps",
        ("code", f"import subprocess, sys; subprocess.run([sys.executable, '-c', '{child}'])"),
    )
    out = tmp_path / "out"
    command = [
        sys.executable,
        "-m",
        "tools.run_labs",
        "--notebooks",
        str(folder),
        "--out",
        str(out),
        "--at-once",
        str(at_once),
    ]
    process = subprocess.Popen(
        command,
        cwd=root,
        stderr=subprocess.PIPE,
        # Where the tests run in the background, Ctrl-C is ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 120
    while not (running(marker) and (out / "01_fine.html").exists()):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.2)
    process.send_signal(signum)
    _, stderr = process.communicate(timeout=120)

    assert process.returncode == 130
    assert b"Interrupted" in stderr
    assert not running(marker)
    assert [entry["lab"] for entry in summary(out)] == ["01_fine"]
    assert sorted(path.name for path in out.iterdir()) == [
        "01_fine.html",
        "01_fine.ipynb",
        "index.html",
        "summary.json",
    ]


def test_labs_are_chosen_by_number_or_name(make_lab, tmp_path, capsys):
    folder = make_lab("01_one", ("code", "1")).parent
    make_lab("02_two", ("code", "2"))
    assert [p.stem for p in notebooks.find_labs(["2", "01"], folder)] == ["01_one", "02_two"]
    assert [p.stem for p in notebooks.find_labs(["02_two.ipynb"], folder)] == ["02_two"]
    assert run(folder, tmp_path / "out", "7") == 2
    assert "expected a number or one of 01_one, 02_two, found '7'" in capsys.readouterr().err
    assert run(tmp_path, tmp_path / "out") == 2


def test_store_puts_outputs_into_the_labs_that_ran_and_twice_gives_the_same(make_lab, tmp_path):
    noisy = "import sys\nprint(object(), 0.5)\nprint('gone', file=sys.stderr)"
    good = make_lab("01_good", ("markdown", "# Good"), ("code", noisy))
    bad = make_lab("02_bad", ("code", "print('x')"), ("code", "1 / 0"))
    untouched = bad.read_bytes()

    assert run(good.parent, tmp_path / "out", "--store") == 1
    first = good.read_bytes()
    assert run(good.parent, tmp_path / "out", "--store", "1") == 0

    assert good.read_bytes() == first
    assert bad.read_bytes() == untouched
    (output,) = nbformat.read(good, as_version=4).cells[1].outputs
    assert output.text == "<object object at 0x…> 0.5\n"


def test_the_kernel_ignores_the_users_own_configuration(make_lab, tmp_path, monkeypatch):
    profile = tmp_path / "ipython" / "profile_default" / "startup"
    profile.mkdir(parents=True)
    (profile / "00.py").write_text("surprise = 1")
    kernels = tmp_path / "jupyter" / "kernels" / "python3"
    kernels.mkdir(parents=True)
    (kernels / "kernel.json").write_text('{"argv": ["/bin/false"], "display_name": "x"}')
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    monkeypatch.setenv("MPLBACKEND", "nonsense")
    lab = make_lab(
        "01_clean",
        ("code", "import os, sys\nassert 'surprise' not in globals()"),
        ("code", f"assert sys.executable == {sys.executable!r}, sys.executable"),
        ("code", "assert os.environ.get('MPLBACKEND') != 'nonsense'"),
        ("code", "assert os.environ['PYTHONHASHSEED'] == '0'"),
        ("code", f"assert os.path.samefile(os.getcwd(), {str(tmp_path / 'notebooks')!r})"),
    )
    assert run(lab.parent, tmp_path / "out") == 0


def test_table_lines_up_and_names_the_failure():
    run_ = LabRun("01_masks_and_iou", nbformat.v4.new_notebook(), 12, 3.24, 512.4)
    lines = run_labs.table([run_]).splitlines()
    assert lines[0].split() == ["lab", "cells", "seconds", "peak", "MB", "headline", "metric"]
    assert lines[2].split() == ["01_masks_and_iou", "12", "3.2", "512", "none", "given"]
    assert lines[0].index("headline") == lines[2].index("none")


def test_resident_memory_of_a_process_that_is_gone_is_zero():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert resident_mb(process.pid) == 0


def test_time_and_memory_go_into_the_readmes_table_and_other_rows_stay(tmp_path):
    readme = tmp_path / "README.md"
    begin, end = run_labs.MEASURED
    readme.write_text(f"# T\n\n{begin}\n| 2 | 9 | 1.0 | 5 |\n{end}\n\nrest\n")
    good = LabRun("01_masks", nbformat.v4.new_notebook(), 12, 3.24, 512.4)
    bad = LabRun("02_unet", nbformat.v4.new_notebook(), failure=execution.Failure(1, 1, "x", "x"))
    run_labs.write_measured([good, bad], readme)
    text = readme.read_text()
    assert "| 1 | 3 | 0.5 | 12 |\n| 2 | 9 | 1.0 | 5 |\n" in text
    assert text.startswith("# T\n") and text.endswith(f"{end}\n\nrest\n")
    run_labs.write_measured([good, bad], readme)
    assert readme.read_text() == text
    assert run_labs.README.read_text(encoding="utf-8").count(begin) == 1
