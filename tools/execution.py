"""Execution of one notebook in a fresh kernel, with measurements; used by `tools/run_labs.py`.

The kernel runs in a separate process. nbclient drives it from a second thread, while the first one
updates the progress bar, samples memory, and ends the kernel at the time limit or on Ctrl-C, even
if the kernel no longer responds. Rests on nbclient and psutil.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import re
import tempfile
import threading
import time
import traceback
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from typing import Any

import nbformat
import psutil
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbclient.util import run_sync
from nbformat import NotebookNode
from tqdm import tqdm

from helpers.environment import SETTINGS, THREAD_SETTINGS, available_cpus
from tools import notebooks

SAMPLE_SECONDS = 0.25

# nbclient leaves tasks behind when a kernel dies; the death itself is reported.
logging.getLogger("asyncio").setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class Failure:
    """Where and why a lab stopped."""

    cell: int
    """Number of the cell in the notebook, from 1; 0 if it failed before the first."""
    code_cell: int
    """Number among the code cells, from 1."""
    reason: str
    """One line: the exception, the time limit, or the death of the kernel."""
    traceback: str
    """The kernel's traceback, or the reason again where there is none."""


@dataclass
class LabRun:
    """One execution of one lab."""

    lab: str
    notebook: NotebookNode
    cells: int = 0
    """Code cells that ran to their end."""
    seconds: float = 0.0
    peak_mb: float = 0.0
    """Largest resident memory of the kernel and its children together, in MB of 10^6 bytes."""
    failure: Failure | None = None
    metrics: dict[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether every cell ran."""
        return self.failure is None

    def summary(self) -> dict[str, Any]:
        """Entry for summary.json; for a failed lab with the position of the error."""
        entry: dict[str, Any] = {
            "lab": self.lab,
            "ok": self.ok,
            "cells": self.cells,
            "seconds": round(self.seconds, 1),
            "peak_mb": round(self.peak_mb),
            "metrics": self.metrics,
        }
        if self.failure:
            entry["failed_cell"] = self.failure.cell
            entry["reason"] = self.failure.reason
        return entry


@contextlib.contextmanager
def isolated_kernel_environment(threads: int | None = None) -> Iterator[dict[str, str]]:
    """Environment variables that make a kernel behave the same on every machine.

    The user's IPython profile, Jupyter configuration and kernels are ignored, hash seed and threads
    are fixed, and figures are inline.

    Args:
        threads: Maximum number of TensorFlow and NumPy threads; by default the CPUs of this
            process.

    Yields:
        The complete environment for the kernel (and for Jupyter in this process).
    """
    environment = dict(os.environ)
    for name in ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "MPLBACKEND", "JUPYTER_PATH"):
        environment.pop(name, None)
    for name in THREAD_SETTINGS:
        environment[name] = str(threads or available_cpus())
    environment.update(SETTINGS)
    # Running all labs never downloads: photos where they are prepared, the bundled data elsewhere.
    environment.setdefault("PETS_SOURCE", "local")
    environment.update(
        PYTHONHASHSEED="0",
        PYTHONUTF8="1",
        JUPYTER_PREFER_ENV_PATH="1",
        JUPYTER_PLATFORM_DIRS="1",
    )
    with tempfile.TemporaryDirectory(prefix="labs-", ignore_cleanup_errors=True) as folder:
        for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
            environment[name] = str(Path(folder, name.lower()))
        yield environment


class Client(NotebookClient):
    """An nbclient that cannot miss a reply.

    A cell with `ipywidgets.interact` makes nbclient send while it waits for the kernel's reply.
    jupyter_client bypasses asyncio and sends on the plain ZeroMQ socket; if the reply arrives at
    that moment, sending consumes its only signal, and the wait continues until the timeout (a lab
    hangs with an idle kernel; see tests/tools/test_execution.py). A new wait sees the reply, so
    each lasts at most a second.
    """

    async def async_start_new_kernel_client(self) -> Any:
        """Start the client as nbclient does, with short waits."""
        client = await super().async_start_new_kernel_client()
        client.shell_channel.get_msg = in_short_waits(client.shell_channel.get_msg)
        return client

    start_new_kernel_client = run_sync(async_start_new_kernel_client)


def in_short_waits(
    get_msg: Callable[..., Awaitable[Any]], seconds: float = 1.0
) -> Callable[..., Awaitable[Any]]:
    """`get_msg` of a channel in many short waits; raises `Empty` after the timeout."""

    async def get(timeout: float | None = None) -> Any:
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            left = seconds if end is None else max(0.0, min(seconds, end - time.monotonic()))
            try:
                return await get_msg(timeout=left)
            except Empty:
                if end is not None and time.monotonic() >= end:
                    raise

    return get


def process_tree(pid: int) -> list[psutil.Process]:
    """A process and all its descendants; empty if it has ended."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def resident_mb(pid: int) -> float:
    """Resident memory of a process tree in MB. Shared pages count for each process."""
    total = 0
    for process in process_tree(pid):
        with contextlib.suppress(psutil.Error):
            total += process.memory_info().rss
    return total / 1e6


def kill_tree(pid: int | None) -> None:
    """Kill a process and all its children."""
    tree = process_tree(pid) if pid else []
    for process in tree:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(tree, timeout=5)


class LabExecution:
    """Runs one notebook; call `run()` once."""

    def __init__(
        self,
        path: Path,
        *,
        environment: dict[str, str],
        cell_timeout: float,
        lab_timeout: float,
        bar: tqdm | None = None,
        kernel: str = "python3",
    ):
        self.path = path
        self.environment = environment
        self.cell_timeout, self.lab_timeout = cell_timeout, lab_timeout
        self.bar = bar
        self.result = LabRun(path.stem, nbformat.read(path, as_version=4))
        self.current = 0  # cell that runs, from 1
        self.current_code = 0
        self.first_cell_at: float | None = None
        self.error: BaseException | None = None
        self.stopped = threading.Event()
        for cell in self.result.notebook.cells:  # results of an earlier run are not this run's
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        self.client = Client(
            self.result.notebook,
            kernel_name=kernel,
            timeout=int(cell_timeout),
            startup_timeout=120,
            record_timing=False,
            shutdown_kernel="immediate",
            resources={"metadata": {"path": str(path.parent)}},
            on_cell_start=self._cell_start,
            on_cell_executed=self._cell_executed,
        )

    def run(self) -> LabRun:
        """Execute all cells, or up to the first that fails.

        Raises:
            KeyboardInterrupt: The user pressed Ctrl-C, or `stop` was called; the kernel has been
                ended.
        """
        with tempfile.TemporaryFile() as self.log:
            return self._run()

    def stop(self) -> None:
        """Stop a run in another thread, as Ctrl-C would in this one."""
        self.stopped.set()

    def _run(self) -> LabRun:
        start = time.monotonic()
        thread = threading.Thread(target=self._drive, daemon=True)
        thread.start()
        timed_out = False
        pid: int | None = None
        next_refresh = self.bar.mininterval if self.bar is not None else 0.0
        now = 0.0  # MB
        try:
            while thread.is_alive():
                thread.join(SAMPLE_SECONDS)
                if self.stopped.is_set():
                    raise KeyboardInterrupt
                pid = self._kernel_pid() or pid
                if pid:
                    # What one sample alone shows does not count: until a child becomes another
                    # program, all of its parent's memory seems to be its own as well.
                    before, now = now, resident_mb(pid)
                    self.result.peak_mb = max(self.result.peak_mb, min(before, now))
                elapsed = time.monotonic() - start
                if self.bar is not None and elapsed >= next_refresh:
                    self.bar.refresh()
                    next_refresh = elapsed + max(0.5, self.bar.mininterval)
                began = self.first_cell_at  # starting the kernel has a separate limit
                if not timed_out and began and time.monotonic() - began > self.lab_timeout:
                    timed_out = True
                    kill_tree(pid)
        finally:
            if thread.is_alive():  # Ctrl-C
                kill_tree(self._kernel_pid() or pid)
                thread.join(10)
        self.result.seconds = time.monotonic() - start
        if self.error is not None:
            self.result.failure = self._failure(self.error, timed_out)
        self.result.metrics = notebooks.headline_metrics(self.result.notebook)
        return self.result

    def _drive(self) -> None:
        """Code of the second thread: nbclient from start to end."""
        try:
            # Output of the kernel process goes to a file, not between the progress bars.
            self.client.execute(env=self.environment, stdout=self.log, stderr=self.log)
        except BaseException as error:  # reported by the first thread
            self.error = error
        finally:
            # Left behind where the kernel died early; it would complain when Python ends.
            atexit.unregister(self.client._cleanup_kernel)

    def _kernel_pid(self) -> int | None:
        provisioner = getattr(self.client.km, "provisioner", None)
        return getattr(provisioner, "pid", None)

    def _cell_start(self, cell: NotebookNode, cell_index: int) -> None:
        self.first_cell_at = self.first_cell_at or time.monotonic()
        self.current = cell_index + 1
        self.current_code += cell.cell_type == "code"

    def _cell_executed(
        self, cell: NotebookNode, cell_index: int, execute_reply: dict[str, Any]
    ) -> None:
        if execute_reply["content"]["status"] == "ok" or "raises-exception" in cell.metadata.get(
            "tags", []
        ):
            self.result.cells += 1
            if self.bar is not None:
                self.bar.update()

    def _failure(self, error: BaseException, timed_out: bool) -> Failure:
        text = str(error)
        if timed_out:
            reason = f"the lab took longer than {self.lab_timeout:.0f} s"
        elif isinstance(error, CellExecutionError):
            reason = f"{error.ename}: {error.evalue}".splitlines()[0]
        elif isinstance(error, CellTimeoutError):
            reason = f"the cell took longer than {self.cell_timeout:.0f} s"
        elif isinstance(error, DeadKernelError):
            reason = "the kernel died (killed, out of memory, or crashed)"
            self.log.seek(0)
            text = "\n".join(self.log.read().decode(errors="replace").splitlines()[-20:])
        else:  # not the lab's fault, but its run is lost all the same
            reason = f"{type(error).__name__}: {error}".splitlines()[0]
            text = "".join(traceback.format_exception(error))
        reason = re.sub(r"\x1b\[[0-9;]*m", "", reason)
        return Failure(self.current, self.current_code, reason, text.strip() or reason)
