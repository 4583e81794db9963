"""Reading the exercises of a lab: pairs of cells, what is hidden, the table and the rubrics."""

from __future__ import annotations

import nbformat
import pytest

from tools import exercises, notebooks

CHECK = """assert a
### BEGIN HIDDEN TESTS
assert b
assert c
### END HIDDEN TESTS
print("passed")"""


def cell(kind: str, source: str, grade_id: str = "", **more) -> nbformat.NotebookNode:
    made = (nbformat.v4.new_markdown_cell if kind == "text" else nbformat.v4.new_code_cell)(source)
    if grade_id:
        made.metadata["nbgrader"] = nbformat.from_dict({"grade_id": grade_id, **more})
    return made


@pytest.fixture()
def lab(tmp_path):
    tagged = cell("code", "import numpy as np")
    tagged.metadata["tags"] = [exercises.SETUP_TAG]
    written = cell(
        "text", "**Answer.** So.\n\nAnd so.", "lab1-ex2", grade=True, solution=True, points=2
    )
    written.metadata["rubric"] = ["says so", "and so"]
    cells = [
        cell("text", "# Lab\n\n### A section of the lab"),
        cell("text", "## Exercises"),
        tagged,
        cell("text", "### Exercise 1 · Find the bug"),
        cell("text", "<details>hint</details>"),
        cell("code", "x = 1", "lab1-ex1", grade=False, solution=True),
        cell("code", CHECK, "lab1-ex1-check", grade=True, solution=False, points=3),
        cell("text", "**Exercise 2 · Why?**"),
        written,
        cell("text", "## Reading"),
    ]
    path = tmp_path / "01_lab.ipynb"
    notebooks.write_notebook(path, nbformat.v4.new_notebook(cells=cells))
    return path


def test_exercises_come_with_question_check_points_and_kind(lab):
    first, second = exercises.read_exercises(nbformat.read(lab, as_version=4))
    assert (first.grade_id, first.points, first.kind) == ("lab1-ex1", 3, "find the bug")
    assert first.check.source == CHECK and first.rubric == []
    assert first.title == "Exercise 1 · Find the bug"
    assert "hint" in first.question and "section of the lab" not in first.question
    assert (second.grade_id, second.points, second.kind) == ("lab1-ex2", 2, "explain")
    assert second.check is None and second.rubric == ["says so", "and so"]
    assert second.title == "Exercise 2 · Why?"


def test_an_answer_without_its_check_has_none(lab):
    notebook = nbformat.read(lab, as_version=4)
    del notebook.cells[6]
    assert exercises.read_exercises(notebook)[0].check is None


def test_what_exercises_need_and_what_is_hidden(lab):
    assert exercises.setup_sources(nbformat.read(lab, as_version=4)) == ["import numpy as np"]
    assert exercises.without_hidden(CHECK) == 'assert a\nprint("passed")'
    assert exercises.hidden(CHECK) == "assert b\nassert c\n"
    indented = CHECK.replace("###", "    ###")
    assert exercises.without_hidden(indented) == 'assert a\nprint("passed")'


def test_the_command_line_lists_exercises_and_prints_rubrics(lab, capsys):
    assert exercises.main(["--notebooks", str(lab.parent)]) == 0
    shown = capsys.readouterr().out
    assert "01_lab: 2 exercises, 5 points" in shown and "find the bug" in shown
    assert exercises.main(["--notebooks", str(lab.parent), "--rubrics"]) == 0
    shown = capsys.readouterr().out
    assert "- says so\n- and so\n" in shown and "> So.\n>\n> And so." in shown
    assert "**Answer.**" not in shown
    assert exercises.main(["7", "--notebooks", str(lab.parent)]) == 2


def test_the_rubrics_in_docs_are_those_of_the_labs(root):
    stored = (root / "docs" / "teaching" / "rubrics.md").read_text(encoding="utf-8")
    assert stored == exercises.rubrics(notebooks.find_labs()), (
        "run `python -m tools.exercises --rubrics > docs/teaching/rubrics.md`"
    )


def test_every_lab_has_notes_for_teachers(root):
    for lab in notebooks.find_labs():
        notes = root / "docs" / "teaching" / f"lab{int(lab.stem[:2])}.md"
        text = notes.read_text(encoding="utf-8")
        for heading in ("## Plan", "## Common misconceptions", "## Questions to"):
            assert heading in text, f"{notes.name}: {heading}"


def test_together_the_labs_have_every_kind_of_exercise():
    found = [
        exercise.kind
        for lab in notebooks.find_labs()
        for exercise in exercises.read_exercises(nbformat.read(lab, as_version=4))
    ]
    assert set(found) >= set(exercises.KINDS)
