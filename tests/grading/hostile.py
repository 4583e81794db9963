"""Submissions that try to get what is not theirs. Each says what it must come to.

An attack takes the place of the answer to exercise 1; exercise 2 holds an honest, right answer. An
attack prints GOT IT if it reached something that it should not, so a test can look for these words.
`{canary}`, `{port}` and `{repository}` are filled in by the test.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass

from tests.grading import made

LIE = "\ndef double(x):\n    return 7"


@dataclass(frozen=True)
class Attack:
    """A submission and the points that it must get."""

    content: Callable[[dict], dict | str | bytes]
    first: float = 0
    second: float | None = 4
    """None where the attack may cost its author exercise 2 as well."""
    most: float = 9
    sample: bool = False


def answer(
    code: str, first: float = 0, second: float | None = 4, *, sample: bool = False
) -> Attack:
    """An attack that stands in the answer cell of exercise 1."""

    def content(places: dict) -> dict:
        text = code
        for name, value in places.items():
            text = text.replace("{" + name + "}", str(value))
        return made.submission(text)

    return Attack(content, first, second, sample=sample)


def changed(
    change: Callable[[dict], object], first: float = 0, second: float = 4, code: str = LIE
) -> Attack:
    """An attack that stands elsewhere in the notebook."""

    def content(_: dict) -> dict | str | bytes:
        notebook = made.submission(code)
        result = change(notebook)
        return notebook if result is None else result

    return Attack(content, first, second)


def raw(content: str | bytes) -> Attack:
    """A file that is not a notebook: nothing can be graded."""
    return Attack(lambda _: content, 0, 0, most=0)


def cell_of(notebook: dict, grade_id: str) -> dict:
    return next(
        c
        for c in notebook["cells"]
        if c["metadata"].get("nbgrader", {}).get("grade_id") == grade_id
    )


def forged_outputs(notebook: dict) -> None:
    for grade_id in ("lab1-ex1", "lab1-ex1-check"):
        cell = cell_of(notebook, grade_id)
        cell["outputs"] = [
            {"output_type": "stream", "name": "stdout", "text": "Exercise 1: passed, 3 points"}
        ]
        cell["execution_count"] = 1


def forged_points(notebook: dict) -> None:
    for cell in notebook["cells"]:
        if data := cell["metadata"].get("nbgrader"):
            data.update(points=1000, grade=True)
    notebook["metadata"]["points"] = 1000


def forged_check(notebook: dict) -> None:
    cell_of(notebook, "lab1-ex1-check")["source"] = "pass"


def answer_calls_itself_check(notebook: dict) -> None:
    cell_of(notebook, "lab1-ex1")["metadata"]["nbgrader"]["grade_id"] = "lab1-ex1-check"


def extra_cells(notebook: dict) -> None:
    """Cells that patch what the check uses, before and after it."""
    patch = "import numpy as np, builtins\nnp.array_equal = lambda *a: True\nbuiltins.all = lambda x: True"
    extra = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    notebook["cells"].insert(1, {**extra, "id": "e1", "source": patch})
    notebook["cells"].append({**extra, "id": "e2", "source": patch})


def scripted_output(notebook: dict) -> None:
    html = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    cell_of(notebook, "lab1-ex1")["outputs"] = [
        {"output_type": "display_data", "data": {"text/html": html}, "metadata": {}}
    ]


def doubled(notebook: dict) -> None:
    """The same ids twice: the second time with another answer."""
    twin = copy.deepcopy(cell_of(notebook, "lab1-ex1"))
    twin["source"] = made.DOUBLE
    notebook["cells"].append(twin)


def without_answer(notebook: dict) -> None:
    notebook["cells"].remove(cell_of(notebook, "lab1-ex1"))


def wrong_kernel(notebook: dict) -> None:
    notebook["metadata"]["kernelspec"] = {"name": "bash", "language": "bash", "display_name": "$"}


def odd_types(notebook: dict) -> None:
    notebook["cells"] += [None, 7, [], {"metadata": []}, {"metadata": {"nbgrader": "x"}}]
    notebook["cells"] += [{"metadata": {"nbgrader": {"grade_id": ["lab1-ex1"], "solution": True}}}]
    notebook["cells"] += [{"source": {}, "metadata": {"nbgrader": {"grade_id": "x"}}}]
    notebook["metadata"] = 3


def nul_and_surrogates(notebook: dict) -> None:
    cell_of(notebook, "lab1-ex1")["source"] = "x = '\x00\ud800'\n" + made.DOUBLE


def huge(notebook: dict) -> str:
    return json.dumps(notebook) + " " * 26_000_000


LOOK_ROUND = """
import os
for folder, _, files in os.walk("/"):
    if folder.startswith(("/proc", "/sys", "/usr", "/dev")) or "site-packages" in folder:
        continue
    for name in files:
        if name.endswith(".ipynb"):
            print("GOT IT", folder, name)
        try:
            text = open(os.path.join(folder, name), errors="replace").read(200_000)
        except OSError:
            continue
        if "BEGIN HIDDEN" + " TESTS\\n" in text or "four-and-" + "forty" in text:
            print("GOT IT", folder, name)
