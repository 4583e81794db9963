"""Submissions that try to get what is not theirs, graded beside honest ones.

`make test` runs a sample; `pytest -m slow tests/grading` runs all of them.
"""

from __future__ import annotations

import json
import os
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from helpers import ROOT
from tests.grading import hostile, made
from tools.grading import engine, feedback, sandbox, submissions
from tools.grading.grades import Grade
from tools.grading.sandbox import Limits

LIMITS = Limits(cell_seconds=5, notebook_seconds=180, memory_mb=700, disk_mb=30, processes=60)
HONEST = {
    "honest": made.submission(),
    "honest but wrong": made.submission("def double(x): return x"),
}
SAMPLE = [name for name, attack in hostile.ATTACKS.items() if attack.sample]
REST = [name for name in hostile.ATTACKS if name not in SAMPLE]


@dataclass
class Class:
    """Submissions that were graded together."""

    grades: dict[str, Grade]
    folder: Path
    canary: Path
    connections: list


def grade_class(folder: Path, names: list[str], workers: int = 2) -> Class:
    """Grades attacks between honest submissions."""
    canary = folder / "canary.txt"
    canary.write_text("an answer of somebody else")
    server = socket.create_server(("127.0.0.1", 0))
    connections: list = []

    def listen() -> None:
        while True:
            try:
                connections.append(server.accept())
            except OSError:
                return

    threading.Thread(target=listen, daemon=True).start()
    places = {"canary": canary, "port": server.getsockname()[1], "repository": ROOT}
    handed_in = folder / "handed in"
    for name in names:
        made.hand_in(handed_in, name, hostile.ATTACKS[name].content(places))
    for name, content in HONEST.items():
        for place in ("a", "m", "z"):  # before, between and after the others
            made.hand_in(handed_in, f"{place} {name}", content)
    job = engine.Job(LIMITS, made.write_lab(folder))
    os.environ["GRADER_SECRET"] = "only for the grader"
    try:
        work = engine.on_this_machine(submissions.find(handed_in).submissions, job, workers)
        grades = {submission.student: grade for submission, grade in work}
    finally:
        del os.environ["GRADER_SECRET"]
        server.close()
    return Class(grades, folder, canary, connections)


@pytest.fixture(scope="module")
def sample(sandboxed: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Class]:
    yield grade_class(tmp_path_factory.mktemp("sample"), SAMPLE)


@pytest.fixture(scope="module")
def rest(sandboxed: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Class]:
    yield grade_class(tmp_path_factory.mktemp("rest"), REST)


def assert_harmless(graded: Class, name: str) -> None:
    """The attack has the grade it must have, saw nothing, and its page is clean."""
    attack, grade = hostile.ATTACKS[name], graded.grades[name]
    assert grade.most == attack.most
    if attack.most:
        first, second, written = grade.verdicts
        assert first.points == attack.first, first.message
        assert attack.second in (None, second.points), second.message
        assert written.points is None
    else:
        assert grade.problems and not grade.verdicts
    shown = [o for v in grade.verdicts for o in v.outputs if o["output_type"] != "error"]
    assert "GOT IT" not in json.dumps(shown)  # a traceback shows the attack's own source
    assert made.SECRET not in json.dumps([v.outputs for v in grade.verdicts])
    page = feedback.page(grade)
    assert not re.search(r"<(script|iframe|svg|style>\*)|<[^>]*\son\w+\s*=|<[^>]*javascript:", page)


def assert_no_influence(graded: Class) -> None:
    for place in ("a", "m", "z"):
        honest, wrong = graded.grades[f"{place} honest"], graded.grades[f"{place} honest but wrong"]
        assert [v.points for v in honest.verdicts] == [3, 4, None], honest
        assert [v.points for v in wrong.verdicts] == [0, 4, None], wrong
    assert graded.canary.read_text() == "an answer of somebody else"
    assert not list(graded.folder.glob("*.pwned"))
    assert graded.connections == []
    users = range(sandbox.user_of(0), sandbox.user_of(2))
    left = [p for p in psutil.process_iter(["uids"]) if p.info["uids"].real in users]
    assert left == []


@pytest.mark.parametrize("name", SAMPLE)
def test_a_sample_of_attacks_comes_to_nothing(sample, name):
    assert_harmless(sample, name)


def test_a_sample_of_attacks_has_no_influence_on_others(sample):
    assert_no_influence(sample)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", REST)
def test_every_other_attack_comes_to_nothing(rest, name):
    assert_harmless(rest, name)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_every_other_attack_has_no_influence_on_others(rest):
    assert_no_influence(rest)


def test_there_are_at_least_thirty():
    assert len(hostile.ATTACKS) >= 30
    assert len(SAMPLE) >= 6
