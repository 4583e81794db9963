"""TFOD2 is activated in a process of its own, refuses the wrong Keras and lists its models."""

from __future__ import annotations

import subprocess
import sys

import pytest

import helpers
from helpers import tfod
from helpers.errors import SetupError
from helpers.tfod import activation, zoo


def in_fresh_python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", "import helpers; helpers.setup(quiet=True)\n" + code],
        cwd=helpers.ROOT,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()


def test_activated_tfod2_reads_the_courses_configuration_and_decodes():
    """Fails without any one of the shim's pieces that the import and the decoder need."""
    code = """
from helpers import tfod
from helpers.tfod import model
tfod.activate(); tfod.activate()
import sys, tensorflow as tf
from object_detection.data_decoders import tf_example_decoder
from object_detection import model_lib_v2, exporter_lib_v2
from object_detection.utils import visualization_utils
config = model.read_config()
print(config.model.faster_rcnn.num_classes, config.train_input_reader.mask_type)
print(sys.path[-1] == str(tfod.FOLDER), tf.keras.layers.Layer.__module__.split(".")[0])
"""
    assert in_fresh_python(code).splitlines()[-2:] == ["3 2", "True tf_keras"]


def test_the_wrong_keras_is_refused_with_what_to_do():
    code = """
import tensorflow as tf
tf.keras.__version__
from helpers import tfod
from helpers.errors import SetupError
try:
    tfod.activate()
except SetupError as error:
    print(error)
"""
    shown = in_fresh_python(code)
    assert "expected Keras 2" in shown
    assert "found Keras 3" in shown
    assert "Restart the kernel" in shown


def test_model_garden_needs_neither_shim_nor_legacy_keras():
    code = """
import tensorflow as tf
from official.vision.configs import maskrcnn
from official.vision.modeling import maskrcnn_model
print(tf.keras.__version__[0], issubclass(maskrcnn_model.MaskRCNNModel, tf.keras.Model))
"""
    assert in_fresh_python(code) == "3 False"  # its Keras is tf_keras, beside Keras 3


def test_where_tfod2_is_missing_it_says_how_to_install_it(monkeypatch, tmp_path):
    monkeypatch.setattr(activation, "FOLDER", tmp_path / "tfod2")
    assert not tfod.installed()
    with pytest.raises(SetupError, match=r"python -m helpers\.tfod install"):
        tfod.activate()


def test_the_zoo_can_be_filtered():
    with_masks = zoo.models(masks=True)
    assert {m.source for m in with_masks} == {
        zoo.COURSE,
        zoo.PUBLISHED,
        zoo.GARDEN,
    }
    (only,) = [m for m in zoo.published() if m.architecture == "Mask R-CNN"]
    assert (only.box_map, only.mask_map, only.speed_ms) == (39.0, 34.6, 301)
    assert len([m for m in zoo.published() if m.config]) == 40
    with pytest.raises(TypeError, match="no such field: mask;"):
        zoo.models(mask=True)
    lines = zoo.table(with_masks).splitlines()
    assert len(lines) == len(with_masks) + 1
    assert len(zoo.garden()) == 32
