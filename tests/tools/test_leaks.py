# ruff: noqa: E501 - programs in strings
"""Leaks are caught by running: fifteen notebooks that leak, fifteen that do not, neutral names."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tools import leaks

DATA = """\
import numpy as np
rng = np.random.default_rng(3)
def pictures(seed, n=12, size=16):
    r = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size]
    c, radius = r.uniform(5, 11, (2, n, 1, 1)), r.uniform(2, 6, (n, 1, 1))
    truth = np.hypot(y - c[0], x - c[1]) < radius
    noise = r.normal(0, 1.1, truth.shape) + np.linspace(-1, 1, n)[:, None, None]
    return 1 / (1 + np.exp(-(3 * truth - 2 + noise))), truth
def iou(t, p):
    return (t & p).sum() / max((t | p).sum(), 1)
u, v = pictures(1)
a, b = pictures(2)
"""
"""u, v: probabilities and masks of validation; a, b: of test. Each run exchanges b."""

GRID = "g = [k / 20 for k in range(1, 20)]\n"
LOGISTIC = """\
def fit(x, t, epochs=30, rate=2.0):
    w, history = np.zeros(2), []
    x, t = x.ravel(), t.ravel()
    for epoch in range(epochs):
        p = 1 / (1 + np.exp(-(w[0] * x + w[1])))
        w = w - rate * np.array([((p - t) * x).mean(), (p - t).mean()])
        history.append(w)
    return history
def predict(w, x):
    return 1 / (1 + np.exp(-(w[0] * x + w[1]))) > 0.5
