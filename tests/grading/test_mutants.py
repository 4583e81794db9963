"""The checks of the exercises: plausible wrong answers are refused, right ones accepted.

A sample runs always, one exercise of each lab; `pytest -m slow tests/grading` runs all of them.
"""

from __future__ import annotations

import re

import nbformat
import pytest

from tests.grading import mutation
from tools import exercises, notebooks

SAMPLE = {"lab1-ex3", "lab2-ex3", "lab3-ex2", "lab4-ex3", "lab5-ex2"}


# Wrong answers to exercises whose own answers a student's check must tell apart: not among those,
# since no check that was asked for can be expected to think of them.
MORE_WRONG = {
    "lab1-ex2": [
        """
def class_iou(truth, prediction, num_classes):  # sums of uint8 wrap round beyond 255 pixels
    found = np.full(num_classes, np.nan)
    for k in range(num_classes):
        t, p = (truth == k).astype(np.uint8), (prediction == k).astype(np.uint8)
        union = (t | p).sum(dtype=np.uint8)
        if (t | p).any():
            found[k] = (t & p).sum(dtype=np.uint8) / max(union, 1)
    return found
""",
        """
def class_iou(truth, prediction, num_classes):  # pairs are numbered in the labels' own type
    pairs = np.bincount((truth * num_classes + prediction).ravel(), minlength=num_classes**2)
    matrix = pairs[: num_classes**2].reshape(num_classes, num_classes)
    union = matrix.sum(axis=0) + matrix.sum(axis=1) - np.diag(matrix)
    return np.where(union > 0, np.diag(matrix) / np.maximum(union, 1), np.nan)
""",
        """
def class_iou(truth, prediction, num_classes):  # as many classes as the labels show
    pairs = [(truth == k, prediction == k) for k in range(max(truth.max(), prediction.max()) + 1)]
    return [(t & p).sum() / (t | p).sum() if (t | p).any() else np.nan for t, p in pairs]
""",
    ],
    "lab2-ex3": [
        """
def precision_per_class(matrix):  # NaN for a class that is answered, but never rightly
    hits = np.diag(matrix)
    return np.where(hits > 0, hits / np.maximum(matrix.sum(axis=0), 1), np.nan)
""",
        """
def precision_per_class(matrix):  # counts of many pixels do not fit into 16 bits
    answered = matrix.astype(np.uint16).sum(axis=0, dtype=np.uint16)
    hits = np.diag(matrix).astype(np.uint16)
    return np.where(answered > 0, hits / np.maximum(answered, 1), np.nan)
""",
        """
def precision_per_class(matrix):  # a rare answer is taken for none
    answered = matrix.sum(axis=0)
    enough = answered > 0.01 * matrix.sum() / len(matrix)
    return np.where(enough, np.diag(matrix) / np.maximum(answered, 1), np.nan)
""",
    ],
    "lab4-ex2": [
        """
def count_right(overlaps, threshold=0.5):  # 0.496 becomes 0.5
    left, right = np.array(overlaps, float).round(2), 0
    for row in range(len(left)):
        if left.shape[1] and left[row].max() >= threshold:
            left[:, left[row].argmax()] = -1
            right += 1
    return right
""",
        """
def count_right(overlaps, threshold=0.5):  # only the two best objects of a row are looked at
    taken = set()
    for row in np.asarray(overlaps):
        free = [j for j in np.argsort(-row)[:2] if j not in taken and row[j] >= threshold]
        taken.update(free[:1])
    return len(taken)
""",
    ],
}


def code_exercises() -> dict[str, exercises.Exercise]:
    return {
        exercise.grade_id: exercise
        for path in notebooks.find_labs()
        for exercise in exercises.read_exercises(nbformat.read(path, as_version=4))
        if exercise.check is not None
    }


EXERCISES = code_exercises()
MARKED = [
    pytest.param(grade_id, marks=() if grade_id in SAMPLE else pytest.mark.slow)
    for grade_id in EXERCISES
]


def answers(grade_id: str) -> list[mutation.Answer]:
    return mutation.read(mutation.MUTANTS / f"{grade_id}.py")


