"""The linter: a good lab breaks no rule, and for each rule there is a lab that breaks it."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from tools import lint_notebooks, notebooks
from tools.lint_notebooks import badge, check, fix

output = nbformat.v4.new_output
PNG = "iVBORw0KGgoAAAANSUhEUg=="
ALT = "Two masks overlap by a third of their area"


def graded(kind: str, cell, grade_id: str, points: int | None = None, **metadata):
    """A cell with nbgrader's metadata of an answer, a check or a written answer."""
    cell.metadata.update(metadata)
    cell.metadata.nbgrader = nbformat.from_dict(
        {
            "schema_version": 3,
            "grade": kind != "answer",
            "solution": kind != "check",
            "locked": kind == "check",
            "task": False,
            "grade_id": grade_id,
        }
        | ({} if points is None else {"points": points})
    )
    return cell


CHECK = """assert f(1) == 2, "f(1): expected 2"
### BEGIN HIDDEN TESTS
assert f(5) == 6, "f(5): expected 6"
### END HIDDEN TESTS"""


def good_exercises() -> list:
    """Three exercises in code and a written one, 20 points: cells 5 to 15 of the good lab."""
    code, text = nbformat.v4.new_code_cell, nbformat.v4.new_markdown_cell
    hint = "<details><summary>Hint</summary>Look.</details>"
    cells = [code("import numpy", execution_count=3, metadata={"tags": ["exercise-setup"]})]
    for number in (1, 2, 3):
        name, title = f"lab1-ex{number}", "" if number > 1 else "## Exercises\n\n"
        cells += [
            text(f"{title}### Exercise {number} · Fill in\n\n{hint}"),
            graded(
                "answer",
                code(
                    "def f(x):\n    ### BEGIN SOLUTION\n    return x + 1\n    ### END SOLUTION",
                    execution_count=2 + 2 * number,
                ),
                name,
            ),
            graded("check", code(CHECK, execution_count=3 + 2 * number), f"{name}-check", 5),
        ]
    written = text("**Answer.** It is so, and therefore that.")
    cells += [
        text(f"### Exercise 4 · Explain\n\n{hint}"),
        graded("written", written, "lab1-ex4", 5, rubric=["it is so", "therefore that"]),
    ]
    return cells


def good_lab(name: str = "01_good.ipynb") -> nbformat.NotebookNode:
    opening = (
        f"# Lab 1: Good\n\n{badge(Path(name))}\n\n**Objectives**: see.\n\n"
        "**Time**: 30 minutes\n\n**Hardware**: any"
    )
    picture = output("display_data", {"image/png": PNG}, metadata={"image/png": {"alt": ALT}})
    cells = [
        nbformat.v4.new_markdown_cell(opening),
        nbformat.v4.new_code_cell(notebooks.setup_cell(), execution_count=1),
        nbformat.v4.new_markdown_cell("## What is it?\n\n```\n# no heading\n```\n\n### In short"),
        nbformat.v4.new_code_cell("show()", execution_count=2, outputs=[picture]),
        *good_exercises(),
    ]
    for number, cell in enumerate(cells):
        cell.id = f"c{number}"
    return notebooks.normalise(nbformat.v4.new_notebook(cells=cells))


def problems(lab, tmp_path, name: str = "01_good.ipynb", *, stored: bool = True):
    path = tmp_path / name
    lab = notebooks.normalise(lab, keep_stderr=True) if stored else lab
    path.write_text(nbformat.v4.writes_json(lab), encoding="utf-8")  # corrects nothing
    return check(path)


def test_a_good_lab_breaks_no_rule(tmp_path):
    assert problems(good_lab(), tmp_path) == []


def printing(text, name="stdout"):
    def change(lab):
        lab.cells[3].outputs.append(output("stream", name=name, text=text))

    return change


def source(text, cell=3):
    def change(lab):
        lab.cells[cell].source = text

    return change


def replaced(old, new, cell=0):
    def change(lab):
        assert old in lab.cells[cell].source
        lab.cells[cell].source = lab.cells[cell].source.replace(old, new)

    return change


def set_metadata(value):
    def change(lab):
        lab.cells[3].outputs[0].metadata = nbformat.from_dict(value)

    return change


def duplicate_setup(lab):
    lab.cells[3].source = lab.cells[1].source


def html(text):
    def change(lab):
        lab.cells[3].outputs.append(output("display_data", {"text/html": text}))

    return change


def not_run(lab):
    lab.cells[3].execution_count = None


def gap(lab):
    lab.cells[3].execution_count = 5


def no_outputs(lab):
    lab.cells[3].outputs = []


def error(lab):
    lab.cells[3].outputs.append(output("error", ename="ValueError", evalue="x", traceback=["x"]))


def same_id(lab):
    lab.cells[3].id = "c1"


def big(lab):
    lab.cells[3].outputs[0].data["image/png"] = "A" * 2_000_000


def nbgrader(cell, **changes):
    def change(lab):
        lab.cells[cell].metadata.nbgrader.update(changes)

    return change


def no_rubric(lab):
    del lab.cells[15].metadata["rubric"]


