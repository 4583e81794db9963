"""Diagnosis of an environment for TFOD2: each finding has a problem, its cause and a remedy.

`python -m tools.tfod doctor` prints it; lab 3 introduces it. Facts are gathered first (`gather`)
and judged afterwards (`judge`), so that every failure can be tested with synthetic facts. TFOD2
itself is tried in a separate process. The most frequently reported failures and their remedies are
in `data/tfod2/failures.csv`; the numbers there are issues of github.com/tensorflow/models.
"""

from __future__ import annotations

import csv
import dataclasses
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path

from packaging.specifiers import SpecifierSet

from helpers import DATA, ROOT, environment, tfod
from helpers.errors import DataError

TRIED = "import and protobuf round trip"
FAILURES = DATA / "tfod2" / "failures.csv"

PACKAGES = (
    "tensorflow", "tensorflow-cpu", "tensorboard", "keras", "tf-keras", "protobuf", "pillow",
    "numpy", "pycocotools", "tf-models-official", "opencv-python", "opencv-contrib-python",
    "opencv-python-headless",
)  # fmt: skip

TRIAL = """
import cv2, numpy
assert cv2.resize(numpy.eye(2), (4, 4)).shape == (4, 4), "cv2.resize"
print("OpenCV", cv2.__version__)
from helpers import tfod
tfod.activate()
import tensorflow as tf
from object_detection.protos import string_int_label_map_pb2 as proto
item = proto.StringIntLabelMapItem(id=1, name="car")
assert proto.StringIntLabelMapItem.FromString(item.SerializeToString()) == item, "protobuf"
from object_detection.builders import model_builder
from official.vision.configs import maskrcnn
print("GPUs", len(tf.config.list_physical_devices("GPU")))
"""


@dataclass(frozen=True)
class Facts:
    """Facts about an environment; versions are strings, "" if not installed."""

    python: tuple[int, int] = (3, 11)
    versions: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    tfod2: bool = True
    trial: str = "OpenCV 5.0.0\nGPUs 0"  # output of the trial, or its traceback
    trial_ok: bool = True
    network: bool | None = True  # None: not tested
    free_gb: float = 50.0
    hosted: bool = False  # Colab, Kaggle: a managed environment
    make: bool = True
    pip: bool = True


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    subject: str
    ok: bool
    what: str
    why: str = ""
    mend: str = ""


@dataclass(frozen=True)
class Failure:
    """One known failure, a row of `data/tfod2/failures.csv`."""

    name: str
    pattern: str  # regular expression, searched for in a line with an error
    why: str
    mend: str  # with the placeholders that `mend` fills


@cache
def failures() -> tuple[Failure, ...]:
    """Known failures of TFOD2, identified by their error messages."""
    with FAILURES.open(encoding="utf-8", newline="") as stream:
        return tuple(Failure(**row) for row in csv.DictReader(stream))


ERROR = re.compile(
    r"^(?:[\w.-]*\s*[|>])*\s*(?:.{0,16}\d\d:\d\d:\d\d\S*\s+(?:\S+ \S+\[\d+\]:\s+)?)?"
    r"(?:[\w.]*(?:Error|Exception|Interrupt|Exit)\b(?::|$)|ERROR:|ModuleNotFound)"
)
"""Start of an error: the last line of a Python traceback, or an error line of pip; behind the marks
of containers (`worker_1 |`), of mail (`>`) and of groups of exceptions, and the times that services
write."""

WRAPPERS = re.compile(
    r"subprocess-exited|\bERROR: (?:Failed|Could not|Command|pip's)|CalledProcessError"
)
"""Errors that only propagate one printed earlier."""


def diagnose(message: str) -> Failure | None:
    """Identify the known failure in a traceback or log; None if there is none.

    The last error decides: anything before it (wheel names in the output of pip, a failure that was
    handled) did not stop the program. Errors that only propagate another one do not count.

    Args:
        message: Output of Python or pip. A single line may lack the name of the error.
    """
    lines = message.splitlines()
    errors = [line for line in lines if ERROR.search(line)]
    for line in reversed(errors or lines[:1] * (len(lines) == 1)):
        for failure in failures():
            if re.search(failure.pattern, line):
                return failure
        if not WRAPPERS.search(line):
            return None
    return None


