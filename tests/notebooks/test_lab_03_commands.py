"""Lab 3 prints commands; each one is run here as it is printed, at toy size, from another folder.

The lab runs them as well (its headline `commands_run` counts them). Here they run on two records of
64 x 64 pixels and for two steps, so that a command that no longer works is found by its name.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image

import helpers
from helpers import records, tfod
from tools import notebooks
from tools.tfod.__main__ import parser

STEPS = 2
SIDE = 64


def lab() -> nbformat.NotebookNode:
    (path,) = notebooks.find_labs(["3"])
    return nbformat.read(path, as_version=4)


def printed() -> list[str]:
    """Every command that a cell prints and runs, in order."""
    found = []
    for cell in lab().cells:
        if cell.cell_type != "code":
            continue
        for node in ast.walk(ast.parse(cell.source)):
            name = getattr(getattr(node, "func", None), "id", "")
            if name in ("start", "command") and isinstance(
                node.args[0], (ast.Constant, ast.JoinedStr)
            ):
                text = eval(compile(ast.Expression(node.args[0]), "lab", "eval"), {"STEPS": STEPS})
                found.append(" ".join(text.split()))
    return found


def in_prose() -> list[str]:
    """Commands of the course in the lab's text."""
    text = "\n".join(cell.source for cell in lab().cells if cell.cell_type == "markdown")
    return re.findall(r"^python -m tools\.[^#\n]*", text, re.MULTILINE)


def test_the_four_commands_of_tfod2_are_there():
    text = "\n".join(printed())
    for words in (
        "model_main_tf2 --pipeline_config_path=build/lab3/pipeline.config",
        "--checkpoint_dir=build/lab3/training",
        "exporter_main_v2 --input_type=image_tensor",
        "run tensorboard --inspect --logdir",
    ):
        assert words in text


def test_the_headline_counts_all_of_them():
    (headline,) = [
        output.data[key]
        for cell in lab().cells
        if cell.cell_type == "code"
        for output in cell.outputs
        for key in getattr(output, "data", {})
        if key.endswith("metrics+json")
    ]
    assert headline["commands_run"] == len(set(printed()))
    assert headline["records_equal"] == 80
    assert headline["detections_with_patch"] > headline["detections_without_patch"]


@pytest.mark.parametrize("line", [*printed(), *in_prose()])
def test_a_printed_command_is_one_of_the_courses(line):
    words = shlex.split(line)
    assert words[:2] == ["python", "-m"]
    assert words[2] in ("tools.tfod", "tools.records")
    if words[2] == "tools.tfod":
        parser().parse_args(words[3:])


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with what the commands read, made small."""
    top = tmp_path_factory.mktemp("commands")
    work = top / "build" / "lab3"
    (work / "labelme").mkdir(parents=True)
    (work / "coco" / "images").mkdir(parents=True)
    image = np.full((SIDE, SIDE, 3), 90, np.uint8)
    mask = np.zeros((1, SIDE, SIDE), bool)
    mask[0, 16:48, 12:50] = True
    image[mask[0]] = (220, 60, 40)
    box = np.array([[16.0, 12.0, 48.0, 50.0]])
    one = records.Example(image, box, np.array([1]), mask, np.zeros(1, bool), "a", ("car",))
    for split in ("train", "val"):
        records.write(work / "toy" / f"{split}.tfrecord", [one, one])
    text = records.label_map_text({1: "car", 2: "van", 3: "person"})
    (work / "toy" / "label_map.pbtxt").write_text(text)
    (work / "message.txt").write_text("TypeError: Descriptors cannot be created directly.")
    corners = [(12, 16), (50, 16), (50, 48), (12, 48)]
    sizes = {"imageHeight": SIDE, "imageWidth": SIDE}
    shape = {"label": "car", "shape_type": "polygon", "points": corners}
    Image.fromarray(image).save(work / "labelme" / "street.jpg")
    Image.fromarray(image).save(work / "coco" / "images" / "a.jpg")
    Image.fromarray(image).save(work / "coco" / "images" / "b.jpg")
    content = {"imagePath": "street.jpg", "shapes": [shape], **sizes}
    (work / "labelme" / "street.json").write_text(json.dumps(content))
    polygon = [[12, 16, 50, 16, 50, 48, 12, 48]]
    coco = {
        "images": [
            {"id": k, "file_name": name, "height": SIDE, "width": SIDE}
            for k, name in enumerate(("a.jpg", "b.jpg"), 1)
        ],
        "annotations": [
            {"id": k, "image_id": k, "category_id": 1, "iscrowd": 0, "area": 1216}
            | {"bbox": [12, 16, 38, 32], "segmentation": polygon}
            for k in (1, 2)
        ],
        "categories": [{"id": 1, "name": "car"}],
    }
    (work / "coco" / "instances.json").write_text(json.dumps(coco))
    text = tfod.CONFIG.read_text()
    for before, now in (
        ("PATH_TO_BE_CONFIGURED/", "build/lab3/toy/"),
        ("num_steps: 24", f"num_steps: {STEPS}"),
        ("total_steps: 24", f"total_steps: {STEPS}"),
        ("warmup_steps: 2", "warmup_steps: 1"),
        ("height: 128 width: 128", f"height: {SIDE} width: {SIDE}"),
    ):
        assert before in text
        text = text.replace(before, now)
    (work / "pipeline.config").write_text(text)
    return top


@pytest.mark.slow
@pytest.mark.skipif(not tfod.installed(), reason=f"TFOD2 is not installed: {tfod.INSTALL}")
@pytest.mark.timeout(900)
def test_each_command_runs_as_printed(folder):
    """In the lab's order: what one command writes, the next one reads."""
    work = folder / "build" / "lab3"
    for line in dict.fromkeys(printed()):
        if "exporter_main_v2" in line:  # the lab renews the averages before
            shutil.copytree(work / "training", work / "renewed")
        words = [sys.executable if word == "python" else word for word in shlex.split(line)]
        done = subprocess.run(
            words,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(helpers.ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout[-1000:]}\n{done.stderr[-3000:]}"
        if "--checkpoint_dir" in line:
            said = done.stdout + done.stderr
            assert f"Exiting evaluation at step {STEPS}" in said
            assert "DetectionMasks_Precision/mAP" in said
        if "tensorboard" in line:
            assert "Loss/total_loss" in done.stdout
    assert (work / "exported" / "saved_model" / "saved_model.pb").is_file()
    assert len(list((work / "training").glob("ckpt-*.index"))) == 2
    assert len(list((work / "coco").glob("street.tfrecord-*"))) == 2
