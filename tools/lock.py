"""Writes requirements.lock: every package that the course or its tools need, with hashes.

`make lock` runs it over requirements.txt and the groups `dev` and `teach` of pyproject.toml. uv
resolves for all platforms at once and for Python 3.11 and 3.12 with the same versions; it is
installed into a throw-away environment, since nothing else needs it. The file names packages and
hashes only, so it installs from whichever registry pip is configured for.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"


def compile_command(uv: str, output: str) -> list[str]:
    """The command line that resolves the three lists into one file.

    Args:
        uv: path of the uv program.
        output: file to write; versions already in it are kept where they still fit.

    Returns:
        The arguments for `subprocess.run`, to be run in the repository's root.
    """
    return [
        uv, "pip", "compile", "--quiet", "requirements.txt", "--group", "pyproject.toml:dev",
        "--group", "pyproject.toml:teach",
        "--universal", "--python-version", "3.11", "--fork-strategy", "fewest",
        "--generate-hashes", "--no-emit-index-url", "--no-emit-find-links",
        "--custom-compile-command", "make lock", "--output-file", output,
    ]  # fmt: skip


def main() -> None:
    """Resolves into a temporary file and puts it in place when that has worked."""
    upgrade = "--upgrade" in sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        tools = Path(folder) / "venv"
        venv.create(tools, with_pip=True)
        python = tools / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "uv"], check=True)
        draft = ROOT / "requirements.lock.tmp"
        try:
            if LOCK.exists() and not upgrade:
                draft.write_bytes(LOCK.read_bytes())
            uv = str(python.with_name("uv.exe" if os.name == "nt" else "uv"))
            subprocess.run(compile_command(uv, draft.name), cwd=ROOT, check=True)
            os.replace(draft, LOCK)
        finally:
            draft.unlink(missing_ok=True)
    print(f"Wrote {LOCK.name}. Now: make setup && make test")


if __name__ == "__main__":
    main()
