"""Examines an environment for TFOD2: each finding says what is wrong, why, and what mends it.

`python -m helpers.tfod doctor` prints it; lab 3 introduces it. Facts are gathered first
(`gather`), then judged (`judge`), so that every failure can be tested with made-up facts. TFOD2
itself is tried in a process of its own. Rests on `helpers.tfod.activation` and
`helpers.tfod.failures`.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field

from helpers import ROOT
from helpers.environment import version
from helpers.tfod import activation
from helpers.tfod.failures import INSTALL, SETUP, diagnose

PACKAGES = (
    "tensorflow", "tensorflow-cpu", "keras", "tf-keras", "protobuf", "pillow", "numpy",
    "pycocotools", "tf-models-official", "opencv-python", "opencv-contrib-python",
    "opencv-python-headless",
)  # fmt: skip

TRIAL = """
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
    """What is to be known about an environment; versions are text, "" where not installed."""

    python: tuple[int, int] = (3, 11)
    versions: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    tfod2: bool = True
    trial: str = "GPUs 0"  # what the trial printed, or its traceback
    trial_ok: bool = True
    network: bool | None = True  # None: not tried
    free_gb: float = 50.0


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    subject: str
    ok: bool
    what: str
    why: str = ""
    mend: str = ""


def gather(*, network: bool = True) -> Facts:
    """Looks at this environment; imports TFOD2 in a process of its own."""
    found = {name: version(name) for name in PACKAGES}
    try:
        done = subprocess.run(
            [sys.executable, "-c", TRIAL],
            cwd=ROOT,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        trial, trial_ok = done.stdout if done.returncode == 0 else done.stderr, not done.returncode
    except subprocess.TimeoutExpired:
        trial, trial_ok = "The import of TFOD2 took over two minutes.", False
    return Facts(
        python=sys.version_info[:2],
        versions={k: "" if v == "not installed" else v for k, v in found.items()},
        variables=dict(os.environ),
        tfod2=activation.installed(),
        trial=trial,
        trial_ok=trial_ok,
        network=reachable() if network else None,
        free_gb=shutil.disk_usage(ROOT).free / 1e9,
    )


def reachable(host: str = "github.com", port: int = 443) -> bool:
    """Whether a name is resolved and a connection opens, within two seconds."""
    try:
        socket.create_connection((host, port), timeout=2).close()
    except OSError:
        return False
    return True


def judge(facts: Facts) -> list[Finding]:
    """The findings, one a subject, good ones included."""
    return [
        check(facts)
        for check in (
            _python, _tensorflow, _keras, _protobuf, _pillow, _numpy, _opencv, _pycocotools,
            _object_detection, _garden, _trial, _gpu, _network, _disk,
        )
    ]  # fmt: skip


def examine(*, network: bool = True) -> list[Finding]:
    """`gather`, then `judge`."""
    return judge(gather(network=network))


def examine_log(text: str) -> Finding:
    """The finding about one traceback, or about what pip printed."""
    return _trial(Facts(trial=text, trial_ok=False))


def report(findings: Iterable[Finding]) -> int:
    """Prints the findings; returns 0 if all are good, else 1."""
    findings = list(findings)
    for finding in findings:
        print(f"{'ok  ' if finding.ok else 'FAIL'}  {finding.subject}: {finding.what}")
        if not finding.ok:
            print(f"      why:  {finding.why}\n      mend: {finding.mend}")
    bad = sum(not finding.ok for finding in findings)
    print(f"{bad} of {len(findings)} need mending." if bad else "All is well.")
    return int(bad > 0)


def _numbers(text: str) -> tuple[int, ...]:
    """("2.20.0rc1") -> (2, 20): enough to compare."""
    return tuple(int("".join(c for c in part if c.isdigit()) or 0) for part in text.split(".")[:2])


def _within(
    facts: Facts, package: str, low: tuple[int, ...], high: tuple[int, ...], why: str, mend: str
) -> Finding:
    """Judges a version: low <= version < high."""
    found = facts.versions.get(package, "")
    if found and low <= _numbers(found) < high:
        return Finding(package, True, found)
    needed = f"{'.'.join(map(str, low))} or later, below {'.'.join(map(str, high))}"
    return Finding(package, False, f"{found or 'not installed'}; needed: {needed}", why, mend)


def _python(facts: Facts) -> Finding:
    text = "{}.{}".format(*facts.python)
    if (3, 11) <= facts.python < (3, 13):
        return Finding("Python", True, text)
    why = "TensorFlow 2.19 and 2.20, with what the labs use beside it, are tested on 3.11 and 3.12"
    return Finding(
        "Python", False, f"{text}; needed: 3.11 or 3.12", why, "make setup PYTHON=python3.12"
    )


def _tensorflow(facts: Facts) -> Finding:
    if facts.versions.get("tensorflow") and facts.versions.get("tensorflow-cpu"):
        why = "both packages write the same files, and the one installed last wins in part"
        mend = "pip uninstall -y tensorflow-cpu && pip install --force-reinstall tensorflow"
        return Finding("tensorflow", False, "tensorflow and tensorflow-cpu together", why, mend)
    why = "the compatibility shim was tried on these versions"
    return _within(facts, "tensorflow", (2, 19), (2, 21), why, 'pip install "tensorflow==2.20.*"')


def _keras(facts: Facts) -> Finding:
    if not facts.versions.get("tf-keras"):
        why = "TFOD2 and Model Garden are written against Keras 2, which is the package tf-keras"
        return Finding(
            "Keras mode", False, "tf-keras is missing", why, 'pip install "tf-keras>=2.19,<2.21"'
        )
    pair = facts.versions["tf-keras"], facts.versions.get("tensorflow", "")
    if _numbers(pair[0]) != _numbers(pair[1]):
        why = "tf-keras is released for one TensorFlow each and uses its insides"
        mend = f'pip install "tf-keras=={".".join(pair[1].split(".")[:2])}.*"'
        return Finding(
            "Keras mode", False, f"tf-keras {pair[0]} on TensorFlow {pair[1]}", why, mend
        )
    if facts.variables.get("TF_USE_LEGACY_KERAS", "1") not in ("1", "true", "True"):
        why = "this setting makes tf.keras Keras 3 in every process of this shell"
        return Finding(
            "Keras mode", False, "TF_USE_LEGACY_KERAS=0", why, "unset TF_USE_LEGACY_KERAS"
        )
    return Finding("Keras mode", True, f"tf-keras {pair[0]}, chosen by helpers.tfod.activate()")


def _protobuf(facts: Facts) -> Finding:
    if facts.variables.get("PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION") == "python":
        why = "this workaround for old _pb2.py files makes every record many times slower to read"
        mend = "unset PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"
        return Finding("protobuf", False, "the pure-Python implementation", why, mend)
    why = "TensorFlow 2.19 and later need protobuf 5 at least"
    return _within(facts, "protobuf", (5, 0), (8, 0), why, SETUP)


def _pillow(facts: Facts) -> Finding:
    why = "the shim measures labels with getbbox, which came with Pillow 8; the labs need 10"
    return _within(facts, "pillow", (10, 0), (99, 0), why, 'pip install "pillow>=10"')


def _numpy(facts: Facts) -> Finding:
    why = "the other packages are built for NumPy 2"
    return _within(facts, "numpy", (2, 0), (3, 0), why, 'pip install "numpy>=2.0"')


def _opencv(facts: Facts) -> Finding:
    flavours = [name for name in PACKAGES if name.startswith("opencv")]
    found = [name for name in flavours if facts.versions.get(name)]
    if len(found) == 1:
        return Finding("OpenCV", True, f"{found[0]} {facts.versions[found[0]]}")
    if not found:
        what, why = "not installed", "masks are resized and drawn with it"
    else:
        what = " and ".join(found)
        why = "they overwrite each other's files, and a later uninstall breaks what remains"
    mend = (
        f"pip uninstall -y {' '.join(flavours)} && pip install 'opencv-python-headless>=4.10'"
        if found
        else "pip install 'opencv-python-headless>=4.10'"
    )
    return Finding("OpenCV", False, what, why, mend)


def _pycocotools(facts: Facts) -> Finding:
    why = "older builds were made for NumPy 1, and COCO's evaluation is in it"
    return _within(facts, "pycocotools", (2, 0), (3, 0), why, 'pip install "pycocotools>=2.0.8"')


def _object_detection(facts: Facts) -> Finding:
    if facts.tfod2:
        return Finding("object_detection", True, "found")
    why = "TFOD2 is not on this machine; the labs run without it and skip its cells"
    return Finding("object_detection", False, "not installed", why, INSTALL)


def _garden(facts: Facts) -> Finding:
    mend = "pip install --no-deps -r requirements/garden.txt"
    why = "2.20 does not run on TensorFlow 2.19, and older ones pin older packages"
    return _within(facts, "tf-models-official", (2, 19), (2, 20), why, mend)


def _trial(facts: Facts) -> Finding:
    if facts.trial_ok:
        return Finding("import and protobuf round trip", True, "passed")
    last = (facts.trial.strip().splitlines() or ["no message"])[-1]
    known = diagnose(facts.trial)
    if known:
        return Finding(known.name, False, last, known.why, known.mend)
    why = "not among the failures known here; the first lines of the traceback name the package"
    return Finding("import and protobuf round trip", False, last, why, SETUP)


def _gpu(facts: Facts) -> Finding:
    gpus = facts.trial.split("GPUs")[-1].strip() if facts.trial_ok else "0"
    # A GPU is a comfort: its lack is said, and no failure.
    return Finding("GPU", True, f"{gpus} found" if gpus != "0" else "none; the labs run on a CPU")


def _network(facts: Facts) -> Finding:
    states = {None: "not tried", True: "reachable", False: "none; only `install` needs one"}
    return Finding("network", True, states[facts.network])


def _disk(facts: Facts) -> Finding:
    what = f"{facts.free_gb:.1f} GB free"
    if facts.free_gb >= 2:
        return Finding("disk", True, what)
    why = "one trained and exported Mask R-CNN takes 0.6 GB, the environment 3 GB"
    return Finding("disk", False, f"{what}; needed: 2 GB", why, "make clean")
