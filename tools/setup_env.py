"""Brings a virtual environment in line with a requirement file; does nothing if it is already.

`make setup` runs it with a Python 3.11 or 3.12 and nothing installed, so only the standard library
is used. The stamp `complete.json` is written last: an environment whose installation was
interrupted has none and is made anew, as is one of another Python version or of an older lock.

    python tools/setup_env.py                                  # .venv from requirements.lock
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
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STAMP = "complete.json"

# Settings of the caller's shell that would send packages elsewhere or mix other ones in. The
# configuration that says where the package registry is stays in force.
FOREIGN_SETTINGS = ("PYTHONHOME", "PYTHONPATH", "PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT")


def wanted_state(requirements: Path) -> dict[str, str]:
    """The stamp of a finished environment: which Python, and which requirements.

    Args:
        requirements: the file that the environment is installed from.

    Returns:
        `{"python": "3.12", "requirements": "<SHA-256 of the file>"}`.
    """
    return {
        "python": "{}.{}".format(*sys.version_info[:2]),
        "requirements": hashlib.sha256(requirements.read_bytes()).hexdigest(),
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
        if "Installing collected packages" in text:
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


def install(venv: Path, requirements: Path) -> None:
    """Makes `venv` anew and installs `requirements` into it.

    Args:
        venv: folder of the environment; removed first.
        requirements: a lock file (`*.lock`: complete and with hashes, which pip then requires) or
            an ordinary requirement file.

    Raises:
        SystemExit: pip failed; the message ends with the last lines of its log.
    """
    total = pinned_count(requirements)
    print(
        f"Making {venv.name} with Python {sys.version.split()[0]}: {total} packages from "
        f"{requirements.name}. This takes a minute or two and is done once.",
        file=sys.stderr,
        flush=True,
    )
    environment = {k: v for k, v in os.environ.items() if k not in FOREIGN_SETTINGS}
    base_python = getattr(sys, "_base_executable", sys.executable)
    if venv.exists():
        (venv / STAMP).unlink(missing_ok=True)  # first: half removed is not complete either
        shutil.rmtree(venv)
    subprocess.run([base_python, "-m", "venv", str(venv)], env=environment, check=True)

    command = [
        str(venv_python(venv)),
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--no-input",
        "--progress-bar",
        "off",
        "-r",
        str(requirements),
    ]
    if requirements.suffix == ".lock":
        command += ["--require-hashes", "--no-deps"]
    log = venv / "install.log"
    progress = Progress(log, venv, total)
    with log.open("wb") as stream:
        progress.start()
        try:
            status = subprocess.run(
                command, env=environment, stdout=stream, stderr=subprocess.STDOUT, check=False
            ).returncode
        finally:
            progress.stop()
    if status:
        tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:]
        sys.exit(
            f"Installing {requirements.name} failed; pip said (all of it is in "
            f"{venv.name}/install.log):\n  " + "\n  ".join(tail) + "\n"
            "Is the package registry reachable? Once it is, run the same command again."
        )
    print(
        f"{venv.name} is ready after {time.monotonic() - progress.start_time:.0f} s.",
        file=sys.stderr,
        flush=True,
    )


def ensure(venv: Path, requirements: Path) -> bool:
    """Installs the environment unless it is complete.

    Returns:
        Whether anything had to be installed.
    """
    state = wanted_state(requirements)
    if is_complete(venv, state):
        return False
    install(venv, requirements)
    # Last, and in one step: without the stamp the next run starts over.
    temporary = venv / (STAMP + ".tmp")
    temporary.write_text(json.dumps(state, indent=2) + "\n", encoding="utf-8")
    os.replace(temporary, venv / STAMP)
    return True


def main(arguments: list[str] | None = None) -> None:
    """Command line; see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv")
    parser.add_argument("--requirements", type=Path, default=ROOT / "requirements.lock")
    options = parser.parse_args(arguments)
    if not options.requirements.is_file():
        sys.exit(f"{options.requirements.name} is missing: expected beside the Makefile.")
    try:
        ensure(options.venv.absolute(), options.requirements)
    except KeyboardInterrupt:
        sys.exit(f"\nInterrupted: {options.venv.name} is not finished; run the command again.")


if __name__ == "__main__":
    main()
