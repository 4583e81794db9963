"""What the honesty check finds, and what it leaves in peace."""

from __future__ import annotations

import json

import nbformat
import pytest

from tools import exercises, honesty, notebooks, release

DISHONEST = {
    "TEST-FIT": [
        "model.fit(test_ds, epochs=3)",
        "both = train.concatenate(splits['test'])\nmodel.fit(both, epochs=3)",
        "x_test, y_test = load('test')\nmodel.fit(x_test, y_test)",
    ],
    "TEST-VAL": [
        "model.fit(train, validation_data=test, callbacks=[EarlyStopping()])",
        "held_out = tfds.load('oxford_iiit_pet', split='test')\nbatches = held_out.batch(8)\n"
        "model.fit(train, validation_data=batches)",
        "model.fit(train, validation_data=(x_test, y_test))",
    ],
    "TEST-MAX": [
        "best = max(models, key=lambda m: m.evaluate(test)[1])",
        "scores = [score(test_set, t) for t in thresholds]\nbest = thresholds[np.argmax(scores)]",
        "for t in ts:\n    s = miou(answers_test, t)\n    if s > best:\n        best, kept = s, t",
    ],
    "LOADED": [
        "if os.path.exists(path):\n    model.load_weights(path)",
        "try:\n    model.load_weights('old.h5')\nexcept OSError:\n    pass",
        "if Path('w.h5').is_file():\n    weights.load(model, 'w.h5')",
        "model.load_weights(path, skip_mismatch=True)",
    ],
    "TYPED": ["print('mIoU 0.91')", "print('test accuracy: 0.98')"],
}

HONEST = [
    "print(np.argmax(np.bincount(test_masks.ravel())))",
    "model.fit(train, validation_data=validation)\nprint(model.evaluate(test))",
    "splits = {name: load(name) for name in ('train', 'val', 'test')}\nmodel.fit(splits['train'])",
    "labels = np.argmax(model.predict(test), axis=-1)",
    "best = max(models, key=lambda m: score(validation, m))\nprint(score(test, best))",
    "model.load_weights('pretrained.weights.h5')\nprint('starts from pretrained weights')",
    "print(f'mIoU {score:.3f}')",
    "latest, contest, protest = 1, 2, 3\nmodel.fit(contest, validation_data=latest)",
    "this is not python",
]

IMPOSSIBLE = [
    "IoU 1.31",
    "mIoU: 1.0001",
    "Dice = -0.2",
    "accuracy 104.5 %",
    "mAP nan",
    "'recall': 2.0",
]
POSSIBLE = [
    "IoU 0.91",
    "accuracy 91.2 %",
    "mAP 0.5",
    "Dice loss 1.7",
    "gain in IoU -0.1",
    "colour map 405",
    "precision 1.000\nprecision 0.97\nprecision 1.0\nprecision 1.0\nprecision 1.0",
]


def rules_in(tmp_path, source: str, text: str = "") -> set[str]:
    cell = nbformat.v4.new_code_cell(source)
    if text:
        cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=text)]
    path = tmp_path / "handed in.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    return {finding.rule for finding in honesty.examine(path, set())}


@pytest.mark.parametrize(
    ("rule", "source"),
    [(rule, source) for rule, sources in DISHONEST.items() for source in sources],
)
def test_it_finds(rule, source, tmp_path):
    assert rules_in(tmp_path, source) == {rule}


@pytest.mark.parametrize("source", HONEST)
def test_it_leaves_honest_code_in_peace(source, tmp_path):
    assert rules_in(tmp_path, source) == set()


@pytest.mark.parametrize("text", IMPOSSIBLE)
def test_a_score_outside_its_range_is_found(text, tmp_path):
    assert rules_in(tmp_path, "show()", text) == {"RANGE"}


@pytest.mark.parametrize("text", POSSIBLE)
def test_a_possible_score_is_left_in_peace(text, tmp_path):
    assert rules_in(tmp_path, "show()", text) == set()


@pytest.mark.parametrize(
    "text", ["precision 1.0\n" * 6, "precision: [1.0, 1.0, 1.0, 1.0, 1.0, 1.0]"]
)
def test_a_precision_that_is_always_one_is_found(text, tmp_path):
    assert rules_in(tmp_path, "show()", text) == {"CONSTANT"}


@pytest.mark.parametrize(
    "source",
    [
        "%time model.fit(x_test, y_test)",
        "if COLAB:\n    !pip install x\nmodel.fit(x_test, y_test)",
        "files = !ls data\nmodel.fit(x_test, y_test)",
        "model.fit?\nmodel.fit(x_test, y_test)",
        "!pip install \\\n  x\nmodel.fit(x_test, y_test)",
        "%%time\nmodel.fit(x_test, y_test)",
        "await something()\nmodel.fit(x_test, y_test)",
    ],
)
def test_cells_are_read_as_ipython_reads_them(source, tmp_path):
    assert rules_in(tmp_path, source) == {"TEST-FIT"}


@pytest.mark.parametrize("source", ["for for", "x = " + "-" * 5000 + "1", "x = 1\n" * 20_000])
def test_a_cell_that_cannot_be_read_is_named(source, tmp_path):
    assert rules_in(tmp_path, source) == {"UNREAD"}


def test_loading_that_ends_the_notebook_where_it_fails_is_fair(tmp_path):
    source = "try:\n    model = load_model('x')\nexcept OSError:\n    raise SystemExit('no model')"
    assert rules_in(tmp_path, source) == set()


def test_outputs_of_any_form_are_read_in_time(tmp_path):
    cell = nbformat.v4.new_code_cell("show()")
    notebook = json.loads(nbformat.writes(nbformat.v4.new_notebook(cells=[cell])))
    path = tmp_path / "odd.ipynb"
    odd = [
        "text",
        None,
        {"data": None},
        {"data": [1]},
        {"text": 3},
        {"text": "precision[" * 20_000},
    ]
    for outputs in (odd, None, "text", {"a": 1}):
        notebook["cells"][0]["outputs"] = outputs
        path.write_text(json.dumps(notebook))
        assert honesty.examine(path, set()) == []


@pytest.mark.parametrize("edition", ["source", "students"])
def test_the_courses_own_cells_and_answers_are_left_out(edition, tmp_path):
    own = honesty.course_cells()
    for path in notebooks.find_labs():
        lab = nbformat.read(path, as_version=4)
        if edition == "students":
            answers = [c.source for c in lab.cells]
            lab = release.student_edition(lab)
            for cell, answer in zip(lab.cells, answers, strict=True):
                if exercises.role(cell) == "answer":
                    cell.source = answer
        nbformat.write(lab, tmp_path / path.name)
        assert honesty.examine(tmp_path / path.name, own) == []


def test_the_command_line_says_how_much_there_is_to_ask(tmp_path, capsys):
    rules_in(tmp_path, "model.fit(train, validation_data=test)", "IoU 1.31")
    path = str(tmp_path / "handed in.ipynb")
    assert honesty.main([path]) == 1
    shown = capsys.readouterr().out
    assert "2 to ask about" in shown and "cell 1, line 1: TEST-VAL" in shown and "1.31" in shown
    (tmp_path / "no.ipynb").write_text("[")
    assert honesty.main([str(tmp_path / "no.ipynb")]) == 2
