"""TFOD2 in the process where it is active, and what is refused and listed elsewhere."""

from __future__ import annotations

import csv
import os

import pytest

from helpers import environment, tfod
from helpers.errors import SetupError

needs_tfod2 = pytest.mark.skipif(
    not tfod.installed(), reason=f"TFOD2 is not installed: {tfod.INSTALL}"
)


def test_activated_tfod2_reads_the_courses_configuration_and_decodes(tfod2):
    """Fails without any one of the shim's pieces that the import and the decoder need."""
    code = """
from helpers import environment, tfod
tfod.activate()  # once more
import sys, tensorflow as tf
from object_detection.data_decoders import tf_example_decoder
from object_detection import model_lib_v2, exporter_lib_v2
from object_detection.utils import visualization_utils
config = tfod.read_config()
print(config.model.faster_rcnn.num_classes, config.train_input_reader.mask_type)
print(sys.path[-1] == str(environment.TFOD2_FOLDER))
print(tf.keras.layers.Layer.__module__.split(".")[0])
"""
    assert tfod2.run(code).splitlines()[-3:] == ["3 2", "True", "tf_keras"]


@needs_tfod2
def test_the_wrong_keras_is_refused_with_what_to_do():
    import tensorflow as tf

    assert tf.keras.__version__.startswith("3")
    with pytest.raises(SetupError, match=r"expected Keras 2.*found Keras 3.*Restart the kernel"):
        tfod.activate()
    assert "TF_USE_LEGACY_KERAS" not in os.environ


def test_model_garden_needs_neither_shim_nor_legacy_keras():
    """Its Keras is tf_keras, beside Keras 3."""
    import tensorflow as tf
    from official.vision.modeling import maskrcnn_model
    from tensorflow.python.autograph.core import config

    assert not hasattr(config, "_tfod2") and "TF_USE_LEGACY_KERAS" not in os.environ
    assert tf.keras.__version__.startswith("3")
    assert not issubclass(maskrcnn_model.MaskRCNNModel, tf.keras.Model)


@pytest.fixture
def without_tfod2(monkeypatch, tmp_path):
    monkeypatch.setattr(environment, "TFOD2_FOLDER", tmp_path / "tfod2")
    assert not tfod.installed()


def test_where_tfod2_is_missing_it_says_how_to_install_it(without_tfod2):
    with pytest.raises(SetupError, match=r"install_tfod2\(\).* `python -m tools\.tfod install`"):
        tfod.activate()


def test_an_installation_that_fails_ends_with_what_pip_said(without_tfod2, monkeypatch, tmp_path):
    monkeypatch.setattr(environment, "TFOD2", tmp_path / "list.txt")
    environment.TFOD2.write_text("tf-slim==0.0.0 --hash=sha256:" + 64 * "0" + "\n")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SetupError, match=r"list\.txt: expected success.*tf-slim==0\.0\.0"):
        environment.install_tfod2()
    assert not tfod.installed()


def test_experiments_are_those_of_the_package(tfod2):
    code = """
from helpers import tfod
found = tfod.experiments()
print(len(found), found["maskrcnn_resnetfpn_coco"].task.model.include_mask)
"""
    assert tfod2.run(code).splitlines()[-1] == "32 True"


def test_the_published_zoo_has_one_mask_rcnn():
    with tfod.ZOO.open(encoding="utf-8", newline="") as table:
        zoo = list(csv.DictReader(table))
    (only,) = [m for m in zoo if m["architecture"] == "Mask R-CNN"]
    assert (only["box_map"], only["mask_map"], only["speed_ms"]) == ("39.0", "34.6", "301")
    assert only["outputs"] == "boxes masks"
    assert len([m for m in zoo if m["config"]]) == 40
    assert [m for m in zoo if m["mask_map"]] == [only]


def test_another_files_text_is_named_with_its_line(tmp_path, tfod2):
    (tmp_path / "not_a_pipeline.config").write_text("model {\n  faster_rcn { }\n}\n")
    code = f"""
from pathlib import Path
from helpers import tfod
from helpers.errors import DataError
for name in ("not_a_pipeline.config", "absent.config"):
    try:
        tfod.read_config(Path({str(tmp_path)!r}, name))
    except DataError as error:
        print(error)
"""
    wrong, absent = tfod2.run(code).splitlines()[-2:]
    assert wrong.startswith("not_a_pipeline.config: expected a TFOD2 pipeline configuration")
    assert "2:3" in wrong
    assert "faster_rcn" in wrong
    assert "absent.config" in absent


def test_a_configuration_survives_being_written_and_builds_a_network_that_answers(tmp_path, tfod2):
    code = f"""
import pathlib
import numpy as np
from helpers import tfod
config = tfod.read_config()
copy = pathlib.Path({str(tmp_path / "a.config")!r})
copy.write_text(str(config))
assert tfod.read_config(copy) == config
import tensorflow as tf
tf.keras.utils.set_random_seed(1)
found = tfod.forward(tfod.build(config), np.zeros((90, 120, 3), np.uint8))
print(found["detection_boxes"].shape, found["detection_masks"].shape)
"""
    assert tfod2.run(code).splitlines()[-1] == "(10, 4) (10, 14, 14)"