"""

FRAMES = """
import gc, sys
def double(x):
    frame = sys._getframe()
    while frame:
        for value in (*frame.f_locals.values(), *frame.f_globals.values()):
            if isinstance(value, str) and "four-and-" + "forty" in value:
                print("GOT IT")
        if "expected" in frame.f_locals:
            return frame.f_locals["expected"]
        frame = frame.f_back
    for thing in gc.get_objects():
        if isinstance(thing, dict) and thing.get("secret") == "four-and-" + "forty":
            print("GOT IT")
    return 4
"""

PROCESSES = """
import os
for pid in [p for p in os.listdir("/proc") if p.isdigit()]:
    try:
        text = open(f"/proc/{pid}/cmdline").read() + open(f"/proc/{pid}/environ").read()
    except OSError:
        continue
    if "checks" in text.split("\\0") or "GRADER_SECRET" in text:
        print("GOT IT", pid)
"""

PROTOCOL = """
import json, os, struct
def double(x):
    for message in ({"value": 2 * x if False else 4}, {"ok": True}, {"ask": {"reply": {"ok": True}}}):
        data = json.dumps(message).encode()
        for fd in range(3, 40):
            try:
                os.write(fd, struct.pack(">I", len(data)) + data)
            except OSError:
                pass
    return 4
"""

PATCHES = (
    """
import builtins, numpy as np
from helpers import metrics
np.array_equal = np.allclose = lambda *a, **k: True
np.asarray = np.array = lambda *a, **k: None
metrics.mask_iou = lambda *a, **k: 1.0
metrics.confusion_matrix = None
"""
    + LIE
)

ASSERTS = (
    """
import builtins, sys
class Quiet(Exception):
    def __new__(cls, *a): return None
builtins.AssertionError = Quiet
builtins.all = lambda *a: True
builtins.abs = lambda *a: 0
sys.settrace(lambda *a: None)
get_ipython().run_cell = lambda *a, **k: type("R", (), {"success": True})()
get_ipython().user_ns["__builtins__"] = {}
"""
    + LIE
)

WORKER = (
    """
import sys
for name, module in list(sys.modules.items()):
    if name.endswith("codec") or name == "__main__":
        for attribute in dir(module):
            if attribute in ("Codec", "exception_to_json"):
                codec = getattr(module, attribute)
                try: codec.encode = lambda self, value, depth=0: {"t": "import", "m": "os", "n": "system"}
                except Exception: pass
"""
    + LIE
)

EQUAL = """
class Yes:
    def __eq__(self, other): return True
    __hash__ = None
    def __array__(self, *a, **k): import numpy as np; return np.array(7)
    def __bool__(self): return True
    def __sub__(self, other): return 0
