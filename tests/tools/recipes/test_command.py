"""The frame of the command lines: what is printed where, and the exit status."""

from __future__ import annotations

import argparse
import json

import pytest

from helpers.errors import DataError
from tools.recipes import command

tf = pytest.importorskip("tensorflow")


def parser(answer) -> argparse.ArgumentParser:
    made = argparse.ArgumentParser()
    made.add_argument("--value", type=int, default=1)
    made.set_defaults(run=answer)
    return made


def test_the_result_is_one_json_object_on_the_last_line(capsys):
    def answer(options):
        print("working")
        return {"value": options.value}

    assert command.run(parser(answer), ["--value", "3"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {"value": 3}


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (DataError("pets: expected\nmore"), "error: pets: expected"),
        (tf.errors.NotFoundError(None, None, "no such file\nmore"), "error: no such file"),
        (
            tf.errors.UnknownError(None, None, "Traceback\nx.DataError: photo 3: grey\n  at y"),
            "error: photo 3: grey",
        ),
    ],
)
def test_an_error_is_one_line_and_exit_status_1(error, line, capsys):
    def answer(options):
        raise error

    assert command.run(parser(answer), []) == 1
    shown = capsys.readouterr()
    assert shown.err.splitlines() == [line] and not shown.out


def test_a_mistake_of_ours_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        command.run(parser(lambda options: {"value": 1 / 0}), [])
