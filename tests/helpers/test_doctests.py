"""What the labs call is shown in an example, and every example gives what it promises."""

from __future__ import annotations

import ast
import doctest
import importlib
import pkgutil
import re

import pytest

from tests.test_layers import MAY_IMPORT, notebook_sources, sources_of

MODULES = sorted(name for name in sources_of("helpers") if name.startswith("helpers."))
SOURCES = {**sources_of("helpers"), **sources_of("parking")}
ALONE = {"helpers.tfod": "TFOD2 needs Keras 2, which must be chosen before TensorFlow is imported"}
"""Modules whose examples run in a process of their own."""

IMPORTED = {"np": "numpy", "tf": "tensorflow", "keras": "keras"}
"""What an example takes for granted, as those of NumPy and Keras do."""

OF_LAB_5 = {
    "kerbside": "helpers.kerbside",
    "records": "helpers.records",
    "scores": "parking.scores",
    "read_camera": "parking.zones:read_camera",
}
"""What an example of parking does as well: the first cell of the case study imports it."""

WITHOUT = {
    "helpers.environment.setup": "its first line in every lab is the example",
    "helpers.environment.install_tfod2": "it asks a package index",
    "parking.drawing.film": "it needs ffmpeg",
    "parking.scores.score_clip": "`watch`, which it calls, has one; true masks take seconds",
}
"""Functions that the labs call and that need no example."""


def functions() -> dict[str, ast.FunctionDef]:
    """Every public function of helpers and parking by its dotted name."""
    return {
        f"{module}.{node.name}": node
        for module, source in SOURCES.items()
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    }


def used_by(source: str) -> set[str]:
    """Dotted names of what a lab takes from modules of helpers and parking."""
    tree, found, modules = ast.parse(source), {"helpers.environment.setup"}, {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in MAY_IMPORT:
            place = node.module if node.module != "helpers" else "helpers.environment"
            for each in node.names:
                if (module := f"{node.module}.{each.name}") in SOURCES:
                    modules[each.asname or each.name] = module
                found.add(f"{place}.{each.name}")
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in modules:
            found.add(f"{modules[ast.unparse(node.value)]}.{node.attr}")
    return found


def test_every_function_that_a_lab_calls_has_an_example():
    known = functions()
    used = set().union(*map(used_by, notebook_sources().values())) & set(known)
    for package, least in (("helpers", 70), ("parking", 20)):
        assert sum(name.startswith(package) for name in used) > least
    bare = {name for name in used if ">>>" not in (ast.get_docstring(known[name]) or "")}
    assert bare == set(WITHOUT)


OTHERS = [
    name
    for package in ("parking", "tools")
    for name, source in sources_of(package).items()
    if re.search(r"^ +>>> ", source, re.MULTILINE)
]


@pytest.mark.parametrize("name", [name for name in [*MODULES, *OTHERS] if name not in ALONE])
def test_the_examples_of_a_module_hold(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    taken = IMPORTED | (OF_LAB_5 if name.startswith("parking.") else {})
    names = {name: pkgutil.resolve_name(where) for name, where in taken.items()}
    result = doctest.testmod(importlib.import_module(name), extraglobs=names)
    assert result.failed == 0


def test_the_examples_of_tfod_hold_where_it_is_active(tfod2):
    found = tfod2.run("import doctest; from helpers import tfod; print(doctest.testmod(tfod))")
    assert found.splitlines()[-1].startswith("TestResults(failed=0, attempted="), found
