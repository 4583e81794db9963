"""Requirement files, lock file, environment.yml and the groups of pyproject.toml say the same."""

from __future__ import annotations

import ast
import json
import os
import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import helpers

ROOT = helpers.ROOT
LOCK = (ROOT / "requirements/dev.lock").read_text(encoding="utf-8")
FOR_LABS = (ROOT / "requirements/labs.lock").read_text(encoding="utf-8")


def by_name(lines: list[str]) -> dict[str, Requirement]:
    requirements = [Requirement(line) for line in lines]
    names = {canonicalize_name(r.name): r for r in requirements}
    assert len(names) == len(requirements), "a package is named twice"
    return names


def uncommented(text: str) -> list[str]:
    lines = [re.sub(r"\s*#.*", "", line).strip() for line in text.splitlines()]
    return [line for line in lines if line]


def for_labs() -> dict[str, Requirement]:
    return by_name(uncommented((ROOT / "requirements.txt").read_text(encoding="utf-8")))


def for_development() -> dict[str, Requirement]:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    groups = tomllib.loads(text)["dependency-groups"]
    return by_name(groups["dev"] + groups["teach"])


BARE = {
    name: (ROOT / name).read_text(encoding="utf-8")
    for name in ("requirements/garden.txt", "requirements/tfod2.txt")
}
"""Lists that are installed without what their packages ask for."""


def without_dependencies() -> dict[str, Version]:
    return locked("\n".join(BARE.values()))


def locked(text: str = LOCK) -> dict[str, Version]:
    """Name and version of each package in a file with hashes, whatever the platform."""
    pins = re.findall(r"^([\w.-]+)==([^\s;\\]+)", text, re.MULTILINE)
    assert len({name for name, _ in pins}) == len(pins), "a package has two versions"
    return {canonicalize_name(name): Version(version) for name, version in pins}


def test_conda_gets_the_same_packages_in_the_same_ranges():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    *conda, last = environment["dependencies"]
    through_pip = by_name(last["pip"])
    expected = for_labs() | for_development()
    assert through_pip.keys() == expected.keys()
    for name, requirement in expected.items():
        assert through_pip[name].specifier == requirement.specifier, name
    python = next(Requirement(entry) for entry in conda if entry.startswith("python"))
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    requires = tomllib.loads(text)["project"]["requires-python"]
    assert python.specifier == Requirement(f"python{requires}").specifier


def test_every_direct_dependency_is_pinned_inside_its_range():
    pins = locked()
    for name, requirement in (for_labs() | for_development()).items():
        assert name in pins, f"{name} is not in requirements/dev.lock: run `make lock`"
        assert requirement.specifier.contains(pins[name]), f"{name} {pins[name]}: run `make lock`"


def test_the_labs_lock_is_a_part_of_the_other():
    alone, everything = locked(FOR_LABS), locked()
    assert for_labs().keys() <= alone.keys()
    assert {name: everything[name] for name in alone} == alone
    assert 80 < len(alone) < 130 < len(everything)


@pytest.mark.parametrize("lock", [LOCK, FOR_LABS], ids=["dev", "labs"])
def test_everything_that_a_pinned_package_needs_is_pinned_too(lock):
    """A lock is installed with --no-deps, so nothing may be missing from it."""
    pins = locked(lock)
    missing = []
    for name in pins:
        try:
            needed = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue  # for another platform
        for line in needed:
            requirement = Requirement(line)
            if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
                continue
            other = canonicalize_name(requirement.name)
            if other not in pins:
                missing.append(f"{name} needs {line}")
            elif not requirement.specifier.contains(pins[other], prereleases=True):
                missing.append(f"{name} needs {line}, pinned is {pins[other]}")
    assert not missing, missing


@pytest.mark.parametrize("lock", [LOCK, FOR_LABS], ids=["dev", "labs"])
def test_every_pin_has_hashes_and_no_address(lock):
    entries = re.split(r"^(?=[\w.-]+==)", lock, flags=re.MULTILINE)[1:]
    assert len(entries) == len(locked(lock)) > 80
    for entry in entries:
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry), entry.splitlines()[0]
    # It installs from whichever registry pip is configured for, so it names none.
    assert not re.search(r"://|^\s*-(?!-hash=)", lock, re.MULTILINE)


@pytest.mark.parametrize("name", BARE)
def test_what_comes_without_dependencies_is_pinned_with_hashes_too(name):
    entries = re.split(r"^(?=[\w.-]+==)", BARE[name], flags=re.MULTILINE)[1:]
    assert entries
    for entry in entries:
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry), entry
    assert "://" not in BARE[name]
    assert not without_dependencies().keys() & locked().keys()


def test_what_is_installed_is_what_the_files_pin():
    for name, version in locked(BARE["requirements/garden.txt"]).items():
        assert metadata.version(name) == str(version), "run `make setup`"
    aside = Path(sys.prefix, "tfod2")
    found = {
        canonicalize_name(d.metadata["Name"]): Version(d.version)
        for d in metadata.distributions(path=[str(aside)])
    }
    assert found == locked(BARE["requirements/tfod2.txt"]), "run `make setup`"


