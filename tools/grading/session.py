"""One process in a sandbox: start it, exchange messages, and end it at its limits.

The process may be hostile: its messages are limited in length, number of parts and time, and are
parsed as JSON only, since they are read by a process outside every sandbox. The total memory of the
sandbox is checked four times a second. Rests on psutil; `worker.py` is the other side.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from helpers import BUILD, ROOT
from tools.grading import sandbox
from tools.grading.sandbox import MB, ControlGroup, Limits
from tools.untrusted import loads

MAX_MESSAGE = 34 * MB
START_SECONDS = 60
GRACE_SECONDS = 10
"""Time for an interrupted cell to end, before the process is killed."""
TICK_SECONDS = 0.25
WALL = 4
"""A limit in seconds means processor time, so that a neighbour who takes all of it costs nobody
points. By the clock it may take so many times as long: for sleeping there is no other measure."""


class SessionError(Exception):
    """The process has ended or must be ended; the message gives the reason."""


class TimeLimitError(SessionError):
    """A request exceeded its time limit."""


class Session:
    """A process that runs `worker.py`.

    Args:
        role: "answers" or "checks".
        limits: Resource limits.
        fonts: Folder of `sandbox.font_cache`.
        user: User id of the process, if root grades.
        sandboxed: False runs it as an ordinary process, with limits but without isolation.
    """

    def __init__(
        self,
        role: str,
        limits: Limits,
        *,
        fonts: Path | None = None,
        user: int = sandbox.FIRST_USER,
        sandboxed: bool = True,
    ):
        self.limits, self.why = limits, ""
        self.group = ControlGroup(limits)
        self.folder: tempfile.TemporaryDirectory | None = None
        self.sandboxed = sandboxed
        worker = [sys.executable, "-P", "-m", "tools.grading.worker", role]
        with sandbox.filtered() as filter_:
            self._start(worker, fonts, user, filter_)
        self.errors = b""
        self.buffer = bytearray()
        self.worker: psutil.Process | None = None
        self.peak_mb = 0.0
        self.processor_end: float | None = None
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            os.set_blocking(stream.fileno(), False)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.process.stdout, selectors.EVENT_READ)
        self.selector.register(self.process.stderr, selectors.EVENT_READ)
        try:
            self._receive(time.monotonic() + START_SECONDS)
            # Nothing of a submission has run yet, so the youngest process is the worker.
            self.worker = max(self._tree(), key=lambda process: process.pid)
        except SessionError as error:
            self.close()
            lines = self.errors.decode(errors="replace").strip().splitlines()
            raise SessionError(f"could not start: {lines[-1] if lines else error}") from error
        except BaseException:
            self.close()
            raise

    def _start(self, worker: list[str], fonts: Path | None, user: int, filter_: int | None) -> None:
        limits = self.limits
        if self.sandboxed:
            walls = sandbox.bwrap_command(limits, fonts, filter_)
            command = [*walls, *sandbox.inner_command(limits, user), *worker]
            variables = {"PATH": os.environ.get("PATH", "/usr/bin:/bin")}
            if bus := os.environ.get("DBUS_SESSION_BUS_ADDRESS"):  # for systemd-run --user
                variables |= {"DBUS_SESSION_BUS_ADDRESS": bus}
                variables |= {"XDG_RUNTIME_DIR": os.environ.get("XDG_RUNTIME_DIR", "")}
        else:
            BUILD.mkdir(exist_ok=True)
            self.folder = tempfile.TemporaryDirectory(dir=BUILD, prefix="grading-")
            command = [*sandbox.prlimit_command(limits), *worker]
            variables = sandbox.environment(limits, str(ROOT), self.folder.name, str(fonts or ""))
            variables["GRADING_FOLDER"] = self.folder.name
        self.process = subprocess.Popen(
            [*self.group.prefix, *command], env=variables, cwd="/" if self.sandboxed else ROOT,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            pass_fds=() if filter_ is None else (filter_,),
            start_new_session=True, bufsize=0,
        )  # fmt: skip

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def _tree(self) -> list[psutil.Process]:
        try:
            process = psutil.Process(self.process.pid)
            return [process, *process.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def request(
        self,
        message: dict,
        seconds: float,
        answer: Callable[[dict], dict] | None = None,
        *,
        wall: float | None = None,
    ) -> dict:
        """Send a message and wait for the reply.

        Args:
            message: Message for `worker.main`.
            seconds: Limit on processor time, in seconds.
            wall: Limit on wall-clock time in seconds; by default WALL times `seconds`.
            answer: Function that replies to requests of the process in the meantime.

        Raises:
            TimeLimitError: The limit was exceeded and the process killed, unless it stopped when
                interrupted: then the reply is an error of the cell.
            SessionError: The process ended, was ended for its memory, or sent an invalid message.
        """
        deadline = time.monotonic() + (seconds * WALL if wall is None else wall)
        self.processor_end = self._processor_seconds() + seconds * self.limits.threads
        interrupted = False
        self._send(message, deadline)
        while True:
            try:
                reply = self._receive(deadline)
            except TimeLimitError:
                if interrupted:
                    self.close(f"did not stop after {seconds:.0f} s")
                    raise TimeLimitError(self.why) from None
                interrupted = True
                deadline, self.processor_end = time.monotonic() + GRACE_SECONDS, None
                with contextlib.suppress(psutil.Error, ProcessLookupError):
                    self.worker.send_signal(signal.SIGINT)
                continue
            if answer is not None and "ask" in reply:
                self._send(answer(reply["ask"]), deadline)
                continue
            if interrupted and "back" in reply:  # it waits for a function of the check
                self._send({"raised": {"type": "TimeoutError", "message": "too long"}}, deadline)
                continue
            if interrupted:
                reply["interrupted"] = f"took longer than {seconds:.0f} s"
            return reply

    def _send(self, message: dict, deadline: float) -> None:
        data = json.dumps(message).encode()
        view = memoryview(struct.pack(">I", len(data)) + data)
        while view:
            try:
                view = view[os.write(self.process.stdin.fileno(), view) :]
            except BlockingIOError:
                if time.monotonic() > deadline:
                    self.close("does not read what it is sent")
                    raise TimeLimitError(self.why) from None
                self._pump(0.01)
            except (OSError, ValueError):
                self._gone()

    def _receive(self, deadline: float) -> dict:
        while True:
            if len(self.buffer) >= 4:
                size = struct.unpack(">I", self.buffer[:4])[0]
                if size > MAX_MESSAGE:
                    self.close("sent a value that is too large")
                    raise SessionError(self.why)
                if len(self.buffer) >= size + 4:
                    data = bytes(self.buffer[4 : size + 4])
                    del self.buffer[: size + 4]
                    return self._parsed(data)
            if time.monotonic() > deadline:
                raise TimeLimitError("took too long")
            self._pump(min(TICK_SECONDS, max(0.001, deadline - time.monotonic())))

    def _parsed(self, data: bytes) -> dict:
        try:
            message = loads(data)
        except ValueError:
            message = None
        if not isinstance(message, dict):
            self.close("sent something that is not a message, or one of too many parts")
            raise SessionError(self.why)
        return message

    def _pump(self, seconds: float) -> None:
        """Read available data for a limited time, and check the memory."""
        for key, _ in self.selector.select(seconds):
            try:
                data = os.read(key.fileobj.fileno(), 1 << 20)
            except BlockingIOError:
                continue
            if not data:
                self.selector.unregister(key.fileobj)
                if key.fileobj is self.process.stdout:
                    self._gone()
            elif key.fileobj is self.process.stdout:
                self.buffer += data
                if len(self.buffer) > MAX_MESSAGE + (2 << 20):
                    self.close("sent more than it was asked for")
                    raise SessionError(self.why)
            else:
                self.errors = (self.errors + data)[-20_000:]
        now = time.monotonic()
        if now - getattr(self, "_looked", 0) >= TICK_SECONDS:
            self._looked = now
            self._look_at_memory()
            if self.processor_end is not None and self._processor_seconds() > self.processor_end:
                raise TimeLimitError("used too much processor time")

    def _processor_seconds(self) -> float:
        """Processor time of the sandbox so far, without unreaped child processes."""
        total = 0.0
        for process in self._tree():
            with contextlib.suppress(psutil.Error):
                times = process.cpu_times()
                total += times.user + times.system + times.children_user + times.children_system
        return total

    def _look_at_memory(self) -> None:
        """End the sandbox if it exceeds its memory; in a control group the kernel does so."""
        tree, limit = self._tree(), self.limits.memory_mb * MB
        held = sandbox.in_files(self.worker.pid) if self.sandboxed and self.worker else 0
        total = held + sum(_memory(process, "rss") for process in tree)
        if total > limit:  # pages that processes share were counted for each of them
            total = held + sum(_memory(process, "pss") for process in tree)
        self.peak_mb = max(self.peak_mb, total / MB)
        if total > 1.1 * limit:
            self.close(f"used more than {self.limits.memory_mb} MB of memory")
            raise SessionError(self.why)

    def _gone(self) -> None:
        """Handle a closed connection: raise an error with the reason, as far as it is known."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(GRACE_SECONDS)
        why = "ended itself or was killed"
        if self.group.out_of_memory():
            why = f"used more than {self.limits.memory_mb} MB of memory"
        self.close(why)
        raise SessionError(self.why)

    def close(self, why: str = "") -> None:
        """End the process and all its children. Repeated calls are harmless."""
        self.why = self.why or why
        for process in reversed(self._tree()):
            with contextlib.suppress(psutil.Error):
                process.kill()
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(30)
        self.selector.close()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            with contextlib.suppress(OSError):
                stream.close()
        self.group.remove()
        if self.folder is not None:
            with contextlib.suppress(OSError):
                self.folder.cleanup()


def _memory(process: psutil.Process, kind: str) -> int:
    """Memory of one process in bytes; 0 if it has just ended."""
    try:
        info = process.memory_full_info() if kind == "pss" else process.memory_info()
    except psutil.Error:
        return 0
    return getattr(info, kind)