def double(x): return Yes()
"""

ARRAY = """
import numpy as np
class Yes(np.ndarray):
    def __eq__(self, other): return True
    def __array_function__(self, *a): return True
    def __array_ufunc__(self, *a, **k): return True
def double(x): return np.array(7).view(Yes)
"""

FLOAT = """
class Yes(float):
    def __eq__(self, other): return True
    def __sub__(self, other): return 0.0
    def __rsub__(self, other): return 0.0
def double(x): return Yes(7)
"""

PICKLE = """
import os
class Yes:
    def __reduce__(self): return (os.system, ("touch {canary}.pwned",))
def double(x): return [Yes(), Yes]
"""

DISK = (
    """
for folder in ("/tmp", "/dev/shm", "/course/build", "/course/notebooks", "/", "/dev", "/course"):
    for number in range(100):
        try:
            with open(f"{folder}/fill{number}", "wb") as stream:
                for _ in range(1000): stream.write(b"x" * 1_000_000)
        except OSError:
            pass
"""
    + made.DOUBLE
)

ABSOLUTE = """
import pathlib
for path in ("{canary}", "{repository}/notebooks", "{repository}/tests", "/root/.bashrc", "/etc/shadow",
             "/etc/passwd", "/home", "/var/log", "{repository}/.git", "../../notebooks/01_made.ipynb"):
    try:
        target = pathlib.Path(path)
        found = list(target.iterdir()) if target.is_dir() else target.read_text()
        if found: print("GOT IT", path)
    except OSError:
        pass
"""

OVERWRITE = """
import glob, os, shutil
for path in [*glob.glob("/course/helpers/*.py"), "{canary}", "{repository}/tests/conftest.py",
             *glob.glob("/course/tools/**/*.py", recursive=True), "/usr/bin/python3"]:
    try:
        os.chmod(path, 0o777)
    except OSError:
        pass
    try:
        open(path, "a").write("raise SystemExit")
        print("GOT IT", path)
    except OSError:
        pass
shutil.rmtree("/", ignore_errors=True)
"""

ESCAPE = """
import ctypes, os, subprocess
libc = ctypes.CDLL(None)
for attempt in (lambda: os.setuid(0), lambda: os.chroot("/proc/1/root"),
                lambda: libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) and 1 / 0,
                lambda: libc.ptrace(16, 1, 0, 0) and 1 / 0, lambda: os.listdir("/proc/1/root/root/.ssh"),
                lambda: os.mknod("/tmp/disk", 0o60600, os.makedev(8, 0)),
                lambda: subprocess.run(["unshare", "-m", "true"], check=True)):
    try:
        attempt()
        print("GOT IT", attempt)
    except Exception:
        pass
"""

NETWORK = """
import socket
for address in (("127.0.0.1", {port}), ("10.0.0.1", 80), ("8.8.8.8", 53)):
    try:
        socket.create_connection(address, 1).send(b"hello")
        print("GOT IT", address)
    except OSError:
        pass
"""

CHANGE_ARGUMENTS = """
def double(x):
    result = 2 * x
    try: x[...] = 99
    except TypeError: pass
    try: grid[...] = 99
    except NameError: pass
    return result
"""

BACKGROUND = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(600)
    os._exit(0)
"""

SHOW_SCRIPT = """
from IPython.display import HTML, Javascript, display
display(HTML("<script>alert(1)</script><b onclick='alert(2)'>x</b><a href='javascript:alert(3)'>y</a>"
             "<img src=x onerror=alert(4)><iframe src='//evil'></iframe><style>*{}</style>"))
display(Javascript("alert(5)"))
display({"image/png": "PHN2Zy8+", "image/svg+xml": "<svg onload=alert(6)/>"}, raw=True)
display({"image/png": "iVBORw0KGgo=", "text/plain": "p"}, raw=True,
        metadata={"image/png": {"alt": "\\"><script>alert(7)</script>"}})
print("</pre><script>alert(8)</script>")
raise ValueError("<script>alert(9)</script>")
"""