def stub(source: str) -> str:
    """An answer cell as students get it: the solution is taken out."""
    lines, inside = [], False
    for line in source.splitlines():
        if exercises.BEGIN_SOLUTION in line:
            inside = True
            lines.append(f"{line[: len(line) - len(line.lstrip())]}raise NotImplementedError")
        if not inside:
            lines.append(line)
        inside = inside and exercises.END_SOLUTION not in line
    return "\n".join(lines)


def test_there_are_enough_answers_for_every_exercise_in_code():
    wrong = 0
    for grade_id in EXERCISES:
        right = sum(answer.right for answer in answers(grade_id))
        wrong += len(answers(grade_id)) - right
        assert right >= 4, grade_id
        assert len(answers(grade_id)) - right >= 6, grade_id
    assert wrong >= 150


def test_no_answers_are_left_of_an_exercise_that_is_gone():
    labs = {grade_id.split("-")[0] for grade_id in EXERCISES}
    assert not {
        path.stem
        for path in mutation.exercise_files()
        if path.stem.split("-")[0] in labs and path.stem not in EXERCISES
    }


def test_every_answer_says_what_it_is_and_no_two_are_equal():
    for path in mutation.exercise_files():
        seen: dict[str, str] = {}
        for answer in mutation.read(path):
            where = f"{path.name}, {answer.name}"
            assert answer.right or len(answer.about) > 12, f"{where}: which mistake?"
            code = re.sub(r"#.*|\s", "", answer.source)
            assert code, f"{where} is empty"
            assert code not in seen, f"{where} is the same as {seen[code]}"
            assert answer.name not in seen.values(), f"{where}: the name is there twice"
            seen[code] = answer.name


@pytest.mark.parametrize("text", ["x = 1", "# %% wrong\nx = 1", "# %% odd name: What.\nx = 1"])
def test_a_file_of_answers_in_another_form_is_refused(text, tmp_path):
    path = tmp_path / "lab1-ex1.py"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"expected .*# %%"):
        mutation.read(path)


@pytest.mark.parametrize("grade_id", MARKED)
def test_wrong_answers_are_refused_and_right_ones_accepted(grade_id):
    solution = EXERCISES[grade_id].answer.source
    model = mutation.Answer(True, "model", "The course's own.", solution)
    empty = mutation.Answer(False, "empty", "Nothing is answered.", stub(solution))
    verdicts = mutation.run(grade_id, [*answers(grade_id), model, empty])
    mistaken = [v for v in verdicts if v.accepted != v.should_be]
    assert not mistaken, mistaken
    silent = [v for v in verdicts if not v.should_be and len(v.all) < 20]
    assert not silent, f"refused without a word of help: {silent}"


@pytest.mark.parametrize(
    "grade_id",
    [pytest.param(g, marks=() if g.startswith("lab1") else pytest.mark.slow) for g in MORE_WRONG],
)
def test_more_wrong_answers_are_refused(grade_id):
    more = [mutation.Answer(False, str(n), "", text) for n, text in enumerate(MORE_WRONG[grade_id])]
    assert [v.accepted for v in mutation.run(grade_id, more)] == [False] * len(more)


def test_a_refusal_says_what_was_expected_and_an_endless_answer_is_ended(monkeypatch):
    assert mutation.outcome("raise ValueError('x')", "", {}) == "ValueError: x"
    assert mutation.outcome("x = 1", "assert x == 2, f'expected 2, found {x}'", {}) == (
        "AssertionError: expected 2, found 1"
    )
    assert mutation.outcome("x = 2", "assert x == 2, ''", {}) == ""
    monkeypatch.setattr(mutation, "SECONDS", 1)
    assert "longer than 1 s" in mutation.outcome("while True:\n    pass", "", {})


def test_an_answer_cannot_change_what_the_next_one_finds():
    names = {"values": [1, 2]}
    assert mutation.outcome("values.append(3)\nx = 1", "assert len(values) == 3, 'no'", names) == ""
    assert mutation.outcome("", "assert len(values) == 2, 'changed'", names) == ""
    assert "NameError" in mutation.outcome("", "assert x, 'x'", names)
