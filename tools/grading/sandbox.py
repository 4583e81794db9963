"""Sandbox for a command, built from existing tools: bubblewrap and resource limits.

Inside, there is no network and no other process; the visible files are Python, the system
libraries, the course's `helpers`, `parking` and `data` (read-only) and memory-backed folders of
limited size. The labs with their solutions, the tests, other submissions and the grade book are
absent. The user is not the one who grades: under root, a separate user id; otherwise `nobody` in a
user namespace. `prlimit` sets limits per process. Total memory and number of processes are limited
by systemd (`systemd-run --scope`) or a control group if one can be created, and always by
`session.py`, which checks several times a second and ends a sandbox that exceeds its limits.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from helpers import ROOT
from tools.grading import seccomp

MB = 1_000_000
FIRST_USER = 60_101
"""Users from this number on run submissions when a root grades; they need not exist."""
PROBE_SECONDS = 20
WRITABLE = ("/tmp", "/dev/shm", "/course/build", "/course/notebooks")
"""Folders inside that are memory of limited size."""
COMMANDS = (
    "__init__.py", "cells.py", "check.py", "handed_in.py", "leaks", "outlines.py",
    "untrusted.py", "records", "recipes", "tfod",
)  # fmt: skip
"""What of `tools` students get, too: what the labs print as commands, without a solution."""


def user_of(slot: int) -> int:
    """User id for the submissions of a grader; the next one is for its checks.

    Graders on one machine do not share users, since process limits count per user.
    """
    return FIRST_USER + 2 * ((os.getpid() * 16 + slot) % 2000)


class SandboxError(RuntimeError):
    """There is no sandbox on this machine, or it does not isolate as required."""


@dataclass(frozen=True)
class Limits:
    """Resource limits of one submission."""

    cell_seconds: float = 120
    """Of processor time; by the clock four times as long."""
    notebook_seconds: float = 1800
    """By the clock."""
    memory_mb: int = 4000
    disk_mb: int = 2000
    """Size of each of the folders that can be written to, which are memory."""
    processes: int = 400
    """Processes and threads together; TensorFlow alone starts about a hundred."""
    threads: int = 1
    """Threads of TensorFlow and NumPy; fixed, so that results do not depend on the machine."""


def environment(limits: Limits, course: str, temporary: str, fonts: str) -> dict[str, str]:
    """Environment variables inside the sandbox; none of the grader's own."""
    from helpers.environment import SETTINGS, THREAD_SETTINGS

    return {
        **SETTINGS,
        **dict.fromkeys(THREAD_SETTINGS, str(limits.threads)),
        "PATH": "/usr/bin:/bin",
        "HOME": temporary,
        "TMPDIR": temporary,
        "USER": "student",
        "LANG": "C.UTF-8",
        "PYTHONPATH": course,
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PETS_SOURCE": "toy",  # the same pictures for everyone
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "MPLCONFIGDIR": f"{temporary}/.matplotlib",
        "IPYTHONDIR": f"{temporary}/.ipython",
        "GRADING_FONTS": fonts,
    }


def _python_folders() -> list[Path]:
    """Folders of this Python and its packages, without nested ones."""
    folders = {Path(p).resolve() for p in (sys.prefix, sys.base_prefix, sys.exec_prefix)}
    folders |= {Path(sys.prefix).absolute()}
    system = Path("/usr")
    return sorted(f for f in folders if f != system and system not in f.parents)


def _course_binds() -> list[str]:
    """Parts of the course that a lab uses, mounted at /course, without any answers."""
    shown = ["helpers", "parking", "data", "requirements", "requirements.txt"]
    shown += ["pyproject.toml", "LICENSE"]
    shown += [f"tools/{name}" for name in COMMANDS]
    shown += [f"tools/grading/{name}" for name in ("__init__.py", "codec.py", "worker.py")]
    binds = []
    for folder in ("/course", "/course/tools", "/course/tools/grading"):
        binds += ["--perms", "0755", "--dir", folder]
    for name in shown:
        if (ROOT / name).exists():
            binds += ["--ro-bind", str(ROOT / name), f"/course/{name}"]
    return binds


