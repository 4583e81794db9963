"""Failures that users of TFOD2 report, by the message that they see: what, why, and what mends it.

`python -m helpers.tfod doctor --log FILE` looks a traceback or pip's output up here, and the doctor
itself does so with whatever the import of TFOD2 raised. Introduced in lab 3; the numbers are issues
of github.com/tensorflow/models. Rests on
`helpers.tfod.activation`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from helpers.tfod.activation import INSTALL

SETUP = "make setup"
ACTIVATE = 'python -c "from helpers import tfod; tfod.activate(); import object_detection"'


@dataclass(frozen=True)
class Failure:
    """One known failure."""

    name: str
    pattern: str  # regular expression, searched in the message
    why: str
    mend: str  # one command


FAILURES = (
    Failure(
        "PyYAML under Cython 3",
        r"cython_sources",
        "an old tf-models-official asks for PyYAML 5, whose source does not build with Cython 3 "
        "(11052, 11085, 11220)",
        "pip install --no-deps -r requirements/garden.txt",
    ),
    Failure(
        "protobuf descriptors",
        r"Descriptors cannot(?: not)? be created directly",
        "the _pb2.py files were made by a protoc before 3.19 and protobuf is newer than 3.20",
        INSTALL,
    ),
    Failure(
        "protobuf gencode newer than the runtime",
        r"gencode version|cannot import name 'runtime_version' from 'google\.protobuf'",
        "the _pb2.py files were made by a protoc that is newer than the installed protobuf",
        INSTALL,
    ),
    Failure(
        "protobuf builder missing",
        r"cannot import name 'builder' from 'google\.protobuf",
        "the _pb2.py files need protobuf 3.20 or later, and an older one is installed",
        SETUP,
    ),
    Failure(
        "missing protoc output",
        r"cannot import name '\w+_pb2'|No module named 'object_detection\.protos\.\w+_pb2'",
        "the clone's .proto files were never compiled: protoc was not run, or in another folder "
        "(6148, 7811)",
        INSTALL,
    ),
    Failure(
        "missing tf.estimator",
        r"no attribute 'estimator'|cannot import name 'estimator'|tensorflow[._]estimator",
        "TensorFlow 2.16 removed tf.estimator (10656)",
        ACTIVATE,
    ),
    Failure(
        "tf-slim's control-flow names",
        r"control_flow_ops' has no attribute '(?:case|cond|while_loop)'",
        "tf-slim 1.1 looks in a module that TensorFlow 2.14 emptied (11099, 11113, 13494)",
        ACTIVATE,
    ),
    Failure(
        "TensorFlow 1's contrib",
        r"'tensorflow' has no attribute 'contrib'|No module named 'tensorflow\.contrib",
        "this copy of object_detection is from the days of TensorFlow 1 (7979, 10399)",
        INSTALL,
    ),
    Failure(
        "ImageFont.getsize",
        r"has no attribute 'getsize'",
        "Pillow 10 removed getsize, with which TFOD2 draws its labels",
        ACTIVATE,
    ),
    Failure(
        "np.float",
        r"module 'numpy' has no attribute '(?:float|int|bool|object)'",
        "NumPy 1.24 removed these names, and TFOD2's metrics use them",
        ACTIVATE,
    ),
    Failure(
        "NumPy 1 binary under NumPy 2",
        r"compiled using NumPy 1\.|numpy\.dtype size changed|_ARRAY_API not found",
        "a package, often pycocotools, was built against another NumPy than the installed one",
        SETUP,
    ),
    Failure(
        "Keras 3 where Keras 2 is meant",
        r"KerasTensor cannot be used|'Functional' object has no attribute|module 'keras(?:\.api)?"
        r"[\w.]*' has no attribute '__internal__'|No module named 'keras\.src\.engine'",
        "TFOD2 is written against Keras 2, and tf.keras is Keras 3 since TensorFlow 2.16",
        ACTIVATE,
    ),
    Failure(
        "tf-keras missing",
        r"Keras cannot be imported. Check that it is installed|No module named 'tf_keras'"
        r"|tf_keras package is not installed|requires? .*tf.keras",
        "TF_USE_LEGACY_KERAS=1 asks for Keras 2, which is the package tf-keras",
        'pip install "tf-keras>=2.19,<2.21"',
    ),
    Failure(
        "tensorflow_io missing",
        r"No module named 'tensorflow_io'",
        "TFOD2 imports it for one model (DeepMAC), and it has no build for current TensorFlow",
        ACTIVATE,
    ),
    Failure(
        "tf-slim missing",
        r"No module named 'tf_slim'",
        "TFOD2's layers of TensorFlow 1 lie in tf-slim",
        INSTALL,
    ),
    Failure(
        "lvis missing",
        r"No module named 'lvis'",
        "TFOD2's metrics import it, whether they use it or not",
        INSTALL,
    ),
    Failure(
        "pycocotools missing",
        r"No module named 'pycocotools",
        "COCO's evaluation is in pycocotools",
        'pip install "pycocotools>=2.0.8"',
    ),
    Failure(
        "tensorflow_models needs sentencepiece",
        r"No module named '(?:sentencepiece|tensorflow_text)'",
        "`import tensorflow_models` loads Model Garden's language half; import official.vision",
        'python -c "from official.vision.configs import maskrcnn"',
    ),
    Failure(
        "Model Garden missing",
        r"No module named 'official",
        "TFOD2 and lab 4 use official.*, which is in tf-models-official",
        "pip install --no-deps -r requirements/garden.txt",
    ),
    Failure(
        "OpenCV without a display",
        r"libGL\.so\.1|libgthread",
        "opencv-python wants a display's libraries, which a server does not have",
        "pip uninstall -y opencv-python opencv-contrib-python && "
        "pip install --force-reinstall opencv-python-headless",
    ),
    Failure(
        "no pip network",
        r"No matching distribution found|Temporary failure in name resolution|NewConnectionError",
        "pip did not reach its package registry, or not the version that was asked for",
        INSTALL,
    ),
    Failure(
        "TFOD2 missing",
        r"No module named 'object_detection",
        "TFOD2 is not installed, or lies in its own folder and was not activated",
        INSTALL,
    ),
)


def diagnose(message: str) -> Failure | None:
    """The known failure that a traceback or a log shows; None if it shows none.

    Args:
        message: What Python or pip printed. If it shows several, the one shown first counts,
            since the others follow from it.
    """
    hits = [(hit.start(), f) for f in FAILURES if (hit := re.search(f.pattern, message))]
    return min(hits, key=lambda hit: hit[0])[1] if hits else None
