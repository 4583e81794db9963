"""Preparation of the process that a lab runs in; the set-up cell of every lab calls `setup()`.

TensorFlow reads its settings from environment variables, once, when it is imported. So they are
set here, before any import, and only where the reader has not set them already: how many threads
it may use, deterministic kernels, no log noise. Nothing heavy is imported. Introduced in lab 1.
"""

from __future__ import annotations

import contextlib
import os
import platform
import re
import shutil
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from importlib import invalidate_caches, metadata
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.errors import SetupError

if TYPE_CHECKING:
    from dask.distributed import Client

ROOT = Path(__file__).resolve().parent.parent  # the repository
DATA = ROOT / "data"  # rendered pictures, weights, cameras; `fetch` what you open of it
BUILD = ROOT / "build"  # checkpoints, exports and reports that the labs leave; git ignores it

SETTINGS = {
    "TF_CPP_MIN_LOG_LEVEL": "3",  # below 3, TensorFlow writes about CUDA on machines without a GPU
    # One result for one seed, on one machine. An operation that has no reproducible kernel on a GPU
    # then says so; set this to 0 beforehand to do without.
    "TF_DETERMINISTIC_OPS": "1",
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",  # several labs may be open at once
    "KERAS_BACKEND": "tensorflow",
}
THREAD_SETTINGS = (
    *("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"),
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"),
)
REQUIREMENTS = ("requirements.txt", "requirements/garden.txt")
TFOD2 = "requirements/tfod2.txt"
# Of TFOD2 and two packages that only it uses; `helpers.tfod.activate` puts it on the path.
TFOD2_FOLDER = Path(sys.prefix) / "tfod2"
if not (os.access(sys.prefix, os.W_OK) or (TFOD2_FOLDER / "object_detection").is_dir()):
    TFOD2_FOLDER = BUILD / "tfod2"  # as on JupyterHub, where Python's own folder is for reading


