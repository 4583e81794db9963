"""What the labs call is shown in an example, and every example gives what it promises."""

from __future__ import annotations

import ast
import doctest
import importlib
import re

import pytest

from tests.test_layers import notebook_sources, sources_of

MODULES = sorted(name for name in sources_of("helpers") if name.startswith("helpers."))
ALONE = {"helpers.tfod": "TFOD2 needs Keras 2, which must be chosen before TensorFlow is imported"}
"""Modules whose examples run in a process of their own."""

IMPORTED = {"np": "numpy", "tf": "tensorflow", "keras": "keras"}
"""What an example takes for granted, as those of NumPy and Keras do."""

WITHOUT = {
    "helpers.environment.setup": "its first line in every lab is the example",
    "helpers.environment.install_tfod2": "it asks a package index",
}
"""Functions that the labs call and that need no example."""


def functions() -> dict[str, ast.FunctionDef]:
    """Every public function of helpers by its dotted name."""
    return {
        f"{module}.{node.name}": node
        for module, source in sources_of("helpers").items()
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    }


def used_by(source: str) -> set[str]:
    """Dotted names of what a lab takes from modules of helpers."""
    tree, found = ast.parse(source), {"helpers.environment.setup"}
    modules = {name.split(".")[1] for name in MODULES}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("helpers"):
            module = node.module if node.module != "helpers" else "helpers.environment"
            found |= {f"{module}.{each.name}" for each in node.names}
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value) in modules:
            found.add(f"helpers.{ast.unparse(node)}")
    return found


def test_every_function_that_a_lab_calls_has_an_example():
    known = functions()
    used = set().union(*map(used_by, notebook_sources().values())) & set(known)
    assert len(used) > 70
    bare = {name for name in used if ">>>" not in (ast.get_docstring(known[name]) or "")}
    assert bare <= set(WITHOUT), bare - set(WITHOUT)


OTHERS = [
    name
    for package in ("parking", "tools")
    for name, source in sources_of(package).items()
    if re.search(r"^ +>>> ", source, re.MULTILINE)
]


@pytest.mark.parametrize("name", [name for name in [*MODULES, *OTHERS] if name not in ALONE])
def test_the_examples_of_a_module_hold(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    names = {name: importlib.import_module(module) for name, module in IMPORTED.items()}
    result = doctest.testmod(importlib.import_module(name), extraglobs=names)
    assert result.failed == 0


def test_the_examples_of_tfod_hold_where_it_is_active(tfod2):
    found = tfod2.run("import doctest; from helpers import tfod; print(doctest.testmod(tfod))")
    assert found.splitlines()[-1].startswith("TestResults(failed=0, attempted="), found
