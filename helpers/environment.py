"""Prepares the process that a lab runs in; the set-up cell of every lab calls `setup()`.

TensorFlow reads its settings from environment variables, once, when it is imported. So they are
set here, before any import, and only where the reader has not set them already: how many threads
it may use, deterministic kernels, no log noise. Versions come from the packages' metadata; nothing
heavy is imported. Rests on the standard library and `packaging`. Introduced in lab 1.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from helpers import DATA, ROOT

SETTINGS = {
    # 3 leaves Python's own errors and warnings; below it, TensorFlow's C++ side writes to stderr
    # about CUDA on every machine without a GPU.
    "TF_CPP_MIN_LOG_LEVEL": "3",
    # One result for one seed, on one machine: TensorFlow and cuDNN choose reproducible kernels. An
    # operation that has none on a GPU then says so; set this to 0 beforehand to do without.
    "TF_DETERMINISTIC_OPS": "1",
    "TF_CUDNN_DETERMINISTIC": "1",
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
    # A GPU's memory is taken as it is needed: several labs may be open at once.
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    "KERAS_BACKEND": "tensorflow",
}

REQUIREMENTS = ("requirements.txt", "requirements/garden.txt")
"""The lists that the set-up cell installs; what TFOD2 itself needs, `helpers.tfod` checks."""

THREAD_SETTINGS = (
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
)


def available_cpus() -> int:
    """How many CPUs this process may use: affinity and container quota, not what the machine has.

    TensorFlow and OpenBLAS start a thread for each CPU they see. In a container that may use 2 of
    64 CPUs they would start 64 and be slowed down by them.

    Returns:
        A number of at least 1.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    cpus = len(affinity(0)) if affinity else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        cpus = min(cpus, max(1, int(quota) // int(period)))
    except (OSError, ValueError):
        pass  # no cgroup v2, or quota "max": nothing more to respect
    return max(1, cpus)


def version(package: str) -> str:
    """Installed version of a package from its metadata, or "not installed". Imports nothing."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def requirement_problems(requirements: Path | None = None) -> Iterator[str]:
    """Compares the installed packages with requirements.txt and requirements/garden.txt.

    Args:
        requirements: another file to compare with.

    Yields:
        One sentence for each package that is missing or has another version, and one if two
        different versions of OpenCV are installed over each other.
    """
    from packaging.requirements import Requirement

    files = [requirements] if requirements else [ROOT / name for name in REQUIREMENTS]
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    for line in text.splitlines():
        wanted = re.split(r"\s*(?:#|\\|--hash)", line)[0]  # without comment, without hashes
        if not wanted:
            continue
        requirement = Requirement(wanted)
        found = version(requirement.name)
        if found == "not installed":
            yield f"{requirement.name} is missing"
        elif not requirement.specifier.contains(found, prereleases=True):
            yield f"{requirement.name} is {found}, and {requirement.specifier} is needed"

    flavours = ("opencv-python", "opencv-python-headless", "opencv-contrib-python")
    versions = {name: version(name) for name in flavours if version(name) != "not installed"}
    if len(set(versions.values())) > 1:
        both = " and ".join(f"{name} {found}" for name, found in versions.items())
        yield f"{both} overwrite each other's files: uninstall all, then install one"


def setup(*, threads: int | None = None, quiet: bool = False) -> None:
    """Sets up the process for a lab; call it before TensorFlow is imported.

    Prints one line with the versions that matter to a result and the folder of the course's data,
    and a line for each package that does not suit. Calling it again does no harm.

    Args:
        threads: CPU threads that TensorFlow and NumPy may use; by default all that this process
            may use. Results may differ in the last digits between different numbers of threads.
        quiet: print nothing unless something is wrong.
    """
    if "tensorflow" in sys.modules and any(name not in os.environ for name in SETTINGS):
        print(
            "Note: TensorFlow was imported before helpers.setup(), so its settings for threads "
            "and log messages stay as they were. Restart the kernel to apply them."
        )
    count = threads or available_cpus()
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    for name in THREAD_SETTINGS:
        if threads:
            os.environ[name] = str(count)
        else:
            os.environ.setdefault(name, str(count))

    problems = list(requirement_problems())
    for problem in problems:
        print(f"Note: {problem}.")
    if problems:
        print(
            "Note: on your own machine `make setup` installs what the course needs; elsewhere "
            "run `pip install -r requirements.txt`, then `pip install --no-deps -r "
            "requirements/garden.txt`, and restart the kernel."
        )
    if not quiet:
        names = {"TensorFlow": "tensorflow", "Keras": "keras", "NumPy": "numpy"}
        versions = [f"{label} {version(name)}" for label, name in names.items()]
        parts = [f"Python {platform.python_version()}", *versions, f"{count} CPU threads"]
        print(" · ".join([*parts, f"data in {_relative(DATA)}"]))


def _relative(path: Path) -> str:
    """`path` as seen from the current folder: a saved output must not name a home directory."""
    try:
        return Path(os.path.relpath(path)).as_posix()
    except ValueError:  # on Windows: another drive
        return path.name
