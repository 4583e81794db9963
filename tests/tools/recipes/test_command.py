"""The frame of the command lines: what is printed where, and the exit status."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import pytest

import helpers
from helpers import unet as pets_unet
from helpers.detector import SHIPPED
from helpers.errors import DataError
from tools.recipes import command, street, unet
from tools.recipes.maskrcnn import cli

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


@pytest.mark.parametrize("recipe", ["unet", "street", "maskrcnn"])
def test_help_comes_without_tensorflow(recipe):
    code = (
        f"import sys; sys.argv[1:] = ['--help']; import runpy, atexit\n"
        "atexit.register(lambda: print('tensorflow' in sys.modules))\n"
        f"runpy.run_module('tools.recipes.{recipe}', run_name='__main__')"
    )
    command_line = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(
        command_line, cwd=helpers.ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"usage: python -m tools.recipes.{recipe} ")
    assert done.stdout.endswith("\nFalse\n") and not done.stderr


def test_a_command_line_repeats_a_run():
    options = {"batch_size": 8, "rate": 0.0, "size": (32, 64), "initial": Path("a/b.weights.h5")}
    left_out = {"minutes": None, "photographs": [], "plain": False}
    found = command.line("train", **options, **left_out, toys=True)
    assert found == "train --batch-size 8 --rate 0.0 --size 32 64 --initial b.weights.h5 --toys"


@pytest.mark.parametrize(
    ("recipe", "weights"), [(street, street.WEIGHTS), (unet, pets_unet.WEIGHTS)]
)
def test_a_training_leaves_the_shipped_weights_alone(recipe, weights, monkeypatch):
    """Without --weights it writes elsewhere; `evaluate` reads the shipped ones."""
    asked = []
    monkeypatch.setattr(
        command, "run", lambda parser, words: asked.append(parser.parse_args(words))
    )
    recipe.main(["train"])
    recipe.main(["evaluate"])
    assert [options.weights for options in asked] == [command.WEIGHTS / weights.name, weights]
    assert command.WEIGHTS not in weights.parents and helpers.DATA not in command.WEIGHTS.parents


@pytest.mark.parametrize("words", [["train"], ["export"], ["blend", "kerbside=1.0"]])
def test_neither_does_one_of_mask_rcnn(words):
    options = cli._parser().parse_args(words)
    assert options.output == command.WEIGHTS / SHIPPED.name != SHIPPED
    assert cli._path(cli._parser().parse_args(["evaluate"]).model) == SHIPPED
