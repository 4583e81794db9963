"""What `helpers` is made of, floor by floor: imports point down, nothing goes in circles.

The README's layout says the same in words. Imports inside functions count too, since they are
arrows like any other; those for type checkers alone do not, nor does the one with which
`python -m helpers.unet` reaches its commands.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

FLOORS = (
    ("files, set-up and errors", "beam_runner environment errors files kerascv side_packages"),
    (
        "pure functions of arrays",
        "coco_scores detection_matching detection_metrics mask_pasting masks metrics polygons",
    ),
    ("drawing", "figures"),
    ("data in and out", "label_maps pets records scene"),
    ("learning and scoring", "augmentation commands scoring training weights"),
    (
        "models",
        "detector detector_scores maskrcnn model_archives street street_cli tfod unet unet_cli",
    ),
    ("the case study", "parking"),
    ("the command for students", "__main__ checking"),
)
FLOOR = {name: level for level, (_, names) in enumerate(FLOORS) for name in names.split()}


def imports(tree: ast.Module) -> Iterator[str]:
    """Dotted names below `helpers` that a module imports when it runs."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) in (
            "TYPE_CHECKING",
            "__name__ == '__main__'",
        ):
            waiting += node.orelse
            continue
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import"
            yield from (f"{node.module}.{each.name}" for each in node.names)
        waiting += ast.iter_child_nodes(node)


def module_of(dotted: str, modules: set[str]) -> str | None:
    """The module that an imported name is, or is in; None for `helpers` itself and for others."""
    parts = dotted.split(".")
    if parts[0] != "helpers":
        return None
    for length in range(len(parts), 1, -1):
        if (name := ".".join(parts[1:length])) in modules:
            return name
    return None


def arrows_of(sources: dict[str, str]) -> dict[str, set[str]]:
    """For each module what it imports; the names are those below `helpers`."""
    modules = set(sources)
    return {
        name: {module_of(each, modules) for each in imports(ast.parse(source))} - {None, name}
        for name, source in sources.items()
    }


@pytest.fixture(scope="module")
def arrows() -> dict[str, set[str]]:
    folder = Path(__file__).resolve().parent.parent / "helpers"
    sources = {}
    for path in folder.rglob("*.py"):
        parts = path.relative_to(folder).with_suffix("").parts
        if parts != ("__init__",):
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            sources[name] = path.read_text(encoding="utf-8")
    return arrows_of(sources)


def upward(arrows: dict[str, set[str]]) -> list[str]:
    """Arrows to a higher floor, as text."""
    floor = {name: FLOOR[name.split(".")[0]] for name in arrows}
    return [f"{a} -> {b}" for a, found in arrows.items() for b in found if floor[b] > floor[a]]


def circle(arrows: dict[str, set[str]]) -> list[str]:
    """One circle of modules, or nothing."""
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def families(arrows: dict[str, set[str]]) -> dict[str, set[str]]:
    """The same with each package as one node."""
    joined: dict[str, set[str]] = {}
    for name, found in arrows.items():
        own = name.split(".")[0]
        joined.setdefault(own, set()).update({each.split(".")[0] for each in found} - {own})
    return joined


def test_every_module_has_its_floor(arrows):
    assert {name.split(".")[0] for name in arrows} == set(FLOOR)


def test_imports_point_down(arrows):
    assert not upward(arrows)


def test_nothing_goes_round_in_a_circle(arrows):
    assert not circle(arrows)
    assert not circle(families(arrows))


def test_inside_a_package_a_module_is_imported_from_where_it_is(arrows):
    """By way of the package it would be a circle: the package imports its modules."""
    found = {name: name.split(".")[0] for name in arrows if "." in name}
    assert not [name for name, package in found.items() if package in arrows[name]]


def test_only_command_lines_draw(arrows):
    drawing = {name for name, found in arrows.items() if "figures" in found}
    assert all(name.endswith("cli") for name in drawing)


@pytest.mark.parametrize(
    "sources",
    [
        {"masks": "def f():\n    from helpers import pets", "pets": ""},
        {"records": "", "records.raw": "import helpers.parking.rules", "parking.rules": ""},
        {"errors": "from helpers.masks import Mask", "masks": ""},
    ],
)
def test_an_arrow_up_is_seen(sources):
    assert len(upward(arrows_of(sources))) == 1


def test_circles_are_seen_between_modules_and_between_packages():
    two = {"unet": "from helpers import street", "street": "import helpers.unet"}
    assert circle(arrows_of(two))
    apart = {
        "tfod.model": "from helpers.maskrcnn import data",
        "maskrcnn.data": "",
        "maskrcnn.cli": "from helpers.tfod.zoo import models",
        "tfod.zoo": "",
    }
    assert not circle(arrows_of(apart))
    assert circle(families(arrows_of(apart)))


def test_imports_for_type_checkers_are_no_arrows():
    source = "if TYPE_CHECKING:\n    from helpers.pets import Pet\nelse:\n    import helpers.files"
    assert arrows_of({"masks": source, "pets": "", "files": ""})["masks"] == {"files"}