def no_check(lab):
    lab.cells[7] = nbformat.v4.new_markdown_cell("", id="c7")
    for cell in lab.cells[8:]:
        if cell.cell_type == "code":
            cell.execution_count -= 1


def one_exercise_less(lab):
    for cell in lab.cells[5:8]:
        cell.metadata = nbformat.from_dict({})
    lab.cells[10].metadata.nbgrader.points = 10


SAMPLES = [
    ("NB001", same_id, 4, "an id of its own"),
    ("NB002", big, 0, "2.0 MB"),
    ("NB003", not_run, 4, "run None"),
    ("NB003", gap, 4, "run 5, expected 2"),
    ("NB003", no_outputs, 0, "no outputs"),
    ("NB004", printing("saved to /usr/share/x.png"), 4, "/usr/share"),
    ("NB004", source("open('/content/x.png')"), 4, "/content/x.png"),
    ("NB004", source(r"open('C:\\data\\x.png')"), 4, "C:"),
    ("NB004", replaced("any", "see /etc/hosts"), 1, "/etc/hosts"),
    ("NB005", printing("noise", "stderr"), 4, "stderr"),
    ("NB005", printing("x.py:3: UserWarning: odd"), 4, "UserWarning: odd"),
    ("NB005", printing("WARNING:tensorflow:odd"), 4, "WARNING"),
    ("NB005", printing(" 50%|#####     | 1/2"), 4, "progress bar"),
    ("NB005", printing("12/12 3s 120ms/step"), 4, "progress bar"),
    ("NB005", error, 4, "stopped with ValueError"),
    ("NB006", replaced("# Lab 1: Good", "Lab 1"), 1, "title"),
    ("NB006", replaced("Objectives", "Aims"), 1, "Objectives"),
    ("NB006", replaced("30 minutes", "a while"), 1, "time"),
    ("NB006", replaced("Hardware", "Machine"), 1, "Hardware"),
    ("NB006", replaced("/blob/main/", "/blob/master/"), 1, "badge"),
    (
        "NB007",
        replaced("helpers.setup(", "helpers.setup(threads=1, ", cell=1),
        2,
        "first code cell",
    ),
    ("NB007", duplicate_setup, 4, "second time"),
    ("NB008", source("\n".join(f"x{i} = {i}" for i in range(21))), 4, "21 lines"),
    ("NB009", set_metadata({}), 4, "image/png"),
    ("NB009", set_metadata({"image/png": {"alt": "a figure"}}), 4, "'a figure'"),
    ("NB009", html('<img src="data:image/png;base64,AA">'), 4, "HTML"),
    ("NB009", source("## What is it?\n\n![](attachment:x.png)", cell=2), 3, "attachment"),
    ("NB010", source("### Too deep", cell=2), 3, "level 3 after level 1"),
    ("NB010", source("# Another title", cell=2), 3, "second heading"),
    ("NB011", source(f"![{ALT}](https://example.org/x.png)", cell=2), 3, "example.org"),
    ("NB011", source("<img src='//example.org/x.png'>", cell=2), 3, "example.org"),
    ("NB011", html("<script src='https://cdn.example.org/a.js'></script>"), 4, "cdn.example.org"),
    ("NB011", source('imageio.imread("https://example.org/x.png")'), 4, "example.org"),
    ("NB012", source("!pip install torch"), 4, "pip install"),
    ("NB012", source("%pip install torch"), 4, "pip install"),
    ("NB012", source("!ls"), 4, "ls"),
    ("NB012", source("%%bash\nls"), 4, "%%bash"),
    ("NB012", source("subprocess.run([exe, '-m', 'pip', 'install', 'x'])"), 4, "install"),
    ("NB014", nbgrader(9, grade_id="lab1-ex1"), 10, "second time"),
    ("NB014", nbgrader(9, grade_id="lab2-ex2"), 10, "expected the form lab1"),
    ("NB014", nbgrader(7, locked=False), 8, "locked is False"),
    ("NB014", nbgrader(7, schema_version=2), 8, "schema_version is 2"),
    ("NB014", nbgrader(15, locked=True), 16, "locked is True"),
    ("NB015", no_check, 7, "must be its check, lab1-ex1-check"),
    ("NB015", source("def f(x):\n    return x + 1", cell=6), 7, "no solution"),
    ("NB015", replaced("### BEGIN SOLUTION", "", cell=6), 7, "no solution"),
    ("NB015", source("assert f(1) == 2, 'no'", cell=7), 8, "no hidden assert"),
    ("NB015", replaced("assert f(1) == 2", "f(1), 2", cell=7), 8, "no visible assert"),
    ("NB015", replaced(', "f(5): expected 6"', "", cell=7), 8, "without a message: assert f(5)"),
    ("NB015", replaced(', "f(1): expected 2"', "", cell=7), 8, "without a message: assert f(1)"),
    ("NB015", replaced("assert f(5)", "for x in y:", cell=7), 8, "invalid syntax"),
    ("NB016", nbgrader(7, points=6), 0, "21 points, expected 20"),
    ("NB016", one_exercise_less, 0, "3 exercises, expected 4 to 10"),
    ("NB017", replaced("<details>", "", cell=5), 7, "no hint"),
    ("NB017", replaced("### Exercise 1 · Fill in", "", cell=5), 7, "no heading"),
    ("NB017", replaced("Fill in", "Do something", cell=5), 7, "does not say which"),
    ("NB017", no_rubric, 16, "no rubric"),
    ("NB017", replaced("**Answer.** ", "", cell=15), 16, "must begin with"),
]


