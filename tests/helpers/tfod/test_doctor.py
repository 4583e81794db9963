"""The doctor: a healthy environment is all green, and each reported failure gets its name."""

from __future__ import annotations

import dataclasses
import time

import pytest

from helpers import tfod
from helpers.tfod import cli, doctor, failures
from helpers.tfod.doctor import Facts, judge

GOOD = Facts(
    versions={
        "tensorflow": "2.20.0",
        "keras": "3.15.1",
        "tf-keras": "2.20.1",
        "protobuf": "7.36.2",
        "pillow": "13.0.0",
        "numpy": "2.4.6",
        "pycocotools": "2.0.10",
        "tf-models-official": "2.19.1",
        "opencv-python-headless": "5.0.0",
    }
)


def only_failure(facts: Facts) -> doctor.Finding:
    (bad,) = [finding for finding in judge(facts) if not finding.ok]
    assert bad.why
    assert bad.mend
    return bad


def test_made_up_good_facts_are_all_green():
    assert all(finding.ok for finding in judge(GOOD))


def test_this_environment_is_all_green(capsys):
    start = time.monotonic()
    assert cli.main(["doctor", "--offline"]) == 0, capsys.readouterr().out
    assert "All is well." in capsys.readouterr().out
    assert time.monotonic() - start < 60  # 10 s is the aim on an idle machine


VERSIONS = [
    ({"tensorflow": "2.15.1", "tf-keras": "2.15.0"}, "tensorflow", "tensorflow=="),
    ({"tensorflow-cpu": "2.20.0"}, "tensorflow", "uninstall -y tensorflow-cpu"),
    ({"tf-keras": ""}, "Keras mode", "tf-keras"),
    ({"tf-keras": "2.19.0"}, "Keras mode", "tf-keras==2.20"),
    ({"protobuf": "3.20.3"}, "protobuf", "make setup"),
    ({"pillow": "9.5.0"}, "pillow", "pillow>=10"),
    ({"numpy": "1.26.4"}, "numpy", "numpy>=2"),
    ({"opencv-python": "4.12.0"}, "OpenCV", "uninstall -y opencv-python"),
    ({"opencv-python-headless": ""}, "OpenCV", "install 'opencv-python-headless"),
    ({"pycocotools": ""}, "pycocotools", "pycocotools>=2.0.8"),
    ({"tf-models-official": "2.20.0"}, "tf-models-official", "requirements/garden.txt"),
]


@pytest.mark.parametrize(("changed", "subject", "mend"), VERSIONS)
def test_a_package_that_does_not_suit_is_named(changed, subject, mend):
    bad = only_failure(dataclasses.replace(GOOD, versions={**GOOD.versions, **changed}))
    assert bad.subject == subject
    assert mend in bad.mend


@pytest.mark.parametrize(
    ("changed", "subject", "mend"),
    [
        ({"python": (3, 13)}, "Python", "PYTHON=python3.12"),
        ({"tfod2": False}, "object_detection", tfod.INSTALL),
        ({"free_gb": 0.5}, "disk", "make clean"),
        ({"variables": {"TF_USE_LEGACY_KERAS": "0"}}, "Keras mode", "unset TF_USE"),
        (
            {"variables": {"PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python"}},
            "protobuf",
            "unset PROTOCOL",
        ),
    ],
)
def test_other_facts_are_judged_too(changed, subject, mend):
    bad = only_failure(dataclasses.replace(GOOD, **changed))
    assert bad.subject == subject
    assert mend in bad.mend


# What users saw, shortened; most from issues of tensorflow/models.
REPORTED = {
    "PyYAML under Cython 3": "AttributeError: cython_sources",
    "protobuf descriptors": "TypeError: Descriptors cannot not be created directly.",
    "protobuf gencode newer than the runtime": "ImportError: cannot import name 'runtime_version' "
    "from 'google.protobuf'",
    "protobuf builder missing": "ImportError: cannot import name 'builder' from "
    "'google.protobuf.internal'",
    "missing protoc output": "ImportError: cannot import name 'string_int_label_map_pb2' from "
    "'object_detection.protos'",
    "missing tf.estimator": "ImportError: cannot import name 'estimator' from "
    "'tensorflow.compat.v1'",
    "tf-slim's control-flow names": "AttributeError: module "
    "'tensorflow.python.ops.control_flow_ops' has no attribute 'case'",
    "TensorFlow 1's contrib": "AttributeError: module 'tensorflow' has no attribute 'contrib'",
    "ImageFont.getsize": "AttributeError: 'FreeTypeFont' object has no attribute 'getsize'",
    "np.float": "AttributeError: module 'numpy' has no attribute 'float'.",
    "NumPy 1 binary under NumPy 2": "ValueError: numpy.dtype size changed, may indicate binary "
    "incompatibility.",
    "Keras 3 where Keras 2 is meant": "ValueError: A KerasTensor cannot be used as input to a "
    "TensorFlow function.",
    "tf-keras missing": "ModuleNotFoundError: No module named 'tf_keras'",
    "tensorflow_io missing": "ModuleNotFoundError: No module named 'tensorflow_io'",
    "tf-slim missing": "ModuleNotFoundError: No module named 'tf_slim'",
    "lvis missing": "ModuleNotFoundError: No module named 'lvis'",
    "pycocotools missing": "ModuleNotFoundError: No module named 'pycocotools'",
    "tensorflow_models needs sentencepiece": "ModuleNotFoundError: No module named 'sentencepiece'",
    "Model Garden missing": "ModuleNotFoundError: No module named 'official'",
    "OpenCV without a display": "ImportError: libGL.so.1: cannot open shared object file",
    "no pip network": "ERROR: No matching distribution found for tf-slim==1.1.0",
    "TFOD2 missing": "ModuleNotFoundError: No module named 'object_detection'",
}


def test_every_known_failure_has_a_report():
    assert REPORTED.keys() == {failure.name for failure in failures.FAILURES}


@pytest.mark.parametrize("name", REPORTED)
def test_a_reported_failure_gets_its_name_and_one_command(name, tmp_path, capsys):
    trace = f"Traceback (most recent call last):\n  File ...\n{REPORTED[name]}\n"
    assert only_failure(dataclasses.replace(GOOD, trial=trace, trial_ok=False)).subject == name
    log = tmp_path / "log.txt"
    log.write_text(trace)
    assert cli.main(["doctor", "--log", str(log)]) == 1
    shown = capsys.readouterr().out
    assert f"FAIL  {name}: " in shown
    assert "mend: " in shown


def test_an_unknown_failure_is_not_given_a_wrong_name():
    bad = only_failure(dataclasses.replace(GOOD, trial="KeyError: 'x'", trial_ok=False))
    assert bad.what == "KeyError: 'x'"
    assert "not among the failures known" in bad.why