def read_log(path: Path) -> str:
    """Read a log in any Unicode encoding that a shell writes (PowerShell's `>` writes UTF-16).

    Raises:
        DataError: The log cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        found = error.strerror or "an error"
        raise DataError(str(path), expected="a log to read", found=found) from error
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    # Without a byte-order mark, UTF-16 and UTF-32 of what matters here are ASCII between zeros.
    text = content.decode(encoding, errors="replace").replace("\0", "")
    return re.sub(r"\x1b\[[\d;]*m", "", text)  # colours


def gather(*, network: bool = True) -> Facts:
    """Gather the facts about this environment; TFOD2 is imported in a separate process."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", TRIAL], env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
            cwd=ROOT, capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        trial_ok = not done.returncode
        trial = done.stdout if trial_ok else done.stdout + done.stderr
    except subprocess.TimeoutExpired:
        trial, trial_ok = "The import of TFOD2 took over ten minutes.", False
    return dataclasses.replace(
        _here(),
        python=sys.version_info[:2],
        variables=dict(os.environ),
        tfod2=tfod.installed(),
        trial=trial,
        trial_ok=trial_ok,
        network=reachable() if network else None,
        free_gb=shutil.disk_usage(ROOT).free / 1e9,
    )


def mend(remedy: str, facts: Facts) -> str:
    """Command or instruction that carries out a remedy on this machine.

    Args:
        remedy: `{setup}`, `{install}`, `{garden}`, `{activate}`, `{opencv}`, or `{pip} PACKAGES`,
            with `{tf-keras}` for the one that fits; any other text is returned unchanged.
        facts: Facts about the environment to repair.
    """
    pip, _, packages = remedy.replace("{tf-keras}", _tf_keras(facts)).partition(" ")
    if pip == "{pip}" and facts.hosted:
        return f'%pip install "{packages}", then restart the session'
    if pip == "{pip}":  # environments made by uv have no pip
        remedy = f'python -m pip install "{packages}"' if facts.pip else "{setup}"
    if facts.hosted:
        setup = "Run the lab's set-up cell again, then restart the session."
        known = {"setup": setup, "garden": setup, "opencv": setup}
        known["install"] = "In a cell: from helpers import environment; environment.install_tfod2()"
    else:
        setup = "{0} install -r {1}; {0} install --no-deps -r {2}"
        setup = setup.format("python -m pip" if facts.pip else "uv pip", *environment.REQUIREMENTS)
        setup = "make setup" if facts.make else setup
        known = {"setup": setup, "garden": setup, "opencv": setup, "install": tfod.INSTALL}
    first = "At the top of your program, before TensorFlow:"
    known["activate"] = f"{first} from helpers import tfod; tfod.activate()"
    return known.get(remedy.strip("{}"), remedy)


def reachable(host: str = "github.com", port: int = 443) -> bool:
    """Whether a host name resolves and accepts a connection within two seconds."""
    try:
        socket.create_connection((host, port), timeout=2).close()
    except OSError:
        return False
    return True


def judge(facts: Facts) -> list[Finding]:
    """All findings, one per subject, including those without a problem."""
    special = {"tensorflow": _tensorflow, "protobuf": _protobuf}
    packages = [special.get(name, partial(_version, package=name))(facts) for name in RANGES]
    others = (_keras, _opencv, _object_detection, _trial, _gpu, _network, _disk)
    return [_python(facts), *packages, *(check(facts) for check in others)]


def examine(*, network: bool = True) -> list[Finding]:
    """`gather`, then `judge`."""
    return judge(gather(network=network))


def examine_log(text: str) -> Finding:
    """Diagnose one traceback, or the output of pip."""
    return _trial(dataclasses.replace(_here(), trial=text, trial_ok=False))


def _here() -> Facts:
    """Facts that determine which remedy works on this machine."""
    return Facts(
        versions={k: environment.version(k).replace("not installed", "") for k in PACKAGES},
        hosted=bool({"COLAB_RELEASE_TAG", "KAGGLE_KERNEL_RUN_TYPE"} & set(os.environ)),
        # Neither the students' edition nor what the set-up cell fetches has a Makefile.
        make=bool(shutil.which("make")) and (ROOT / "Makefile").is_file(),
        pip=environment.version("pip") != "not installed",
    )