def bwrap_command(limits: Limits, fonts: Path | None, filter_: int | None = None) -> list[str]:
    """Command prefix that builds the sandbox; the command to run follows.

    Args:
        limits: Resource limits of the submission.
        fonts: Folder of `font_cache`.
        filter_: File descriptor from `seccomp.opened`, which the new process must inherit.
    """
    small = ["--perms", "1777", "--size", str(limits.disk_mb * MB), "--tmpfs"]
    root = os.geteuid() == 0
    command = [
        "bwrap", "--die-with-parent", "--new-session", "--unshare-ipc", "--unshare-pid",
        "--unshare-net", "--unshare-uts", "--unshare-cgroup-try", "--hostname", "sandbox",
        *([] if root else ["--unshare-user", "--uid", "65534", "--gid", "65534"]),
        *([] if filter_ is None else ["--seccomp", str(filter_)]),
        "--ro-bind", "/usr", "/usr", "--proc", "/proc", "--dev", "/dev",
    ]  # fmt: skip
    for name in ("bin", "lib", "lib32", "lib64", "sbin"):
        path = Path("/", name)
        if path.is_symlink():
            command += ["--symlink", str(path.readlink()), f"/{name}"]
        elif path.is_dir():
            command += ["--ro-bind", f"/{name}", f"/{name}"]
    for file in ("/etc/ld.so.cache", "/etc/fonts", "/etc/alternatives"):
        command += ["--ro-bind-try", file, file]
    for folder in WRITABLE[:2]:
        command += [*small, folder]
    for folder in _python_folders():  # which may be below /tmp
        for parent in reversed(folder.parents[:-1]):  # empty, and open to the other user
            command += ["--perms", "0755", "--dir", str(parent)]
        command += ["--ro-bind", str(folder), str(folder)]
    command += _course_binds()
    if fonts:
        command += ["--ro-bind", str(fonts), "/course/fonts"]
    for folder in WRITABLE[2:]:
        command += [*small, folder]
    # bubblewrap's own folders are memory, too, and without a limit.
    command += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/course", "--clearenv"]
    inside = environment(limits, "/course", "/tmp", "/course/fonts")
    inside["GRADING_FOLDER"] = "/course/notebooks"
    for name, value in inside.items():
        command += ["--setenv", name, value]
    if root:  # only for the step to another user, which setpriv takes at once
        command += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
        command += ["--cap-add", "CAP_SETPCAP"]
    return [*command, "--"]


def inner_command(limits: Limits, user: int) -> list[str]:
    """Command prefix inside the sandbox: an unprivileged user, and limits per process."""
    command = []
    if os.geteuid() == 0:
        command = [
            "/usr/bin/setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups",
            "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs",
        ]  # fmt: skip
    return [*command, *prlimit_command(limits)]


def prlimit_command(limits: Limits) -> list[str]:
    """Limits per process. Address space exceeds memory, since TensorFlow reserves a lot."""
    address_space = (limits.memory_mb + 6000) * MB
    return [
        "/usr/bin/prlimit", f"--nproc={limits.processes}", f"--as={address_space}",
        f"--fsize={limits.disk_mb * MB}", "--nofile=512", "--core=0",
        f"--cpu={int(limits.notebook_seconds * (limits.threads + 1)) + 1}", "--",
    ]  # fmt: skip


class ControlGroup:
    """Control group for one sandbox, if one can be created here; otherwise without effect.

    If systemd runs, it creates the group (`prefix` then begins with systemd-run). Otherwise, as in
    a container, the group is created directly in the hierarchy of version 2 or, for memory and
    processes, version 1.
    """

    def __init__(self, limits: Limits):
        self.folders: list[Path] = []
        self.prefix: list[str] = []
        _sweep()
        name = f"grading-{os.getpid()}-{uuid.uuid4().hex[:12]}"
        if scope := _systemd_scope(os.geteuid() == 0):
            self.prefix = [
                *scope, f"--unit={name}", f"--property=MemoryMax={limits.memory_mb}M",
                "--property=MemorySwapMax=0", f"--property=TasksMax={limits.processes}", "--",
            ]  # fmt: skip
            return
        base = Path("/sys/fs/cgroup")
        bytes_ = str(limits.memory_mb * MB)
        wanted = (
            {base / name: {"memory.max": bytes_, "pids.max": str(limits.processes)}}
            if (base / "cgroup.controllers").exists()
            else {
                base / "memory" / name: {"memory.limit_in_bytes": bytes_},
                base / "pids" / name: {"pids.max": str(limits.processes)},
            }
        )
        for folder, settings in wanted.items():
            try:
                folder.mkdir()
                self.folders.append(folder)
                for key, value in settings.items():
                    (folder / key).write_text(value)
            except OSError:  # not ours to make, or without this controller
                if folder in self.folders:
                    self.folders.remove(folder)
                    with contextlib.suppress(OSError):
                        folder.rmdir()
        if self.folders:
            # The shell enters the groups and becomes the sandbox: nothing starts outside them.
            enter = "".join(f'echo $$ > "{folder}/cgroup.procs" && ' for folder in self.folders)
            self.prefix = ["/bin/sh", "-c", f'{enter}exec "$@"', "sh"]

    def out_of_memory(self) -> bool:
        """Whether the kernel ended a process of the group for lack of memory."""
        for folder in self.folders:
            for name in ("memory.events", "memory.oom_control"):
                with contextlib.suppress(OSError):
                    text = (folder / name).read_text()
                    if any(
                        line.startswith("oom_kill ") and line[9:] != "0"
                        for line in text.split("\n")
                    ):
                        return True
        return False

    def remove(self) -> None:
        """Remove the group; processes that are still ending are awaited, or removed later."""
        end = time.monotonic() + 2
        for folder in self.folders:
            while not _removed(folder) and time.monotonic() < end:
                time.sleep(0.02)
        _leftover.extend(folder for folder in self.folders if folder.exists())
        self.folders = []