@pytest.mark.parametrize(
    ("code", "change", "cell", "words"), SAMPLES, ids=[f"{s[0]}-{s[3][:18]}" for s in SAMPLES]
)
def test_each_rule_finds_its_fault_in_its_cell_and_nothing_else(
    code, change, cell, words, tmp_path
):
    lab = good_lab()
    change(lab)
    found = problems(lab, tmp_path)
    matching = [p for p in found if p.code == code and p.cell == cell and words in p.text]
    assert matching, found
    assert {p.code for p in found} <= {code, "NB013"} | ALSO.get(code, set())


# Samples that cannot help breaking a second rule.
ALSO = {"NB006": {"NB010"}, "NB007": {"NB008", "NB012"}, "NB014": {"NB015"}, "NB015": {"NB016"}}


def test_every_rule_has_a_sample():
    assert {sample[0] for sample in SAMPLES} | {"NB013"} == set(lint_notebooks.RULES)


def test_normal_form_is_required(tmp_path):
    lab = good_lab()
    lab.cells[3].metadata = nbformat.from_dict({"execution": {"shell.execute_reply": "now"}})
    found = problems(lab, tmp_path, stored=False)
    assert [(p.code, p.cell) for p in found] == [("NB013", 4)]

    lab = good_lab()
    lab.metadata.kernelspec.name = "my-env"
    assert [p.code for p in problems(lab, tmp_path, stored=False)] == ["NB013"]


@pytest.mark.parametrize(
    "text",
    ["see https://example.org/home/x", "1/2 and a/b", "~/data", "../data/pets", "</usr/x>"[1:5]],
)
def test_addresses_and_relative_paths_are_not_absolute_paths(text):
    assert not lint_notebooks.ABSOLUTE_PATH.search(text)


def test_hidden_checks_do_not_make_a_cell_long(tmp_path):
    lab = good_lab()
    many = "\n".join(f'assert f({i}) == {i + 1}, "f({i})"' for i in range(30))
    lab.cells[7].source = CHECK.replace("### END", f"{many}\n### END")
    assert problems(lab, tmp_path) == []
    lab.cells[7].source = f"{many}\n{CHECK}"
    assert {p.code for p in problems(lab, tmp_path)} == {"NB008"}


def test_a_long_cell_may_be_tagged_and_an_expected_error_too(tmp_path):
    lab = good_lab()
    lab.cells[3].source = "\n".join(f"x{i} = {i}" for i in range(30))
    lab.cells[3].outputs.append(output("error", ename="E", evalue="x", traceback=["x"]))
    lab.cells[3].metadata = nbformat.from_dict({"tags": ["long-ok", "raises-exception"]})
    assert problems(lab, tmp_path) == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"cells": 3}', '{"nbformat": 4}'])
def test_a_file_that_is_no_notebook_is_named(text, tmp_path):
    path = tmp_path / "01_broken.ipynb"
    path.write_text(text)
    found = check(path)
    assert {p.code for p in found} == {"NB001"}
    assert "01_broken.ipynb" in str(found[0])


def test_fix_puts_badge_and_setup_cell_right_and_then_changes_nothing(tmp_path):
    lab = good_lab()
    lab.cells[0].source = lab.cells[0].source.replace("01_good", "09_old")
    lab.cells[1].source = "import helpers\nhelpers.setup()  # as it was"
    path = tmp_path / "01_good.ipynb"
    notebooks.write_notebook(path, lab)
    assert fix(path)
    assert check(path) == []
    assert not fix(path)


def test_fix_adds_what_is_missing(tmp_path):
    lab = good_lab()
    lab.cells[0].source = lab.cells[0].source.replace(badge(Path("01_good.ipynb")), "")
    del lab.cells[1]
    lab.cells[2].execution_count = 1
    path = tmp_path / "01_good.ipynb"
    notebooks.write_notebook(path, lab)
    fix(path)
    fixed = nbformat.read(path, as_version=4)
    assert fixed.cells[1].source == notebooks.setup_cell()
    assert {p.code for p in check(path)} == {"NB003"}  # it has not been run yet


def test_the_command_line_counts_and_fails(tmp_path, capsys):
    lab = good_lab("01_good.ipynb")
    notebooks.write_notebook(tmp_path / "01_good.ipynb", lab)
    assert lint_notebooks.main(["--notebooks", str(tmp_path)]) == 0
    lab.cells[3].source = "!ls"
    notebooks.write_notebook(tmp_path / "01_good.ipynb", lab)
    assert lint_notebooks.main(["--notebooks", str(tmp_path)]) == 1
    shown = capsys.readouterr().out
    assert "01_good.ipynb: cell 4: NB012" in shown
    assert "1 labs checked, 1 problems." in shown
