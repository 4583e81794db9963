"""Brings a virtual environment in line with requirement files; does nothing if it is already.

`make setup` runs it with a Python 3.11 or 3.12 and nothing installed, so only the standard library
is used. The stamp `complete.json` is written last: an environment whose installation was
interrupted has none and is made anew, as is one of another Python version or of an older lock.

Every file with hashes is installed without dependencies, since it is complete: requirements.lock
and requirements-garden.txt into the environment, requirements-tfod2.txt, whose packages would
overwrite others, into the folder `tfod2` inside it.

    python tools/setup_env.py                                  # .venv, from these three files
    python tools/setup_env.py --venv .venv-render --requirements requirements-render.txt
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STAMP = "complete.json"
DEFAULT_FILES = ("requirements.lock", "requirements-garden.txt", "requirements-tfod2.txt")
ASIDE = {"requirements-tfod2.txt": "tfod2"}
"""Files that are installed into a folder of their own inside the environment."""

# Settings of the caller's shell that would send packages elsewhere or mix other ones in. The
# configuration that says where the package registry is stays in force.
FOREIGN_SETTINGS = ("PYTHONHOME", "PYTHONPATH", "PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT")


def wanted_state(files: Sequence[Path]) -> dict[str, str]:
    """The stamp of a finished environment: which Python, and which requirements.

    Args:
        files: what the environment is installed from.

    Returns:
        `{"python": "3.12", "requirements": "<SHA-256 of the files>"}`.
    """
    content = b"".join(file.read_bytes() for file in files)
    return {
        "python": "{}.{}".format(*sys.version_info[:2]),
        "requirements": hashlib.sha256(content).hexdigest(),
    }


def venv_python(venv: Path) -> Path:
    """The interpreter inside an environment, on Windows and elsewhere."""
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def is_complete(venv: Path, state: dict[str, str]) -> bool:
    """Whether `venv` was installed to the end, for this Python and these requirements."""
    try:
        stamp = json.loads((venv / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    # A symlink to an interpreter that was uninstalled does not exist.
    return stamp == state and venv_python(venv).exists()


def pinned_count(requirements: Path) -> int:
    """How many packages the file names, for the progress line."""
    lines = requirements.read_text(encoding="utf-8").splitlines()
    return sum(bool(re.match(r"[A-Za-z0-9]", line)) for line in lines)


class Progress(threading.Thread):
    """Shows how far pip is, from its log (collecting) and from site-packages (installing)."""

    def __init__(self, log: Path, venv: Path, total: int):
        super().__init__(daemon=True)
        self.log, self.venv, self.total = log, venv, total
        self.ended = threading.Event()
        self.start_time = time.monotonic()

    def line(self) -> str:
        """One line: phase, packages done of all, seconds."""
        text = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
        phase, done = "collecting", len(re.findall(r"^Collecting ", text, re.MULTILINE))
        # A file's packages are all collected before the first of them is installed.
        if text.rfind("Installing collected packages") > text.rfind("\nCollecting "):
            pattern = "Lib/site-packages" if os.name == "nt" else "lib/python*/site-packages"
            phase = "installing"
            done = sum(1 for _ in self.venv.glob(f"{pattern}/*.dist-info"))
        seconds = time.monotonic() - self.start_time
        return f"{phase} {min(done, self.total):3d}/{self.total} packages, {seconds:3.0f} s"

    def run(self) -> None:
        """Rewrites the line twice a second on a terminal, adds one every 15 s elsewhere."""
        terminal = sys.stderr.isatty()
        while not self.ended.wait(0.5 if terminal else 15):
            print(
                "\r" * terminal + "  " + self.line(),
                end="" if terminal else "\n",
                file=sys.stderr,
                flush=True,
            )

    def stop(self) -> None:
        """Ends the thread and leaves the cursor on a line of its own."""
        self.ended.set()
        self.join()
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def pip_arguments(venv: Path, file: Path) -> list[str]:
    """The command that installs one requirement file into `venv`.

    Args:
        venv: folder of the environment.
        file: a complete file with hashes, which pip then requires of every package, or an ordinary
            requirement file.

    Returns:
        Arguments for `subprocess.run`.
    """
    command = [
        str(venv_python(venv)), "-m", "pip", "install", "--disable-pip-version-check",
        "--no-input", "--progress-bar", "off", "-r", str(file),
    ]  # fmt: skip
    if "--hash=" in file.read_text(encoding="utf-8"):
        command += ["--require-hashes", "--no-deps"]
    if file.name in ASIDE:
        command += ["--target", str(venv / ASIDE[file.name])]
        # Its source archive is built with the locked setuptools, not with what is newest today.
        command += ["--no-build-isolation", "--use-pep517"]
    return command


def install(venv: Path, files: Sequence[Path]) -> None:
    """Makes `venv` anew and installs the requirement files into it, in order.

    Args:
        venv: folder of the environment; removed first.
        files: see `pip_arguments`.

    Raises:
        SystemExit: pip failed; the message ends with the last lines of its log.
    """
    total = sum(map(pinned_count, files))
    print(
        f"Making {venv.name} with Python {sys.version.split()[0]}: {total} packages from "
        f"{files[0].name}{' and others' * (len(files) > 1)}. "
        "This takes a minute or two and is done once.",
        file=sys.stderr,
        flush=True,
    )
    environment = {k: v for k, v in os.environ.items() if k not in FOREIGN_SETTINGS}
    base_python = getattr(sys, "_base_executable", sys.executable)
    if venv.exists():
        (venv / STAMP).unlink(missing_ok=True)  # first: half removed is not complete either
        shutil.rmtree(venv)
    subprocess.run([base_python, "-m", "venv", str(venv)], env=environment, check=True)

    log = venv / "install.log"
    progress = Progress(log, venv, total)
    progress.start()
    try:
        for file in files:
            with log.open("ab") as stream:
                status = subprocess.run(
                    pip_arguments(venv, file),
                    env=environment,
                    stdout=stream,
                    stderr=subprocess.STDOUT,
                    check=False,
                ).returncode
            if status:
                sys.exit(failure(file, log))
    finally:
        progress.stop()
    print(
        f"{venv.name} is ready after {time.monotonic() - progress.start_time:.0f} s.",
        file=sys.stderr,
        flush=True,
    )


def failure(file: Path, log: Path) -> str:
    """What to say when pip failed at `file`: the end of its log, and what to do."""
    tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:]
    return (
        f"Installing {file.name} failed; pip said (all of it is in {log.parent.name}/{log.name}):\n"
        "  " + "\n  ".join(tail) + "\n"
        "Is the package registry reachable? Once it is, run the same command again."
    )


def ensure(venv: Path, files: Sequence[Path]) -> bool:
    """Installs the environment unless it is complete.

    Returns:
        Whether anything had to be installed.
    """
    state = wanted_state(files)
    if is_complete(venv, state):
        return False
    install(venv, files)
    # Last, and in one step: without the stamp the next run starts over.
    temporary = venv / (STAMP + ".tmp")
    temporary.write_text(json.dumps(state, indent=2) + "\n", encoding="utf-8")
    os.replace(temporary, venv / STAMP)
    return True


def main(arguments: list[str] | None = None) -> None:
    """Command line; see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv")
    default = [ROOT / name for name in DEFAULT_FILES]
    parser.add_argument("--requirements", type=Path, nargs="+", default=default)
    options = parser.parse_args(arguments)
    for file in options.requirements:
        if not file.is_file():
            sys.exit(f"{file.name} is missing: expected beside the Makefile.")
    try:
        ensure(options.venv.absolute(), options.requirements)
    except KeyboardInterrupt:
        sys.exit(f"\nInterrupted: {options.venv.name} is not finished; run the command again.")


if __name__ == "__main__":
    main()
