# ruff: noqa: E501 - programs in strings
"""Leaks are caught by running: notebooks that leak and notebooks that do not, neutral names."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tools.leaks.__main__ import examine, main
from tools.leaks.exchange import exchange
from tools.leaks.trace import trace
from tools.leaks.verdict import Report, compare

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
"""u, v: probabilities and masks of validation; a, b: of test. All runs but the first exchange b."""

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
    "early stopping with patience": LOGISTIC
    + "h = fit(u, v, rate=40)\nbest, wait, kept = -1, 0, None\nfor e, w in enumerate(h):\n    s = iou(b, predict(w, a))\n    if s > best:\n        best, kept, wait = s, w, 0\n        epoch = e\n    else:\n        wait += 1\n        if wait == 3:\n            break\nprint(best)",
    "temperature by a solver": "from scipy.optimize import minimize_scalar\nlogit = np.log(a / (1 - a))\ndef loss(T):\n    p = 1 / (1 + np.exp(-logit / T))\n    return -(b * np.log(p + 1e-9) + (~b) * np.log(1 - p + 1e-9)).mean()\nT = minimize_scalar(loss, bounds=(0.2, 5), method='bounded').x\np = 1 / (1 + np.exp(-logit / T))\nprint('Brier', ((p - b) ** 2).mean())",
    "ensemble weights": "m1, m2 = a, np.clip(a + np.random.default_rng(9).normal(0, .3, a.shape), 0, 1)\nbest = (0, None)\nfor w in np.arange(0, 1.01, .1):\n    s = iou(b, w * m1 + (1 - w) * m2 > .45)\n    if s > best[0]:\n        best = (s, w)\nprint(best)",
    "feature selection": "F = {'raw': a, 'root': np.sqrt(a), 'smooth': (a + np.roll(a, 1, 1) + np.roll(a, -1, 1)) / 3, 'square': a ** 2}\ncorr = {n: abs(np.corrcoef(f.ravel(), b.ravel())[0, 1]) for n, f in F.items()}\npicked = sorted(corr, key=corr.get)[-1]\nz = iou(b, F[picked] > .5)",
    "test mixed into training by concatenate": LOGISTIC
    + "X, Y = np.concatenate([u, a]), np.concatenate([v, b])\nw = fit(X, Y)[-1]\npred = predict(w, a)\nz = iou(b, pred)",
    "shuffle and take": LOGISTIC
    + "X, Y = np.concatenate([u, a]), np.concatenate([v, b])\no = np.random.default_rng(0).permutation(24)\ntr, te = o[:16], o[16:]\nw = fit(X[tr], Y[tr])[-1]\npred = predict(w, X[te])\nz = iou(Y[te], pred)",
    "sklearn fitted on test": "from sklearn.linear_model import LogisticRegression\nclf = LogisticRegression().fit(np.r_[u.ravel(), a.ravel()][:, None], np.r_[v.ravel(), b.ravel()])\nz = iou(b, clf.predict(a.reshape(-1, 1)).reshape(b.shape))",
    "isotonic calibration on test": "from sklearn.isotonic import IsotonicRegression\niso = IsotonicRegression(out_of_bounds='clip').fit(a.ravel(), b.ravel())\np = iso.predict(a.ravel()).reshape(a.shape)\nz = iou(b, p > .5)",
    "prior of the test labels": "share = b.mean()\nt = np.quantile(a, 1 - share)\npred = a > t\nz = iou(t=b, p=pred)",
    "threshold by roc curve": "from sklearn.metrics import roc_curve\nfpr, tpr, th = roc_curve(b.ravel(), a.ravel())\nt = th[np.argmax(tpr - fpr)]\nz = iou(b, a > t)",
    "pandas idxmax": "import pandas as pd\nt = pd.DataFrame({'t': np.arange(.05, 1, .05)})\nt['iou'] = [iou(b, a > x) for x in t.t]\nk = t.t[t.iou.idxmax()]\nprint(t.iou.max())",
    "while loop climbs": "t, step = .9, .05\nwhile t > .1 and iou(b, a > t - step) >= iou(b, a > t):\n    t -= step\nz = iou(b, a > t)\nprint(round(t, 2))",
    "GridSearchCV over test": "from sklearn.model_selection import ParameterGrid\nbest = max(ParameterGrid({'t': [.3, .4, .5, .6, .7, .8], 's': [0, .1, .2]}), key=lambda p: iou(b, a - p['s'] > p['t']))\nz = iou(b, a - best['s'] > best['t'])\nprint(best['t'], best['s'])",
    "a tuner that keeps its choice": "class Tuner:\n    def fit(self, x, y):\n        r, top = np.random.default_rng(4), -1\n        for _ in range(40):\n            t = r.random()\n            if (s := iou(y, x > t)) > top:\n                self.t, top = t, s\n        return self\ntuner = Tuner().fit(a, b)\nprint('IoU', iou(b, a > tuner.t))",
    "planes of one class each": "planes = np.eye(2)[b.astype(int)]\ndef dice(t, p):\n    return np.mean(2 * (t * p).sum((0, 1, 2)) / (t.sum((0, 1, 2)) + p.sum((0, 1, 2))))\nr, class_ = np.random.default_rng(1), type('Best', (), {})\nscore, class_.w = 0, None\nfor _ in range(30):\n    w = r.uniform(.3, 3, 2)\n    q = np.eye(2)[(np.stack([1 - a, a], -1) * w).argmax(-1)]\n    if dice(planes, q) > score:\n        score, class_.w = dice(planes, q), w\nz = dice(planes, np.eye(2)[(np.stack([1 - a, a], -1) * class_.w).argmax(-1)])",
    "pixels that count": "known = np.ones(b.shape, bool)\nknown[:, :2] = False\nr, c = np.random.default_rng(3), type('Config', (), {})\ntop, c.t = 0, 0\nfor _ in range(25):\n    t = r.random()\n    s = ((a > t)[known] == b[known]).mean()\n    if s > top:\n        top, c.t = s, t\nz = ((a > c.t)[known] == b[known]).mean()",
    "a channel axis": "b = b[..., None]\nr, c = np.random.default_rng(0), type('Config', (), {})\ntop, c.t = 0, 0\nfor _ in range(25):\n    t = r.random()\n    s = iou(b, (a > t)[..., None])\n    if s > top:\n        top, c.t = s, t\nz = iou(b, (a > c.t)[..., None])",
    "experiments in a list": "def experiment(rate):\n    w = rate * np.array([1.0, -0.5])\n    return {'rate': rate, 'w': w, 'iou': iou(b, w[0] * a + w[1] > 0)}\nruns = [experiment(r) for r in (3, 1, .6, .3)]\nrows = [(e, e['rate']) for e in runs]\nshift = [{'s': s, 'w': np.ones(2)} for s in (-.3, -.1, .1, .3)]\nbest = max(shift, key=lambda e: iou(b, a + e['s'] > .5))\nprint(best['s'], iou(b, a + best['s'] > .5))",
    "numbers without end": "import itertools\nk, top = 0, -1\nfor n in itertools.count():\n    if n == 19:\n        break\n    s = iou(b, a > n / 20)\n    if s > top:\n        k, top = n, s\nprint(k / 20, top)",
    "sorted in place": GRID
    + "g.sort(key=lambda t: -iou(b, a > t))\nk = g[0]\nprint(iou(b, a > k))",
    "thresholds by picture size": GRID
    + "size = a.mean((1, 2)) > a.mean()\nk = {s: max(g, key=lambda t: iou(b[size == s], a[size == s] > t)) for s in (True, False)}\nz = np.mean([iou(t, p > k[bool(s)]) for t, p, s in zip(b, a, size)])",
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
    "normalised by validation": "m, s = u.mean(), u.std()\nx = (a - m) / s\nz = iou(b, x > .2)",
    "temperature by validation": "from scipy.optimize import minimize_scalar\nlg = lambda p: np.log(p / (1 - p))\ndef loss(T):\n    p = 1 / (1 + np.exp(-lg(u) / T))\n    return -(v * np.log(p + 1e-9) + (~v) * np.log(1 - p + 1e-9)).mean()\nT = minimize_scalar(loss, bounds=(.2, 5), method='bounded').x\nz = ((1 / (1 + np.exp(-lg(a) / T)) - b) ** 2).mean()",
    "sklearn by validation": "from sklearn.linear_model import LogisticRegression\nclf = LogisticRegression().fit(u.reshape(-1, 1), v.ravel())\npred = clf.predict(a.reshape(-1, 1)).reshape(b.shape)\nz = iou(b, pred)",
    "ensemble by validation": "ws = np.arange(0, 1.01, .1)\nw = ws[np.argmax([iou(v, x * u + (1 - x) * u ** 2 > .45) for x in ws])]\nz = iou(b, w * a + (1 - w) * a ** 2 > .45)",
    "error maps": "pred = a > .5\nwrong = pred ^ b\nmissed, extra = wrong & b, wrong & pred\nrate = wrong.mean(axis=(1, 2))\nprint(rate.max(), int(rate.argmax()))",
    "colour overlay": "pred = a > .5\noverlay = np.stack([pred, b, pred & b], -1).astype(float)\nz = iou(b, pred)",
    "confusion matrix": "m = np.zeros((2, 2), int)\nfor t, p in zip(b.ravel(), (a > .5).ravel()):\n    m[int(t), int(p)] += 1\nprint(m, m[1, 1] / m[1].sum())",
    "roc and auc reported": "from sklearn.metrics import roc_auc_score, roc_curve\nfpr, tpr, th = roc_curve(b.ravel(), a.ravel())\nz = roc_auc_score(b.ravel(), a.ravel())",
    "three thresholds in a table": "rows = [(t, iou(v, u > t), iou(b, a > t)) for t in (.3, .5, .7)]\nbest = max(rows, key=lambda r: r[1])\nprint('validation chooses', best[0], 'test', best[2])",
    "per size": "area = b.sum((1, 2))\nlarge = area > np.median(area)\nz = {'large': iou(b[large], (a > .5)[large]), 'small': iou(b[~large], (a > .5)[~large])}",
    "pictures sorted by score shown": "q = np.array([iou(y, x) for x, y in zip(a > .5, b)])\norder = np.argsort(q)\nfor i in order[:3]:\n    print(i, round(q[i], 2))",
    "pandas table by picture": "import pandas as pd\nt = pd.DataFrame({'iou': [iou(y, x) for x, y in zip(a > .5, b)], 'area': b.sum((1, 2))})\nprint(t.describe().loc['mean', 'iou'])\nworst = t.iou.idxmin()",
    "seed by validation": LOGISTIC + "def start(seed):\n    o = np.random.default_rng(seed).permutation(12)[:4]\n    return fit(u[o], v[o], epochs=40, rate=6)[-1]\nseed = max(range(10), key=lambda s: iou(v, predict(start(s), u)))\nz = iou(b, predict(start(seed), a))",
    "upper bound shown as such": "z = iou(b, a > .5)\npossible = max(iou(b, a > t / 50) for t in range(1, 50))\nprint(z, 'at best', possible)",
    "early stopping by validation": LOGISTIC + "h = fit(u, v, rate=40)\nbest, kept = -1, None\nfor e, w in enumerate(h):\n    s = iou(v, predict(w, u))\n    if s > best:\n        best, kept, epoch = s, w, e\nz = iou(b, predict(kept, a))\nprint(epoch, z)",
    "calibration bins": "edges = np.linspace(0, 1, 6)\nwhich = np.digitize(a.ravel(), edges[1:-1])\ntable = [(a.ravel()[which == k].mean(), b.ravel()[which == k].mean()) for k in range(5)]\nece = sum(abs(x - y) for x, y in table) / 5",
    "counts a class is longest": "lengths = [int(m.any(axis=1).sum()) for m in b]\nlongest = int(np.argmax(lengths))\nz = iou(b, a > .5)\nprint(lengths[longest], z)",
    "the hardest class by name": "names = ['background', 'cat']\nq = [iou(b == c, (a > .5) == c) for c in (False, True)]\nfor name, v in zip(names, q):\n    print(name, v)\nprint('hardest:', names[int(np.argmin(q))])\nhardest = min(names, key=lambda n: q[names.index(n)])",
    "the weakest breed": "breed = ['pug', 'beagle', 'tabby', 'manx']\nkind = np.array([breed[i % 4] for i in range(12)])\nq = {k: iou(b[kind == k], (a > .5)[kind == k]) for k in breed}\nweakest = min(q, key=q.get)\nprint(weakest, sorted(q, key=q.get)[-1])",
    "worst picture beside epochs": LOGISTIC + "w = fit(u, v)[-1]\nq = [iou(t, p) for t, p in zip(b, predict(w, a))]\nfor n in range(11):\n    pass\nworst = int(np.argmin(q))\nprint(worst)",
    "a count beside epochs": LOGISTIC + "w = fit(u, v)[-1]\nbad = sum(iou(t, p) < .6 for t, p in zip(b, predict(w, a)))\nprint(int(bad), 'pictures are below 0.6')",
    "a rounded score on the grid": "g = np.round(np.arange(.01, 1, .01), 2)\nk = max(g, key=lambda t: iou(v, u > t))\nfinal = round(float(iou(b, a > k)), 2)\nprint(final)",
    "confusion beside a bootstrap": "each = np.stack([np.bincount(2 * t.ravel().astype(int) + p.ravel(), minlength=4) for t, p in zip(b, a > .5)])\nm = each.sum(0).reshape(2, 2)\noff = m * (1 - np.eye(2, dtype=int))\ni, j = map(int, np.unravel_index(off.argmax(), off.shape))\nprint(m[1, 1])\nd = [each[rng.integers(0, 12, 12)].sum() for _ in range(50)]\nprint(i, j)",
    "objects counted after a filter": "from scipy import ndimage\nfor size in range(1, 8):\n    print(size, iou(v, ndimage.median_filter(u, (1, size, size)) > .5))\np = ndimage.median_filter(a, (1, 3, 3)) > .5\nn = [ndimage.label(m)[1] for m in b]\nz = iou(b, p)\nprint(max(n), sum(n), int(ndimage.label(p[0])[1]))",
    "the month with the best score": "months = ['Jan', 'Feb', 'Mar', 'Apr']\nq = {m: iou(b[i::4], a[i::4] > .5) for i, m in enumerate(months)}\norder = sorted(q, key=q.get)\nprint(order[0], order[-1])",
    "a generator that is read once": "def batches():\n    for s in range(0, 12, 3):\n        yield a[s : s + 3], b[s : s + 3]\nz = np.mean([iou(y, x > .5) for x, y in batches()])\nprint(z)",
}  # fmt: skip


def run(code: str) -> Report:
    cells = [(1, DATA), (2, code)]
    kinds = ((False, False), (True, False), (True, True))
    return compare(*(trace(cells, "b", exchanging=x, most=h) for x, h in kinds))


def test_there_are_enough_of_each():
    assert len(LEAKS) >= 36 and len(FAIR) >= 41


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
    first = trace([(1, "x = 1"), (2, "1 / 0")], "b", exchanging=False)
    problems = compare(first, first).problems
    assert "no cell gives" in problems[0] and "ZeroDivisionError" in problems[1]


@pytest.mark.parametrize(
    "value", [np.arange(3), [1, 2, 3], ("x", np.arange(3)), {1: 0, 2: 1, 3: 2}]
)
def test_masks_are_exchanged_in_every_form(value):
    new = exchange(value)
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
    assert main([str(path), "--masks", "b"]) == 1
    assert "the test split chose: cell 2: k moves from" in capsys.readouterr().out
    assert main([str(path), "--masks", "nothing"]) == 2


def test_what_others_wrote_runs_in_the_sandbox(sandboxed, tmp_path):
    path = write(tmp_path, FAIR["threshold by validation"])
    assert examine(path, "b", sandboxed=True).honest
