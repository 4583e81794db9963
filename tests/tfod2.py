"""A process in which TFOD2 is active: it needs Keras 2 in the place of the tests' Keras 3."""

from __future__ import annotations

import json
import subprocess
import sys

import helpers

PROGRAM = """
import contextlib, io, json, os, sys, traceback
import helpers
helpers.setup(quiet=True)
from helpers import tfod
tfod.activate()
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # libraries that print from C do not disturb the answers
for line in sys.stdin:
    error, printed = "", io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            exec(json.loads(line), {"__name__": "snippet"})
    except BaseException:
        error = traceback.format_exc()
    print(json.dumps([printed.getvalue(), error]), file=answers, flush=True)
"""


class Tfod2:
    """Runs snippets one after the other; starting takes seconds, so that tests share a process."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            cwd=helpers.ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, code: str) -> str:
        """What `code` prints; fails if it raises an exception."""
        self.process.stdin.write(json.dumps(code) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, f"the process of TFOD2 ended, status {self.process.wait()}"
        printed, error = json.loads(answer)
        assert not error, error
        return printed.strip()

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(30)