def available_cpus() -> int:
    """Number of CPUs this process may use: affinity and container quota, not the machine's.

    TensorFlow and OpenBLAS start a thread for each CPU they see. In a container that may use 2 of
    64 CPUs they would start 64 and be slowed down by them.

    >>> 1 <= available_cpus() <= os.cpu_count()
    True
    """
    affinity = getattr(os, "sched_getaffinity", None)
    cpus = len(affinity(0)) if affinity else os.cpu_count() or 1
    with contextlib.suppress(OSError, ValueError):  # no cgroup v2, or no quota: "max"
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        cpus = min(cpus, max(1, int(quota) // int(period)))
    return max(1, cpus)


def version(package: str) -> str:
    """Installed version of a package from its metadata, or "not installed". Imports nothing."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def requirement_problems() -> Iterator[str]:
    """Yield a sentence for each package that is missing or does not suit."""
    from packaging.requirements import Requirement

    lists = [(ROOT / name).read_text(encoding="utf-8") for name in REQUIREMENTS]
    for line in "\n".join(lists).splitlines():
        if wanted := re.split(r"\s*(?:#|\\|--hash)", line)[0]:  # without comment, without hashes
            requirement = Requirement(wanted)
            found = version(requirement.name)
            if found == "not installed":
                yield f"{requirement.name} is missing"
            elif not requirement.specifier.contains(found, prereleases=True):
                yield f"{requirement.name} is {found}, and {requirement.specifier} is needed"


def install_packages() -> None:
    """Install what the labs need and print what has changed; pip leaves alone what fits."""
    # Reversed: of two with one name, the first on the path is the one that is imported.
    before = dict(reversed([(each.name, each.version) for each in metadata.distributions()]))
    pip_install(REQUIREMENTS[0])
    pip_install(REQUIREMENTS[1], "--no-deps", "--require-hashes")
    new = [] if (TFOD2_FOLDER / "object_detection").is_dir() else ["TFOD2"]
    if new:
        install_tfod2()
    invalidate_caches()
    after = dict(reversed([(each.name, each.version) for each in metadata.distributions()]))
    new += [f"{name} {after[name]}" for name in sorted(after.keys() - before.keys())]
    moved = sorted(name for name in before if after.get(name) != before[name])
    new += [f"{name} {after.get(name, 'none')} instead of {before[name]}" for name in moved]
    print(f"Installed: {', '.join(new) or 'nothing new'}.")
    if any(name.replace("-", "_").lower() in sys.modules for name in moved):
        print("Restart the session and run this cell again: a package that changed was in use.")


def install_tfod2() -> None:
    """Install TFOD2 into its folder, without its dependencies, which are too old."""
    pip_install(TFOD2, "--no-deps", "--require-hashes", "--upgrade", "--target", str(TFOD2_FOLDER))


def pip_install(requirements: str, *options: str) -> None:
    """Install a list of packages with this Python's pip, or with uv where there is none."""
    pip = [sys.executable, "-m", "pip", "install"]
    if version("pip") == "not installed":  # as in environments that uv makes
        uv = shutil.which("uv") or str(ROOT / "build" / "uv" / "bin" / "uv")
        pip = [uv, "pip", "install", "--python", sys.executable]
    _run([*pip, "--quiet", *options, "-r", str(ROOT / requirements)])


def fetch(path: Path, pattern: str = "") -> Path:
    """The path itself; what the set-up cell has left out is fetched first.

    The set-up cell fetches the course's code alone; data come when a lab opens them. In any other
    copy of the course nothing is left out. In a folder, `pattern` (`"*-test.*"`) chooses files.

    >>> fetch(DATA / "tfod2").name
    'tfod2'
    """
    git = ["git", "-C", str(ROOT)]
    if (ROOT / ".git/info/sparse-checkout").is_file() and path.is_relative_to(ROOT):
        name = path.relative_to(ROOT).as_posix() + (f"/{pattern}" if pattern else "")
        if re.search("^S ", _run([*git, "ls-files", "-t", "--", name]), re.MULTILINE):  # skipped
            print(f"Fetching {name}.", flush=True)
            packs = ROOT / ".git/objects/pack"
            before = set(packs.iterdir())
            _run([*git, "sparse-checkout", "add", f"/{name}"])
            # The files lie there now. Git's own copies would take as much room again, and a
            # partial clone may forget them: it fetches anew what it ever misses.
            for file in set(packs.iterdir()) - before:
                file.unlink(missing_ok=True)
    return path


def _run(command: list[str], patience: int = 60) -> str:
    """Output of a command; a `SetupError` with its last lines if it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if not done.returncode:
            return done.stdout
        if ".lock'" in done.stderr and patience:  # another lab's git, or a restarted kernel's
            time.sleep(1)
            return _run(command, patience - 1)
        last = (done.stderr or done.stdout).splitlines()[-8:] or [f"status {done.returncode}"]
    except OSError as error:
        last = [str(error)]
    do = "If the network is off, turn it on and try again."
    raise SetupError(" ".join(command), expected="success", found=" ".join(last), do=do)


def dask_client(scheduler: str | None = None, *, workers: int = 2) -> Client:
    """A client of the Dask cluster at an address, or of new processes here, or a `SetupError`."""
    try:
        from dask.distributed import Client

        here = {"n_workers": workers, "threads_per_worker": 1, "dashboard_address": None}
        return Client(scheduler) if scheduler else Client(**here)
    except (ImportError, OSError, ValueError, RuntimeError) as error:
        found, expected = f"{type(error).__name__}: {error}", "a Dask scheduler"
        raise SetupError(scheduler or "distributed", expected=expected, found=found) from error


def setup(*, install: bool = False, quiet: bool = False) -> None:
    """Set up the process for a lab; call it before TensorFlow is imported.

    Print one line with the versions that matter to a result and the folder of the course's data,
    unless `quiet`, and a line for each package that is missing or does not suit; with `install` it
    installs these first. Calling it again does no harm.
    """
    if "tensorflow" in sys.modules and any(name not in os.environ for name in SETTINGS):
        late = "Note: TensorFlow was imported before helpers.setup(), so its settings for threads "
        print(f"{late}and log messages stay as they were. Restart the kernel to apply them.")
    count = available_cpus()
    for name, value in {**SETTINGS, **dict.fromkeys(THREAD_SETTINGS, str(count))}.items():
        os.environ.setdefault(name, value)
    problems = list(requirement_problems())
    if install and (problems or not (TFOD2_FOLDER / "object_detection").is_dir()):
        print("Installing what the labs need: less than a minute.", flush=True)
        install_packages()
        problems = list(requirement_problems())
    if problems:
        print(*(f"Note: {problem}." for problem in problems), sep="\n")
        labs, garden = (_relative(ROOT / name) for name in REQUIREMENTS)
        way = f"in a cell, `%pip install -r {labs}` and `%pip install --no-deps -r {garden}`"
        if (ROOT / "Makefile").is_file():  # the students' edition has none
            way = f"`make setup` in the course's folder, or {way}"
        print(f"Note: what installs all of it: {way}. Then restart the kernel.")
    if not quiet:
        versions = [f"{name} {version(name)}" for name in ("TensorFlow", "Keras", "NumPy")]
        parts = [f"Python {platform.python_version()}", *versions, f"{count} CPU threads"]
        print(" · ".join([*parts, f"data in {_relative(DATA)}"]))


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep off the page what TensorFlow's C++ code and its warnings write to standard error.

    >>> with quiet():
    ...     print("This is standard output.")
    This is standard output.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with Path(os.devnull).open("w") as nowhere, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            os.dup2(nowhere.fileno(), 2)
            yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)


def _relative(path: Path) -> str:
    """`path` as seen from the current folder: a saved output must not name a home directory."""
    try:
        return Path(os.path.relpath(path)).as_posix()
    except ValueError:  # on Windows: another drive
        return path.name
