"""Bug: an installation that is verified by naming a function (lab 3, section 2).

A published solution ends with `configs = config_util.get_configs_from_pipeline_file`, without
parentheses, and prints success. Nothing is called, so nothing can fail: it says the same when the
function, the configuration or protobuf is broken. A check has to do what it checks.
"""

from __future__ import annotations

import types
from collections.abc import Callable

import pytest

GOOD = "model { faster_rcnn { num_classes: 3 } }"
Verify = Callable[[types.SimpleNamespace], str]


def installation(text: str = GOOD, problem: Exception | None = None) -> types.SimpleNamespace:
    """Stands in for `object_detection.utils.config_util`, whole or broken."""

    def get_configs_from_pipeline_file(path: str) -> dict[str, str]:
        if problem:
            raise problem
        return {"model": text}

    return types.SimpleNamespace(get_configs_from_pipeline_file=get_configs_from_pipeline_file)


def wrong(config_util: types.SimpleNamespace) -> str:
    configs = config_util.get_configs_from_pipeline_file
    return f"TFOD2 installed successfully! {configs}"


def right(config_util: types.SimpleNamespace) -> str:
    configs = config_util.get_configs_from_pipeline_file("pipeline.config")
    if "num_classes: 3" not in configs["model"]:
        raise ValueError("the configuration that was read is not the one on the disk")
    return "TFOD2 read a configuration"


def check(verify: Verify) -> None:
    """It passes on a whole installation and on no broken one."""
    verify(installation())
    for broken in (
        installation(problem=TypeError("Descriptors cannot be created directly")),
        installation(problem=OSError("no such file")),
        installation(text=""),
    ):
        try:
            shown = verify(broken)
        except (TypeError, OSError, ValueError):
            continue
        raise AssertionError(f"a broken installation passed: {shown}")


def test_a_check_that_calls_what_it_checks_finds_each_defect() -> None:
    check(right)


def test_naming_the_function_finds_none() -> None:
    with pytest.raises(AssertionError, match="a broken installation passed: TFOD2 installed"):
        check(wrong)
