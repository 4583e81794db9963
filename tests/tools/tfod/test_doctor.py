"""The doctor: a healthy environment is all green, and each reported failure gets its name."""

from __future__ import annotations

import dataclasses
import os

import pytest

from helpers import environment, tfod
from tools.tfod import __main__ as cli
from tools.tfod import doctor
from tools.tfod.doctor import Facts, judge

GOOD = Facts(
    versions={
        "tensorflow": "2.20.0",
        "tensorboard": "2.20.0",
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


@pytest.mark.skipif(not tfod.installed(), reason=f"TFOD2 is not installed: {tfod.INSTALL}")
def test_this_environment_is_all_green(capsys):
    start = sum(os.times()[:4])
    assert cli.main(["doctor", "--offline"]) == 0, capsys.readouterr().out
    assert "All is well." in capsys.readouterr().out
    # CPU time, of its processes as well: what else this machine is busy with does not count.
    assert sum(os.times()[:4]) - start < 30  # it takes 10


PLACES = [  # versions seen there; each ran all five labs
    ((3, 13), {"tensorflow": "2.21.0", "tf-keras": "2.21.0", "tensorboard": "2.21.0"}),
    ((3, 12), {"tensorflow": "2.19.1", "tf-keras": "2.19.0", "tensorboard": "2.19.0"}),
    (
        (3, 13),
        {
            "opencv-python": "5.0.0.93",
            "opencv-python-headless": "5.0.0.93",
            "opencv-contrib-python": "4.14.0.94",
        },
    ),
]


@pytest.mark.parametrize(("python", "versions"), PLACES)
@pytest.mark.parametrize("hosted", [False, True])
def test_nothing_fails_where_the_labs_run(python, versions, hosted):
    facts = dataclasses.replace(
        GOOD, python=python, versions={**GOOD.versions, **versions}, hosted=hosted
    )
    assert [finding for finding in judge(facts) if not finding.ok] == []


VERSIONS = [
    ({"tensorflow": "2.15.1", "tf-keras": "2.15.0"}, "tensorflow", "make setup"),
    ({"tensorflow-cpu": "2.20.0"}, "tensorflow", "make setup"),
    ({"tensorboard": ""}, "tensorboard", "tensorboard>=2.19"),
    ({"tf-keras": ""}, "Keras mode", "tf-keras==2.20.*"),
    ({"tf-keras": "2.19.0"}, "Keras mode", "tf-keras==2.20"),
    ({"protobuf": "3.20.3"}, "protobuf", "make setup"),
    ({"pillow": "9.5.0"}, "pillow", "pillow>=10"),
    ({"numpy": "1.26.4"}, "numpy", "make setup"),
    ({"opencv-python-headless": ""}, "OpenCV", "opencv-python-headless"),
    ({"pycocotools": ""}, "pycocotools", "pycocotools>=2.0.8"),
    ({"tf-models-official": "2.20.0"}, "tf-models-official", "make setup"),
]


@pytest.mark.parametrize(("changed", "subject", "mend"), VERSIONS)
def test_a_package_that_does_not_suit_is_named(changed, subject, mend):
    bad = only_failure(dataclasses.replace(GOOD, versions={**GOOD.versions, **changed}))
    assert bad.subject == subject
    assert mend in bad.mend


@pytest.mark.parametrize(
    ("changed", "subject", "mend"),
    [
        ({"python": (3, 14)}, "Python", "PYTHON=python3.12"),
        ({"python": (3, 14), "make": False}, "Python", "Install one of these"),
        ({"versions": {**GOOD.versions, "pillow": ""}, "pip": False}, "pillow", "make setup"),
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


@pytest.mark.parametrize("pip", [True, False])
def test_no_advice_that_needs_a_makefile_where_there_is_none(pip):
    """As in the students' edition, in what the set-up cell fetches, and on Windows."""
    facts = Facts(
        python=(3, 14), tfod2=False, trial="ImportError: x", trial_ok=False, free_gb=0,
        make=False, pip=pip,
    )  # fmt: skip
    remedies = [finding.mend for finding in judge(facts) if not finding.ok]
    remedies += [doctor.mend(failure.mend, facts) for failure in doctor.failures()]
    assert not [each for each in remedies if "make " in each or "setup.sh" in each or "{" in each]
    assert sum("-r requirements.txt" in each for each in remedies) >= 5
    for name in environment.REQUIREMENTS:
        assert (environment.ROOT / name).is_file()


def test_whether_there_is_a_makefile_is_looked_at(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor.shutil, "which", lambda _: "/usr/bin/make")
    assert doctor._here().make
    monkeypatch.setattr(doctor, "ROOT", tmp_path)
    assert not doctor._here().make


def test_the_tf_keras_that_is_missing_is_one_that_fits():
    """Any other would bring the TensorFlow along that it is made for."""
    versions = {**GOOD.versions, "tf-keras": ""}
    trace = "ImportError: Keras cannot be imported. Check that it is installed."
    facts = dataclasses.replace(GOOD, versions=versions, trial=trace, trial_ok=False)
    bad = [finding for finding in judge(facts) if not finding.ok and "eras" in finding.subject]
    assert [finding.mend for finding in bad] == ['python -m pip install "tf-keras==2.20.*"'] * 2


def test_two_wheels_of_opencv_are_a_failure_only_where_the_import_fails():
    versions = {**GOOD.versions, "opencv-python": "4.12.0"}
    trace = "Traceback (most recent call last):\nImportError: libGL.so.1: cannot open shared object"
    facts = dataclasses.replace(GOOD, versions=versions, trial=trace, trial_ok=False)
    bad = {finding.subject: finding for finding in judge(facts) if not finding.ok}
    assert bad.keys() == {"OpenCV", "OpenCV without a display"}
    assert "uninstall -y opencv-python opencv-python-headless" in bad["OpenCV"].mend


def test_no_advice_that_cannot_be_followed_on_colab():
    """There is no make there, and the environment is not the reader's to take apart."""
    empty = Facts(
        python=(3, 14), tfod2=False, trial="ImportError: x", trial_ok=False, free_gb=0, hosted=True
    )
    bad = [finding for finding in judge(empty) if not finding.ok]
    assert len(bad) >= 10
    for remedy in [finding.mend for finding in bad] + [
        doctor.mend(failure.mend, empty) for failure in doctor.failures()
    ]:
        assert not any(word in remedy for word in ("make ", "uninstall", "{", "python -m tools"))
        if "set-up cell" not in remedy and "pip" in remedy:
            assert remedy.startswith("%pip install ")


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
    assert REPORTED.keys() == {failure.name for failure in doctor.failures()}


@pytest.mark.parametrize("name", REPORTED)
def test_a_reported_failure_gets_its_name_and_one_command(name, tmp_path, capsys):
    trace = f"OpenCV 5.0.0\nTraceback (most recent call last):\n  File ...\n{REPORTED[name]}\n"
    assert only_failure(dataclasses.replace(GOOD, trial=trace, trial_ok=False)).subject == name
    log = tmp_path / "log.txt"
    log.write_text(trace)
    assert cli.main(["doctor", "--log", str(log)]) == 0
    shown = capsys.readouterr().out
    assert f"FAIL  {name}: " in shown
    assert "mend: " in shown


def test_an_unknown_failure_is_not_given_a_wrong_name():
    bad = only_failure(
        dataclasses.replace(GOOD, trial="OpenCV 5.0.0\nKeyError: 'x'", trial_ok=False)
    )
    assert bad.what == "KeyError: 'x'"
    assert "not among the failures known" in bad.why


PIP = """Collecting tensorflow-estimator==2.15.0
  Downloading tensorflow_estimator-2.15.0-py2.py3-none-any.whl (441 kB)
"""


def test_the_last_error_decides_not_the_first_word_that_fits():
    last = "AttributeError: module 'tensorflow' has no attribute 'contrib'"
    trace = f"{PIP}Traceback (most recent call last):\n  File x\n{last}\n"
    assert doctor.diagnose(trace).name == "TensorFlow 1's contrib"
    overcome = f"ModuleNotFoundError: No module named 'lvis'\nSuccessfully installed lvis\n{trace}"
    assert doctor.diagnose(overcome).name == "TensorFlow 1's contrib"
    assert doctor.diagnose(f"{trace}\nKeyError: 'x'") is None
    wrapped = (
        "      AttributeError: cython_sources\n      [end of output]\n"
        "error: subprocess-exited-with-error\nERROR: Failed to build 'pyyaml'\n"
    )
    assert doctor.diagnose(wrapped).name == "PyYAML under Cython 3"
    timed = "".join(f"2023-05-01T10:30:59.12Z {line}\n" for line in wrapped.splitlines())
    assert doctor.diagnose(timed).name == "PyYAML under Cython 3"


@pytest.mark.parametrize("text", ["", "Step 100 loss=0.3\n", "Epoch 1\nKilled\n"])
def test_a_log_without_an_error_is_not_said_to_have_one(text):
    found = doctor.examine_log(text)
    assert "no error" in found.why and "traceback" not in found.why


def test_a_log_that_says_nothing_of_an_error_shows_none():
    assert doctor.diagnose(PIP) is None
    assert doctor.diagnose("") is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be",
                                      "utf-32", "utf-32-be"])  # fmt: skip
@pytest.mark.parametrize("marked", [False, True])
def test_a_log_is_read_in_whatever_unicode_the_shell_wrote(encoding, marked, tmp_path, capsys):
    log = tmp_path / "log.txt"
    text = "Traceback (most recent call last):\r\nImportError: No module named 'lvis'\r\n"
    mark = "\ufeff" if marked and encoding.endswith(("-be", "-le")) else ""
    log.write_bytes((mark + text).encode(encoding))
    assert cli.main(["doctor", "--log", str(log)]) == 0
    assert "FAIL  lvis missing: ImportError" in capsys.readouterr().out


@pytest.mark.parametrize(
    "line",
    [
        "\x1b[0;31m{}\x1b[0m: {}", "\x1b[31m{}: {}\x1b[0m", "worker_1  | {}: {}", "> {}: {}",
        "> > {}: {}", "    | {}: {}", "pod-7.x | > {}: {}",
        "2023-05-01T10:30:59.1234567Z {}: {}", "May 01 10:30:59 host python[123]: {}: {}",
        "worker_1 | 2023-05-01 10:30:59,123 {}: {}",
    ],
)  # fmt: skip
def test_colours_and_the_marks_of_others_before_a_line_do_no_harm(line, tmp_path, capsys):
    (tmp_path / "log.txt").write_text(
        "Traceback:\n" + line.format("ImportError", "No module named 'lvis'")
    )
    assert cli.main(["doctor", "--log", str(tmp_path / "log.txt")]) == 0
    assert "FAIL  lvis missing" in capsys.readouterr().out


def test_a_log_of_a_failure_that_is_not_known_is_status_1(tmp_path):
    (tmp_path / "log.txt").write_text("Traceback (most recent call last):\nKeyError: 'x'\n")
    assert cli.main(["doctor", "--log", str(tmp_path / "log.txt")]) == 1


def test_a_log_that_is_not_there_is_said_in_one_line(tmp_path, capsys):
    for path in (tmp_path / "absent.log", tmp_path):
        assert cli.main(["doctor", "--log", str(path)]) == 1
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        assert str(path) in said