def test_the_readme_says_how_much_room_the_environment_takes():
    [room] = re.findall(r"(\d+) GB of disk space", (ROOT / "README.md").read_text(encoding="utf-8"))
    files = (Path(folder, name) for folder, _, names in os.walk(sys.prefix) for name in names)
    taken = sum(file.lstat().st_blocks for file in files) * 512 / 1e9
    assert taken < int(room)


def test_tfod2_cannot_overwrite_other_peoples_packages():
    """Its `datasets`, `nets` and the like lie in a folder that is not on Python's path."""
    aside = Path(sys.prefix, "tfod2")
    assert (aside / "datasets").is_dir()  # so it would, in site-packages
    assert str(aside) not in sys.path
    site = Path(metadata.distribution("tf-models-official").locate_file(""))
    assert (site / "official").is_dir()
    assert not [n for n in ("datasets", "nets", "deployment") if (site / n).exists()]


@pytest.mark.parametrize("part", ["requirements.txt", "dev", "teach"])
def test_every_direct_dependency_says_what_needs_it(part):
    file = part if part == "requirements.txt" else "pyproject.toml"
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    if part != file:
        start = lines.index(f"{part} = [")
        lines = lines[start + 1 : lines.index("]", start)]
    else:
        lines = [line for line in lines if line and not line.startswith("#")]
    assert len(lines) > 5
    for line in lines:
        comment = line.partition("#")[2].strip()
        assert len(comment) > 10, line


# What the places where students run the labs ship: the lists of tests/environments.
PLACES = {
    path.stem: locked(path.read_text(encoding="utf-8"))
    for path in (ROOT / "tests" / "environments").glob("*.txt")
}


@pytest.mark.parametrize("place", PLACES)
def test_the_set_up_cell_changes_nothing_but_tensorflow_metadata(place):
    """requirements.txt is content with what lies there; what is missing is small."""
    small = {"keras-cv", "contextlib2", "importlib-resources", "faster-coco-eval"}
    has = PLACES[place]
    for name, requirement in for_labs().items():
        if name not in has:
            assert name in small, f"{name} is missing there"
        elif name != "tensorflow-metadata":  # 1.21 breaks tensorflow-datasets there: see the list
            assert requirement.specifier.contains(has[name]), f"{name} {has[name]}"
    assert has["ipython"] < Version("8")  # what the figures have to live with


def test_the_known_traps_stay_closed():
    pins = locked()
    assert len([name for name in pins if name.startswith("opencv-")]) == 1
    assert "importlib-resources" in pins  # imported by tensorflow-datasets, not required by it
    assert "tensorflow-cpu" not in pins
    assert not pins.keys() & {"keras-hub", "tensorflow-text", "tensorflow-io"}
    assert pins["tf-keras"].release[:2] == pins["tensorflow"].release[:2]
    # 2.20.0 does not run on TensorFlow 2.19, which Colab may have.
    assert without_dependencies()["tf-models-official"] == Version("2.19.1")
    assert pins["tensorflow-metadata"] < Version("1.18")


def python_sources() -> list[tuple[Path, str]]:
    """All modules, and the code of the labs without lines for the shell."""
    files = [
        path
        for folder in ("helpers", "parking", "tools", "tests")
        for path in (ROOT / folder).rglob("*.py")
        if "render" not in path.parts  # requirements/render.txt
    ]
    sources = [(path, path.read_text(encoding="utf-8")) for path in files]
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        lines = [re.sub(r"^\s*[%!].*", "pass", line) for line in "\n".join(code).splitlines()]
        sources.append((path, "\n".join(lines)))
    return sources


def imported_modules(source: str) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


# Imported, and required by the package named here, which is declared.
COMES_WITH = {
    "IPython": "ipywidgets",
    "ai_edge_litert": "tensorflow",  # where it is installed, instead of TensorFlow's interpreter
    "jupyter_client": "nbclient",
    "zmq": "ipykernel",
    "traitlets": "ipywidgets",
    "bs4": "nbconvert",
    "jinja2": "nbconvert",
    "markupsafe": "nbconvert",
    "docutils": "sphinx",
    "dask": "distributed",
    "packaging": "matplotlib",
    "yaml": "jupyterlab",
    "google": "tensorflow",
    "h5py": "keras",
    "object_detection": "tf-object-detection-api",  # in .venv/tfod2: unseen until activated
}


def test_every_import_is_of_a_declared_package():
    declared = for_labs().keys() | for_development().keys() | without_dependencies().keys()
    distributions = metadata.packages_distributions()
    own = {"helpers", "parking", "tools", "tests", "conftest"}
    undeclared = []
    for path, source in python_sources():
        for name in imported_modules(source) - set(sys.stdlib_module_names) - own:
            if COMES_WITH.get(name) in declared or name == "bpy":  # generators' tests skip without
                continue
            names = {canonicalize_name(d) for d in distributions.get(name, [name])}
            if not names & declared:
                undeclared.append(f"{path.relative_to(ROOT)} imports {name}")
    assert not undeclared, undeclared


def test_keras_cv_is_reached_by_lab_2_augmentation_and_a_recipe_alone():
    users = [p.relative_to(ROOT) for p, s in python_sources() if "keras_cv" in imported_modules(s)]
    users = [str(path) for path in users if path.parts[0] != "tests"]
    allowed = {"augmentation", "street", "02_unet_oxford_pets"}
    assert {Path(user).stem for user in users} <= allowed, users