_leftover: list[Path] = []
"""Control groups in which a process was still ending when they should have gone."""


def _removed(folder: Path) -> bool:
    with contextlib.suppress(OSError):
        folder.rmdir()
    return not folder.exists()


@atexit.register
def _sweep() -> None:
    """Remove leftover control groups."""
    _leftover[:] = [folder for folder in _leftover if not _removed(folder)]


def sweep_others() -> None:
    """Remove empty control groups of killed graders."""
    base = Path("/sys/fs/cgroup")
    for folder in [*base.glob("grading-*"), *base.glob("*/grading-*")]:
        owner = folder.name.split("-")[1]
        if owner.isdigit() and len(owner) < 12 and not Path("/proc", owner).exists():
            with contextlib.suppress(OSError):
                folder.rmdir()


@cache
def _systemd_scope(root: bool) -> list[str] | None:
    """Command prefix for a separate systemd scope, if this user may create one."""
    if not Path("/run/systemd/system").is_dir() or not shutil.which("systemd-run"):
        return None
    command = ["systemd-run", "--quiet", "--collect", "--scope", *([] if root else ["--user"])]
    tried = subprocess.run([*command, "--", "true"], capture_output=True, check=False, timeout=30)
    return command if tried.returncode == 0 else None


@cache
def probe() -> str:
    """Test the sandbox from the inside.

    Returns:
        Description of its components, for the log.

    Raises:
        SandboxError: A tool is missing, or something works that must not.
    """
    missing = [tool for tool in ("bwrap", "prlimit", "setpriv") if not shutil.which(tool)]
    if missing:
        raise SandboxError(
            f"no sandbox: {' and '.join(missing)} not found. Install bubblewrap and util-linux "
            "(Linux: `apt install bubblewrap`, `dnf install bubblewrap`)"
        )
    limits = Limits()
    question = (
        "import os, socket, sys\n"
        f"found = [p for p in {[str(ROOT / name) for name in ('notebooks', 'tests', '.git')]!r}"
        " if os.path.exists(p)]\n"
        "assert not found, f'{found} can be seen'\n"
        "assert os.getuid() != 0, 'the user is root'\n"
        "status = open('/proc/self/status').read()\n"
        f"filtered = {not seccomp.program()} or 'Seccomp:\\t2' in status\n"
        "assert filtered, 'system calls are not filtered'\n"
        "names = [n for _, n in socket.if_nameindex()]\n"
        "assert names == ['lo'], f'network devices {names}'\n"
        "try:\n    open('/course/helpers/x', 'w')\nexcept OSError:\n    pass\n"
        "else:\n    sys.exit('the course can be written to')\n"
    )
    with filtered() as filter_:
        command = [*bwrap_command(limits, None, filter_), *inner_command(limits, FIRST_USER)]
        tried = subprocess.run(
            [*command, sys.executable, "-c", question],
            pass_fds=() if filter_ is None else (filter_,),
            capture_output=True, text=True, check=False, timeout=PROBE_SECONDS,
        )  # fmt: skip
    if tried.returncode:
        lines = tried.stderr.strip().splitlines() or ["no message"]
        raise SandboxError(f"no sandbox: bubblewrap does not work here ({lines[-1]})")
    sweep_others()
    group = ControlGroup(limits)
    made = bool(group.folders)
    group.remove()
    version = subprocess.run(["bwrap", "--version"], capture_output=True, text=True, check=True)
    if group.prefix and not made:
        whole = "systemd scope"
    elif made:
        whole = "control group"
    else:
        whole = "watching alone (no control group may be made here)"
    calls = "system calls filtered" if seccomp.program() else "system calls not filtered"
    return f"{version.stdout.strip()}, setpriv, prlimit; {calls}; memory as a whole by {whole}"


@contextlib.contextmanager
def filtered() -> Iterator[int | None]:
    """File descriptor of the filter, for `bwrap_command` and for a new process to inherit."""
    filter_ = seccomp.opened()
    try:
        yield filter_
    finally:
        if filter_ is not None:
            os.close(filter_)


def in_files(pid: int) -> int:
    """Number of bytes in the writable folders of a sandbox, as seen by one of its processes.

    They occupy memory that is not attributed to any process.
    """
    total = 0
    for folder in WRITABLE:
        with contextlib.suppress(OSError):
            room = os.statvfs(f"/proc/{pid}/root{folder}")
            total += (room.f_blocks - room.f_bfree) * room.f_frsize
    return total


@contextlib.contextmanager
def font_cache() -> Iterator[Path]:
    """Folder with Matplotlib's font cache, which takes seconds to build and is then copied."""
    with tempfile.TemporaryDirectory(prefix="grading-fonts-") as temporary:
        code = "import matplotlib.font_manager"
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "MPLCONFIGDIR": temporary, "MPLBACKEND": "agg"},
            capture_output=True, check=False,
        )  # fmt: skip
        Path(temporary).chmod(0o755)
        yield Path(temporary)