"""

LEAKS = {
    "best threshold by a loop": GRID
    + "s, k = 0, None\nfor t in g:\n    q = iou(b, a > t)\n    if q > s:\n        s, k = q, t\nprint(k, s)",
    "dict of scores": GRID + "d = {}\nfor t in g:\n    d[t] = iou(b, a > t)\n"
    "k = max(d, key=d.get)\nprint('score', d[k])",
    "max with a key": GRID + "k = max(g, key=lambda t: iou(b, a > t))\nz = iou(b, a > k)",
    "position of the best": GRID + "q = [iou(b, a > t) for t in g]\nk = int(np.argmax(q))\n"
    "print(f'{q[k]:.3f} at {g[k]}')",
    "threshold only printed": GRID + "print(max(g, key=lambda t: iou(b, a > t)))",
    "through a function": GRID
    + "def choose(x, y):\n    return sorted(g, key=lambda t: -iou(y, x > t))[0]\n"
    "k = choose(a, b)\nz = iou(b, a > k)",
    "both splits joined": GRID + "x, y = np.concatenate([u, a]), np.concatenate([v, b])\n"
    "k = max(g, key=lambda t: iou(y, x > t))\nz = iou(b, a > k)",
    "shuffled together": GRID + "o = rng.permutation(24)\nx, y = np.concatenate([u, a])[o], "
    "np.concatenate([v, b])[o]\nk = max(g, key=lambda t: iou(y[:12], x[:12] > t))\n"
    "z = iou(y[12:], x[12:] > k)",
    "slices that overlap": GRID + "x, y = np.concatenate([u, a]), np.concatenate([v, b])\n"
    "k = max(g, key=lambda t: iou(y[:18], x[:18] > t))\nz = iou(y[12:], x[12:] > k)",
    "ties broken by test": GRID + "q = {t: iou(v, u > t) for t in g}\n"
    "top = [t for t in g if q[t] > max(q.values()) - 0.05]\n"
    "k = max(top, key=lambda t: iou(b, a > t))\nz = iou(b, a > k)",
    "epoch by the test score": LOGISTIC
    + "h = fit(u, v, rate=40)\nk = int(np.argmax([iou(b, predict(w, a)) for w in h]))\n"
    "z = iou(b, predict(h[k], a))",
    "stops when test gets worse": LOGISTIC + "h, last = fit(u, v), 0\n"
    "for n in range(30):\n    q = iou(b, predict(h[n], a))\n    if q < last:\n        break\n    last = q\n"
    "print(n, last)",
    "one rule of three": "rules = ['low', 'middle', 'high']\ncut = dict(zip(rules, (0.2, 0.5, 0.8)))\n"
    "best = max(rules, key=lambda r: iou(b, a > cut[r]))\nprint(best, iou(b, a > cut[best]))",
    "a bonus of two numbers": "k = max([(i / 10, j / 10) for i in range(4) for j in range(4)], "
    "key=lambda c: iou(b, a + c[0] > 0.5 + c[1]))\nz = iou(b, a + k[0] > 0.5 + k[1])",
    "refined step by step": "k, step = 0.5, 0.2\nfor _ in range(6):\n"
    "    k = max([k - step, k, k + step], key=lambda t: iou(b, a > t))\n    step /= 2\n"
    "grid = np.arange(0, 1, 0.01)\nm = grid[np.argmax([iou(b, a > t) for t in grid])]\nprint(k, m)",
}

FAIR = {
    "threshold by validation": GRID + "k = max(g, key=lambda t: iou(v, u > t))\nz = iou(b, a > k)\nprint(k, z)",
    "fixed threshold": "z = iou(b, a > 0.5)\nprint(z)",
    "worst and best picture": "q = [iou(y, x) for x, y in zip(a > 0.5, b)]\n"
    "w, o = int(np.argmin(q)), int(np.argmax(q))\nprint(w, o, np.mean(q))",
    "most frequent class": "n = np.bincount(b.astype(int).ravel())\nk = int(np.argmax(n))\n"
    "w = [iou(b[i], a[i] > 0.5) for i in range(len(a))]\nprint(k, np.mean(w), b.sum(axis=(1, 2)).max())",
    "a whole curve on test": GRID + "q = [iou(b, a > t) for t in g]\nprint(q[9])",
    "epoch by validation": LOGISTIC + "h = fit(u, v)\nk = int(np.argmax([iou(v, predict(w, u)) for w in h]))\n"
    "z = iou(b, predict(h[k], a))\nprint(k, z)",
    "last epoch": LOGISTIC + "w = fit(u, v)[-1]\nz = iou(b, predict(w, a))",
    "scores of each picture sorted": "q = sorted(iou(y, x) for x, y in zip(a > 0.4, b))\nz = np.median(q)",
    "a bootstrap interval": "q = np.array([iou(y, x) for x, y in zip(a > 0.5, b)])\n"
    "d = [q[rng.integers(0, 12, 12)].mean() for _ in range(200)]\nprint(np.quantile(d, [0.025, 0.975]))",
    "two networks compared": "z1, z2 = iou(b, a > 0.5), iou(b, np.sqrt(a) > 0.5)\nprint('second' if z2 > z1 else 'first', z1, z2)",
    "unseeded random numbers": GRID + "r = np.random.default_rng()\nk = max(r.choice(g, 8), key=lambda t: iou(v, u > t))\nz = iou(b, a > k)",
    "error counts": "e = [(int((x & ~y).sum()), int((~x & y).sum())) for x, y in zip(a > 0.5, b)]\n"
    "wrong = sum(map(sum, e))\nprint(wrong)",
    "folds of validation": GRID + "k = []\nfor f in range(3):\n    k.append(max(g, key=lambda t: iou(v[f::3], u[f::3] > t)))\n"
    "t = float(np.mean(k))\nz = iou(b, a > t)",
    "a function of both splits": GRID + "def improve(first, second):\n"
    "    k = max(g, key=lambda t: iou(first[1], first[0] > t))\n    return k, iou(second[1], second[0] > k)\n"
    "k, z = improve((u, v), (a, b))\nprint(k, z)",
    "a magic and a loop over something else": "%matplotlib inline\nz = iou(b, a > 0.5)\nfiles = [1, 2]\nfor f in files:\n    print(f)",
}  # fmt: skip


def run(code: str) -> leaks.Report:
    cells = [(1, DATA), (2, code)]
    first, second = (leaks.trace(cells, "b", exchanging=again) for again in (False, True))
    return leaks.compare(first, second)


def test_there_are_fifteen_of_each():
    assert len(LEAKS) == len(FAIR) == 15


@pytest.mark.parametrize("name", LEAKS)
def test_a_choice_by_the_test_split_moves(name):
    report = run(LEAKS[name])
    assert report.leaks and not report.honest, report


@pytest.mark.parametrize("name", FAIR)
def test_a_fair_notebook_is_left_in_peace(name):
    report = run(FAIR[name])
    assert report.honest, report


def test_it_says_which_cell_moved_first():
    [first, *_] = run(LEAKS["best threshold by a loop"]).leaks
    assert (first.cell, first.name) == (2, "k")
    assert "moves from 0." in first.text


def test_a_score_that_was_not_measured_on_test_is_noticed():
    report = run("z = iou(v, u > 0.5)\nprint(0.8731)")
    assert report.moved == 0 and not report.honest


def test_a_name_that_is_not_there_and_cells_that_stop_are_problems():
    first = leaks.trace([(1, "x = 1"), (2, "1 / 0")], "b", exchanging=False)
    problems = leaks.compare(first, first).problems
    assert "no cell gives" in problems[0] and "ZeroDivisionError" in problems[1]


@pytest.mark.parametrize(
    "value", [np.arange(3), [1, 2, 3], ("x", np.arange(3)), {1: 0, 2: 1, 3: 2}]
)
def test_masks_are_exchanged_in_every_form(value):
    new = leaks.exchange(value)
    assert type(new) is type(value)
    assert str(new) != str(value)


def write(folder: Path, code: str) -> Path:
    cells = [
        {"cell_type": "code", "source": text, "metadata": {}, "outputs": []}
        for text in (DATA, code)
    ]
    path = folder / "mine.ipynb"
    path.write_text(
        json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": {}})
    )
    return path


def test_the_command_runs_a_notebook_and_says_what_chose(tmp_path, capsys):
    path = write(tmp_path, LEAKS["dict of scores"])
    assert leaks.main([str(path), "--masks", "b"]) == 1
    assert "the test split chose: cell 2: k moves from" in capsys.readouterr().out
    assert leaks.main([str(path), "--masks", "nothing"]) == 2


def test_what_others_wrote_runs_in_the_sandbox(sandboxed, tmp_path):
    path = write(tmp_path, FAIR["threshold by validation"])
    assert leaks.examine(path, "b", sandboxed=True).honest