NAMESPACES = """
import ctypes, os, subprocess
libc = ctypes.CDLL(None, use_errno=True)
for attempt in (lambda: libc.unshare(0x10000000) == 0 and print("GOT IT user namespace"),
                lambda: libc.unshare(0x20000) == 0 and print("GOT IT mount namespace"),
                lambda: print("GOT IT memory", os.memfd_create("x")),
                lambda: libc.shmget(0, 1000, 0o1666) >= 0 and print("GOT IT segment"),
                lambda: libc.syscall(435, 0, 0) >= 0 and print("GOT IT clone3"),
                lambda: subprocess.run(["unshare", "-Urm", "true"], check=True)
                and print("GOT IT unshare")):
    try:
        attempt()
    except Exception:
        pass
"""

NESTED = """
from IPython.display import display
inner = []
for _ in range(600): inner = [inner]
display({"text/plain": "x"}, raw=True, metadata={"deep": inner})
"""

OF_WORKER = """
import gc
def of_worker(name):
    return next(type(o) for o in gc.get_objects() if type(o).__name__ == name)
"""

FLOOD = (
    OF_WORKER
    + """
import os
def receive(self):
    while True:
        os.write(self.writer.fileno(), b"x" * 1_000_000)
of_worker("Channel").receive = receive
"""
)

MANY_PARTS = (
    OF_WORKER
    + """
import struct
def answer(self, request):
    data = b'{"value": {"t": "list", "v": [' + b"[]," * 9_999_999 + b"[]]}}"
    self.channel.writer.write(struct.pack(">I", len(data)) + data)
    self.channel.writer.flush()
    return {"value": 4}
of_worker("Answers").answer = answer
"""
)

RECORDS = """
seen = []
def double(x):
    seen.append(x)
    return 2 * x
"""


def tells_hidden_inputs(_: dict) -> dict:
    """Notes what the hidden check of exercise 1 asks, and tells it in exercise 2 in three ways."""
    telling = (
        "if 22 in seen:\n    print('GOT IT', seen)\n"
        + made.IOU
        + "\nif 22 in seen:\n    raise ValueError('GOT IT')"
    )
    return made.submission(RECORDS, telling)


def surrogate_ids(notebook: dict) -> None:
    cell = copy.deepcopy(cell_of(notebook, "lab1-ex1"))
    cell["metadata"]["nbgrader"]["grade_id"] = "\ud800"
    notebook["cells"].append(cell)


def deep_outputs(notebook: dict) -> None:
    inner: list = []
    for _ in range(600):
        inner = [inner]
    cell_of(notebook, "lab1-ex1")["outputs"] = [{"output_type": "display_data", "data": inner}]


def twenty_thousand_cells(notebook: dict) -> dict:
    notebook["cells"] += [dict(cell_of(notebook, "lab1-ex1"))] * 20_000
    return notebook


