"""TFOD2's own programs run, from any folder, and what is no program of it is refused."""

from __future__ import annotations

import subprocess
import sys

import pytest

import helpers
from helpers import tfod

pytestmark = pytest.mark.skipif(
    not tfod.installed(), reason=f"TFOD2 is not installed: {tfod.INSTALL}"
)


def tools_tfod(*arguments: str, cwd=helpers.ROOT) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "tools.tfod", *arguments],
        cwd=cwd,
        env={"PYTHONPATH": str(helpers.ROOT), "PATH": "", "TF_DETERMINISTIC_OPS": "1"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def test_a_program_shows_its_own_help(tmp_path):
    """It is imported whole, with all that it imports: unpatched, `tf.estimator` stops it."""
    done = tools_tfod("run", "model_main_tf2", "--help", cwd=tmp_path)
    assert "--checkpoint_dir" in done.stdout, done.stderr[-2000:]
    assert "--pipeline_config_path" in done.stdout


REFUSED = """
import contextlib, sys
from tools.tfod.__main__ import main
with contextlib.redirect_stderr(sys.stdout):
    print(main(["run", "model_main"]))
"""


def test_what_is_no_program_of_tfod2_is_refused_with_those_that_are(tfod2):
    said, status = tfod2.run(REFUSED).splitlines()
    assert status == "1"
    assert said.startswith("tools.tfod: run: expected tensorboard or one of TFOD2's programs (")
    for name in ("model_main_tf2", "exporter_main_v2", "dataset_tools.create_pet_tf_record"):
        assert name in said
