"""TFOD2 trains, exports and is loaded back; a configuration that is none is named."""

from __future__ import annotations

import subprocess
import sys

import pytest

import helpers
from helpers import tfod
from tests.helpers.tfod.test_activation import in_fresh_python

pytestmark = pytest.mark.skipif(
    not tfod.installed(), reason=f"TFOD2 is not installed: {tfod.INSTALL}"
)

TRAIN = """
import sys
from pathlib import Path
from helpers import records
from helpers.detector import load_detector
from helpers.tfod import model
import numpy as np

folder = Path(sys.argv[1])
image = np.full((128, 128, 3), 90, np.uint8)
mask = np.zeros((1, 128, 128), bool)
mask[0, 32:96, 24:100] = True
image[mask[0]] = (220, 60, 40)
box = np.array([[32.0, 24.0, 96.0, 100.0]])
example = records.Example(image, box, np.array([1]), mask, np.zeros(1, bool), "a", ("car",))
records.write(folder / "train.tfrecord", [example, example])
(folder / "label_map.pbtxt").write_text(records.label_map_text({1: "car", 2: "van", 3: "person"}))
config = model.read_config()
for reader in (config.train_input_reader, config.eval_input_reader[0]):
    reader.label_map_path = str(folder / "label_map.pbtxt")
    reader.tf_record_input_reader.input_path[:] = [str(folder / "train.tfrecord")]
path = model.write_config(config, folder / "pipeline.config")
steps = []
losses = model.train(path, folder / "training", 24, on_step=lambda n, _: steps.append(n))
total = [each["Loss/total_loss"] for each in losses]
# From random weights the loss rises for some ten steps before it falls.
print("steps", steps[-1], len(losses), sum(total[-3:]) < sum(total[:3]))
saved = model.export(config, folder / "training", folder / "exported")
answer = load_detector(saved, label_map=folder / "label_map.pbtxt")(image, threshold=0)
print("answer", answer.masks.shape[1:], len(answer) > 0, set(answer.classes) <= {1, 2, 3})
print("masks", bool(answer.masks.any()))
"""


def test_another_files_text_is_named_with_its_line():
    code = """
from pathlib import Path
from helpers.errors import DataError
from helpers.tfod import model
Path("build").mkdir(exist_ok=True)
path = Path("build/not_a_pipeline.config")
path.write_text("model {\\n  faster_rcn { }\\n}\\n")
for each in (path, Path("build/absent.config")):
    try:
        model.read_config(each)
    except DataError as error:
        print(error)
path.unlink()
"""
    wrong, absent = in_fresh_python(code).splitlines()[-2:]
    assert wrong.startswith("not_a_pipeline.config: expected a TFOD2 pipeline configuration")
    assert "2:3" in wrong
    assert "faster_rcn" in wrong
    assert "absent.config" in absent


@pytest.mark.slow
def test_a_model_is_trained_exported_and_loaded_back(tmp_path):
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import helpers; helpers.setup(quiet=True)\n" + TRAIN,
            str(tmp_path),
        ],
        cwd=helpers.ROOT,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines()[-3:] == [
        "steps 24 24 True",
        "answer (128, 128) True True",
        "masks True",
    ]
