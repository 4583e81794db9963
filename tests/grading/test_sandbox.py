"""The sandbox: what cannot be called, what memory counts, and that nothing is left behind."""

from __future__ import annotations

import os
import platform
import signal
import struct
from pathlib import Path

import pytest

from tests.grading import hostile
from tools.grading import engine, sandbox, seccomp
from tools.grading.sandbox import ControlGroup, Limits
from tools.grading.session import Session, SessionError

LIMITS = Limits(memory_mb=500, disk_mb=200)


def groups() -> set[Path]:
    base = Path("/sys/fs/cgroup")
    own = f"grading-{os.getpid()}-"
    return {p for p in [*base.glob("*"), *base.glob("*/*")] if p.name.startswith(own)}


def test_the_filter_is_a_program_that_ends_in_a_decision(monkeypatch):
    for machine in seccomp.MACHINES:
        monkeypatch.setattr(platform, "machine", lambda machine=machine: machine)
        steps = list(struct.iter_unpack("<HBBI", seccomp.program()))
        assert steps[-1] == (seccomp.RETURN, 0, 0, seccomp.ALLOW)
        for at, (code, yes, no, _) in enumerate(steps):
            if code != seccomp.RETURN:
                assert at + 1 + max(yes, no) < len(steps)
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    assert seccomp.program() == b"" and seccomp.opened() is None


def test_what_lies_in_files_counts_as_memory_without_a_control_group(sandboxed, monkeypatch):
    def nothing(self: ControlGroup, limits: Limits) -> None:
        self.folders, self.prefix = [], []

    monkeypatch.setattr(ControlGroup, "__init__", nothing)
    fill = (
        "import time\nfor folder in ('/dev/shm', '/course/build', '/course/notebooks'):\n"
        "    with open(folder + '/x', 'wb') as stream:\n"
        "        for _ in range(190): stream.write(bytes(1_000_000))\ntime.sleep(90)"
    )
    with Session("answers", LIMITS) as session:
        session.request(
            {"op": "run", "source": "open('/tmp/y', 'wb').write(bytes(50_000_000))"}, 30
        )
        assert sandbox.in_files(session.worker.pid) > 45_000_000
        with pytest.raises(SessionError, match="used more than 500 MB of memory"):
            session.request({"op": "run", "source": fill}, 100)


def test_no_control_group_is_left_behind(sandboxed):
    with Session("answers", LIMITS) as session:
        reply = session.request({"op": "run", "source": "print(6 * 7)"}, 30)
        assert reply["outputs"][0]["text"] == "42\n"
    sandbox._sweep()
    assert groups() == set()


def test_a_message_without_end_is_not_kept(sandboxed):
    flood = hostile.OF_WORKER + (
        "import os\ndef send(self, message):\n    while True:\n"
        "        os.write(self.writer.fileno(), b'\\x01' * 1_000_000)\n"
        "of_worker('Channel').send = send"
    )
    with Session("answers", LIMITS) as session:
        with pytest.raises(SessionError, match=r"not a message|more than it was asked|more parts"):
            session.request({"op": "run", "source": flood}, 10)
        assert len(session.buffer) < 40_000_000


def test_workers_are_as_many_as_memory_allows(monkeypatch):
    class Memory:
        available = 13_000_000_000

    monkeypatch.setattr(engine.psutil, "virtual_memory", lambda: Memory)
    monkeypatch.setattr(engine, "available_cpus", lambda: 16)
    assert (engine.default_workers(quick=False), engine.default_workers(quick=True)) == (2, 4)
    Memory.available = 1
    assert engine.default_workers(quick=True) == 1


def test_an_interrupt_that_comes_too_late_reaches_no_later_request(sandboxed):
    """It was meant for a cell that ended meanwhile; on a busy machine that is ordinary."""
    with Session("answers", LIMITS) as session:
        for number in range(200):
            session.worker.send_signal(signal.SIGINT)
            reply = session.request({"op": "run", "source": f"print({number})"}, 30, wall=10)
            assert reply["outputs"][0]["text"] == f"{number}\n"
