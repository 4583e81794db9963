"""Packages that must not lie among the others: each set in a folder of its own in the environment.

TFOD2 (lab 3) would overwrite other people's packages, and Apache Beam asks for older ones than the
labs use; neither can be resolved together with them, and both run beside them. So they are
installed without what they ask for, and their folder is put at the end of Python's path by whoever
uses them. Rests on pip.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

from helpers import ROOT
from helpers.errors import SetupError, explain


def folder(name: str) -> Path:
    """Where the packages of that set lie, whether they are there or not."""
    return Path(sys.prefix) / name


def present(package: str, place: Path) -> bool:
    """Whether a package lies in its folder, or is importable already. Imports nothing."""
    if (place / package / "__init__.py").is_file():
        return True
    return importlib.util.find_spec(package) is not None


def append_to_path(place: Path) -> None:
    """Makes a folder's packages importable; last, so that nobody else's are shadowed."""
    if place.is_dir() and str(place) not in sys.path:
        sys.path.append(str(place))


def install(requirements: str, place: Path) -> None:
    """Installs a requirements file into a folder, without dependencies, with this Python's pip.

    Args:
        requirements: Its name; it lies beside README.md. Where it has hashes, they must fit.
        place: The folder, from `folder`.

    Raises:
        SetupError: pip failed; the message ends with what it said last.
    """
    file = ROOT / requirements
    command = [
        sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--upgrade",
        "--target", str(place), "-r", str(file),
    ]  # fmt: skip
    if "--hash=" in file.read_text(encoding="utf-8"):
        command.append("--require-hashes")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SetupError(
            explain(
                "pip",
                expected=f"to install {requirements}",
                found="an error",
                do="Is the package registry reachable? It said:\n  "
                + "\n  ".join((done.stderr or done.stdout).splitlines()[-8:]),
            )
        )