def report(findings: Iterable[Finding]) -> int:
    """Print the findings; return 0 if there is no problem, else 1."""
    findings = list(findings)
    for finding in findings:
        print(f"{'ok  ' if finding.ok else 'FAIL'}  {finding.subject}: {finding.what}")
        if not finding.ok:
            print(f"      why:  {finding.why}\n      mend: {finding.mend}")
    bad = sum(not finding.ok for finding in findings)
    print(f"{bad} of {len(findings)} with problems." if bad else "All is well.")
    return int(bad > 0)


def _bad(facts: Facts, subject: str, what: str, why: str, remedy: str) -> Finding:
    """A problem, with the remedy for this machine."""
    return Finding(subject, False, what, why, mend(remedy, facts))


RANGES = {
    "tensorflow": (
        ">=2.19,<2.22",
        "the compatibility shim was tested with these versions",
        "{setup}",
    ),
    "tensorboard": (
        ">=2.19,<2.22",
        "TFOD2 writes logs for it, and TensorFlow 2.21 no longer includes it",
        "{pip} tensorboard>=2.19,<2.22",
    ),
    "protobuf": (">=5,<8", "TensorFlow 2.19 and later need at least protobuf 5", "{setup}"),
    "pillow": (
        ">=10",
        "the shim measures labels with getbbox, which came with Pillow 8; the labs need 10",
        "{pip} pillow>=10",
    ),
    "numpy": (">=2,<3", "the other packages are built for NumPy 2", "{setup}"),
    "pycocotools": (
        ">=2,<3",
        "it contains the COCO evaluation, and older builds were made for NumPy 1",
        "{pip} pycocotools>=2.0.8",
    ),
    "tf-models-official": (
        ">=2.19,<2.20",
        "2.20 does not run on TensorFlow 2.19, and earlier versions pin older packages",
        "{garden}",
    ),
}
"""Supported versions, the reason, and the remedy."""


def _version(facts: Facts, package: str) -> Finding:
    """Compare the version of a package with `RANGES`."""
    found = facts.versions.get(package, "")
    needed, why, remedy = RANGES[package]
    if found and SpecifierSet(needed).contains(found, prereleases=True):
        return Finding(package, True, found)
    return _bad(facts, package, f"{found or 'not installed'}; needed: {needed}", why, remedy)


def _python(facts: Facts) -> Finding:
    text = "{}.{}".format(*facts.python)
    if (3, 11) <= facts.python < (3, 14):
        return Finding("Python", True, text)
    why = "TensorFlow 2.19 to 2.21 and the other packages of the labs run on 3.11 to 3.13"
    remedy = "make setup PYTHON=python3.12" if facts.make else "Install one of these."
    remedy = "{setup}" if facts.hosted else remedy
    return _bad(facts, "Python", f"{text}; needed: 3.11, 3.12 or 3.13", why, remedy)


def _tensorflow(facts: Facts) -> Finding:
    if facts.versions.get("tensorflow") and facts.versions.get("tensorflow-cpu"):
        why = "both packages write the same files, so the result is a mixture of the two"
        return _bad(facts, "tensorflow", "tensorflow and tensorflow-cpu together", why, "{setup}")
    return _version(facts, "tensorflow")


def _tf_keras(facts: Facts) -> str:
    """The tf-keras that fits; any other would bring a TensorFlow along."""
    release = facts.versions.get("tensorflow", "").split(".")[:2]
    return f"tf-keras=={'.'.join(release)}.*" if len(release) == 2 else "tf-keras>=2.19,<2.22"