ATTACKS: dict[str, Attack] = {
    # what is secret
    "looks for solutions": answer(LOOK_ROUND + LIE, sample=True),
    "looks through frames and memory": answer(FRAMES, sample=True),
    "looks at other processes": answer(PROCESSES + LIE),
    "reads environment variables": answer(
        "import os\nif 'GRADER_SECRET' in os.environ: print('GOT IT')" + LIE
    ),
    "reads absolute paths": answer(ABSOLUTE + LIE),
    # what decides
    "forges outputs": changed(forged_outputs),
    "forges points": changed(forged_points),
    "forges the check": changed(forged_check),
    "calls an answer a check": changed(answer_calls_itself_check),
    "adds cells": changed(extra_cells),
    "patches NumPy and helpers": answer(PATCHES, 0, None, sample=True),
    "patches assert": answer(ASSERTS, 0, None, sample=True),
    "patches the worker": answer(WORKER, 0, None),
    "forges messages": answer(PROTOCOL, 0, None, sample=True),
    "is equal to everything": answer(EQUAL, sample=True),
    "is an array equal to everything": answer(ARRAY),
    "is a number equal to everything": answer(FLOAT),
    "is a pickle": answer(PICKLE),
    "raises StopIteration": answer("def double(x):\n    if x == 2: return 4\n    raise StopIteration"),
    "raises SystemExit": answer("def double(x):\n    raise SystemExit(0)"),
    "raises AssertionError": answer("def double(x):\n    raise AssertionError('passed')"),
    "never ends its list": answer("def double(x):\n    return iter(int, 1)"),
    "contains itself": answer("def double(x):\n    y = []\n    y.append(y)\n    return y"),
    "is huge": answer("def double(x):\n    return 'x' * 100_000_000", 0, 4),
    "hard-codes what is visible": answer("def double(x):\n    return 4"),
    # others
    "overwrites files": answer(OVERWRITE + LIE),
    "escapes": answer(ESCAPE + LIE),
    "calls the network": answer(NETWORK + LIE, sample=True),
    "changes the lab's data": answer(CHANGE_ARGUMENTS, 3, 4),
    "kills everything": answer("import os\nos.kill(-1, 9)" + LIE, 0, 4),
    "leaves a process behind": answer(BACKGROUND + made.DOUBLE, 3, 4),
    "shows scripts": answer(SHOW_SCRIPT, 0, 4),
    "stores scripts": changed(scripted_output),
    # limits
    "exits": answer("exit()\nimport sys\nsys.exit(0)" + LIE),
    "exits at once": answer("import os\nos._exit(0)", sample=True),
    "exits when checked": answer("import os\ndef double(x):\n    os._exit(0)"),
    "loops for ever": answer("while True:\n    pass"),
    "loops for ever and cannot be interrupted": answer(
        "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass"
    ),
    "loops for ever when checked": answer("def double(x):\n    while True: pass"),
    "forks without end": answer("import os\nwhile True:\n    os.fork()"),
    "starts threads without end": answer(
        "import threading, time\nwhile True:\n"
        "    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()"
    ),
    "eats memory": answer("x = []\nwhile True:\n    x.append(bytearray(50_000_000))", sample=True),
    "eats memory when checked": answer("def double(x):\n    return [bytearray(10**9) for _ in range(9)]"),
    "fills the disk": answer(DISK, 3, 4),
    "prints without end": answer("while True:\n    print('x' * 1000)"),
    # files
    "is not JSON": raw("{this is not JSON"),
    "is empty": raw(""),
    "is binary": raw(bytes(range(256)) * 50),
    "is nested deeply": raw("[" * 200_000 + "]" * 200_000),
    "has no cells": raw('{"cells": {"a": 1}}'),
    "is too large": Attack(lambda _: huge(made.submission(made.DOUBLE)), 0, 0, most=0),
    "has cells of odd types": changed(odd_types, 3, 4, made.DOUBLE),
    "has null bytes": changed(nul_and_surrogates, 3, 4),
    "has a wrong kernel": changed(wrong_kernel, 3, 4, made.DOUBLE),
    "lacks a cell": changed(without_answer),
    "has ids twice": changed(doubled, 3, 4),
    # what would stop the class
    "makes namespaces and uncounted memory": answer(NAMESPACES + LIE, sample=True),
    "shows a surrogate": answer("print('\\ud800')\n" + made.DOUBLE, 3, 4),
    "raises a surrogate": answer("raise ValueError('\\ud800')", 0, 4),
    "nests what it shows": answer(NESTED + made.DOUBLE, 3, 4, sample=True),
    "floods the channel": answer(FLOOD + LIE, 0, None, sample=True),
    "sends ten million lists": answer(MANY_PARTS + LIE, 0, None, sample=True),
    "tells hidden inputs": Attack(tells_hidden_inputs, 3, 4, sample=True),
    "has an id that is no text": changed(surrogate_ids),
    "has outputs nested deeply": changed(deep_outputs),
    # what processes, threads and values may do to the channel and to those who come later
    "spoofs the channel at import": answer('''
import os, struct, json
for fd in map(int, os.listdir("/proc/self/fd")):
    try:
        if "pipe" in os.readlink(f"/proc/self/fd/{fd}") or "socket" in os.readlink(f"/proc/self/fd/{fd}"):
            for m in ({"ready": True}, {"ok": True, "outputs": []}, {"value": 4}):
                d = json.dumps(m).encode(); os.write(fd, struct.pack(">I", len(d)) + d)
    except OSError: pass
'''+LIE,0,None),
    "announces two gigabytes and waits": answer('''
import os, struct, time
def double(x):
    for fd in range(1, 30):
        try: os.write(fd, struct.pack(">I", 2**31 - 1) + b"{")
        except OSError: pass
    time.sleep(100)
''',0,None),
    "puts nothing in the channel's place": answer('''
import os
nothing = os.open(os.devnull, os.O_RDWR)
for fd in range(3, 64):
    if fd != nothing:
        try: os.dup2(nothing, fd)
        except OSError: pass
'''+LIE,0,None),
    "a thread answers for the next exercise": answer('''
import threading, time, os, struct, json
def late():
    d = json.dumps({"value": 0.5}).encode()
    while True:
        time.sleep(0.05)
        for fd in range(3, 20):
            try: os.write(fd, struct.pack(">I", len(d)) + d)
            except OSError: pass
threading.Thread(target=late, daemon=True).start()
'''+LIE,0,None),
    "a thread changes the value while it is read": answer('''
import threading
shared = [4]
def change():
    while True:
        shared[0] = 4; shared[0] = "lie"; shared.append(1); shared.clear(); shared.append(4)
threading.Thread(target=change, daemon=True).start()
def double(x): return shared
''',0,None),
    "writes when the process ends": answer('''
import atexit, os, struct, json
def last():
    d = json.dumps({"ok": True, "value": 4}).encode()
    for fd in range(1, 20):
        try: os.write(fd, struct.pack(">I", len(d)) + d)
        except OSError: pass
atexit.register(last)
'''+LIE,0,None),
    "replaces modules": answer('''
import sys, types, json, struct, base64
fake = types.ModuleType("numpy")
fake.array_equal = fake.allclose = lambda *a, **k: True
sys.modules["numpy"] = sys.modules["tools.grading.codec"] = sys.modules["helpers.metrics"] = fake
json.dumps = lambda *a, **k: '{"value": 4, "ok": true}'
struct.pack = lambda *a: b"\\0\\0\\0\\x18"
base64.b64encode = lambda *a: b"AAAA"
'''+LIE,0,None),
    "ignores signals and lowers limits": answer('''
import signal, resource, os, time
for s in range(1, 65):
    try: signal.signal(s, signal.SIG_IGN)
    except (OSError, ValueError): pass
try: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)); resource.setrlimit(resource.RLIMIT_NOFILE, (5, 5))
except Exception: pass
def double(x):
    while True:
        try: time.sleep(1000)
        except BaseException: pass
''',0,None),
    "has a name of ten megabytes": answer('''
class Odd:
    def __call__(self, x): return self
    @property
    def __name__(self): return "x" * 10_000_000
    @property
    def __class__(self): return int
double = Odd()
''',0,4),
    "points into memory": answer('''
class View:
    @property
    def __array_interface__(self):
        return {"shape": (1 << 40,), "typestr": "<i8", "data": (4096, False), "version": 3}
def double(x): return View()
''',0,None),
    "is a tiny array of a petabyte": answer('''
import numpy as np
def double(x): return np.broadcast_to(np.int64(4), (10**6, 10**6, 1000))
''',0,4),
    "has fields with a long name": answer('''
import numpy as np
def double(x): return np.zeros(3, [("x" * 60000, "i4"), ("y", "V1000000")])
''',0,4),
    "raises what never becomes text": answer('''
class Slow(Exception):
    def __str__(self):
        while True: pass
    __repr__ = __str__
def double(x): raise Slow
''',0,None),
    "raises a group with a hundred megabytes": answer('''
def double(x): raise ExceptionGroup("g" * 100_000_000, [ValueError("x" * 1000)] * 10_000)
''',0,4),
    "raises KeyboardInterrupt": answer("def double(x):\n    raise KeyboardInterrupt",0,4),
    "shows ten thousand things": answer('''
from IPython.display import display, HTML, clear_output, update_display
for i in range(10_000): display(HTML(f"<div style='position:fixed;inset:0;background:white;z-index:9999'>20 of 20 points {i}</div>"), display_id=str(i))
print("\\x1b[2J\\x1b]0;title\\x07\\x1b[8m hidden " * 1000)
'''+made.DOUBLE,3,4),
    "leaves modules in the folder and dies": answer('''
import os
for name in ("numpy.py", "json.py", "helpers/__init__.py", "sitecustomize.py", "usercustomize.py", "x.pth"):
    for folder in (".", "/tmp", "/course/build", "/course/notebooks", "/dev/shm", os.path.expanduser("~")):
        try:
            path = os.path.join(folder, name); os.makedirs(os.path.dirname(path), exist_ok=True)
            open(path, "w").write("print('GOT IT'); double = 1\\n")
        except OSError: pass
if not os.path.exists("/tmp/again"):
    open("/tmp/again", "w").close(); os._exit(3)
print("GOT IT again")
'''+LIE,0,4),
    "links out of the build folder": answer('''
import os
for name in ("helpers", "tools", "notebooks", "data"):
    for where in ("/course/build", "/tmp"):
        for target in ("/proc/1/root{repository}/" + name, "{repository}/" + name):
            try:
                os.symlink(target, where + "/" + name)
                if os.listdir(where + "/" + name): print("GOT IT", where, name)
            except OSError: pass
'''+LIE,0,4),
    "forks inside the call": answer('''
import os
def double(x):
    pid = os.fork()
    return 4
''',0,None),
    "crashes the interpreter": answer("import ctypes\ndef double(x):\n    ctypes.string_at(0)",0,4),
    "recurses without a limit": answer("import sys\nsys.setrecursionlimit(10**9)\ndef double(x):\n    return double([x])",0,4),
    "execs another program that speaks the protocol": answer('''
import os, sys
def double(x):
    fds = [fd for fd in map(int, os.listdir("/proc/self/fd")) if fd > 2]
    for fd in fds:
        try: os.set_inheritable(fd, True)
        except OSError: pass
    code = "import os,struct,json\\nd=json.dumps({'value':4}).encode()\\nwhile 1:\\n for fd in %r:\\n  try: os.write(fd,struct.pack('>I',len(d))+d)\\n  except OSError: pass" % fds
    os.execv(sys.executable, [sys.executable, "-c", code])
''',0,None),
    "has its cells twice in JSON": Attack(
    lambda _: json.dumps(made.submission(LIE)).replace('"nbformat"', '"cells": [], "nbformat"', 1), 0, 0, most=0),
    "has twenty thousand copies of its answer": Attack(
    lambda _: twenty_thousand_cells(made.submission(LIE)), 0, 0, most=0),
    "numbers without end": Attack(lambda _: json.dumps(made.submission(LIE)).replace('"nbformat_minor": 5','"nbformat_minor": 5, "x": 1e999, "y": -Infinity, "z": '+'9'*4000), 0, None, most=9),
}  # fmt: skip