def _keras(facts: Facts) -> Finding:
    ours, theirs = facts.versions.get("tf-keras", ""), facts.versions.get("tensorflow", "")
    if not ours:
        why = "TFOD2 and Model Garden are written for Keras 2, which is the package tf-keras"
        return _bad(facts, "Keras mode", "tf-keras is missing", why, "{pip} {tf-keras}")
    if ours.split(".")[:2] != theirs.split(".")[:2]:
        why = "each tf-keras release fits one TensorFlow version and uses its internals"
        ours = f"tf-keras {ours} on TensorFlow {theirs}"
        return _bad(facts, "Keras mode", ours, why, "{pip} {tf-keras}")
    if facts.variables.get("TF_USE_LEGACY_KERAS", "1") not in ("1", "true", "True"):
        why = "this setting makes tf.keras Keras 3 in every process of this shell"
        return _bad(facts, "Keras mode", "TF_USE_LEGACY_KERAS=0", why, "unset TF_USE_LEGACY_KERAS")
    return Finding("Keras mode", True, f"tf-keras {ours}, chosen by helpers.tfod.activate()")


def _protobuf(facts: Facts) -> Finding:
    if facts.variables.get("PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION") == "python":
        why = "this workaround for old _pb2.py files makes reading records many times slower"
        remedy = "unset PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"
        return _bad(facts, "protobuf", "the pure-Python implementation", why, remedy)
    return _version(facts, "protobuf")


def _opencv(facts: Facts) -> Finding:
    """Check OpenCV; several wheels in one folder, as on Colab and Kaggle, are fine if they work."""
    found = [name for name in PACKAGES if name.startswith("opencv") and facts.versions.get(name)]
    if not found:
        why = "it resizes and draws masks"
        remedy = "{setup}" if facts.hosted else "{pip} opencv-python-headless>=4.10"
        return _bad(facts, "OpenCV", "not installed", why, remedy)
    works = re.search(r"^OpenCV (\S+)$", facts.trial, re.MULTILINE)
    if len(found) == 1 and works:
        return Finding("OpenCV", True, f"{found[0]} {facts.versions[found[0]]}")
    if works:
        what = f"{len(found)} wheels in one folder, {works[1]} imports and works"
        return Finding("OpenCV", True, f"{what}; leave them as they are")
    why = "the wheels overwrite each other's files, and uninstalling one breaks the others"
    remedy = "{setup}"
    if facts.pip and not facts.hosted:
        remedy = f"python -m pip uninstall -y {' '.join(found)}; then {mend('{setup}', facts)}"
    return _bad(facts, "OpenCV", f"{' and '.join(found)}: the import fails", why, remedy)


def _object_detection(facts: Facts) -> Finding:
    if facts.tfod2:
        return Finding("object_detection", True, "found")
    why = "TFOD2 is not on this machine; lab 3 needs it, the other labs do not"
    return _bad(facts, "object_detection", "not installed", why, "{install}")


def _trial(facts: Facts) -> Finding:
    if facts.trial_ok:
        return Finding(TRIED, True, "passed")
    lines = [line for line in facts.trial.splitlines() if line.strip()] or ["no message"]
    last = next((line for line in reversed(lines) if ERROR.search(line)), lines[-1]).strip()
    if known := diagnose(facts.trial):
        return _bad(facts, known.name, last, known.why, known.mend)
    if not any(map(ERROR.search, lines)):
        why = "this is the last line; no error of Python or pip precedes it"
        return _bad(facts, TRIED, last, why, "Give all of the output, from the command to its end.")
    why = "not among the failures known; the last error of the traceback names the package"
    return _bad(facts, TRIED, last, why, "{setup}")


def _gpu(facts: Facts) -> Finding:
    gpus = re.search(r"GPUs ([1-9]\d*)", facts.trial) if facts.trial_ok else None
    # A GPU is optional: its absence is reported, but is no failure.
    return Finding("GPU", True, f"{gpus[1]} found" if gpus else "none; the labs run on a CPU")


def _network(facts: Facts) -> Finding:
    states = {None: "not tried", True: "reachable", False: "none; only `install` needs one"}
    return Finding("network", True, states[facts.network])


def _disk(facts: Facts) -> Finding:
    what = f"{facts.free_gb:.1f} GB free"
    if facts.free_gb >= 2:
        return Finding("disk", True, what)
    why = "lab 3's checkpoints and exports take 0.9 GB, the environment 4 GB"
    remedy = "make clean" if facts.make and not facts.hosted else "Delete what you no longer need."
    return _bad(facts, "disk", f"{what}; needed: 2 GB", why, remedy)
