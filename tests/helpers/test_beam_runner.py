"""Beam, where it is installed, runs beside the labs' packages and writes the same files."""

from __future__ import annotations

import subprocess
import sys

import pytest

import helpers
from helpers import beam_runner, side_packages
from helpers.errors import SetupError

needs_beam = pytest.mark.skipif(
    not beam_runner.installed(), reason=f"Apache Beam is not installed: {beam_runner.INSTALL}"
)


def test_where_beam_is_missing_it_says_how_to_install_it(monkeypatch, tmp_path):
    monkeypatch.setattr(beam_runner, "FOLDER", tmp_path / "beam")
    monkeypatch.setattr(side_packages, "present", lambda package, place: False)
    with pytest.raises(SetupError, match=r"python -m helpers\.beam_runner install"):
        beam_runner.pipeline()


def test_a_package_in_its_folder_is_found_without_an_import(tmp_path):
    assert not side_packages.present("not_a_package_of_anybody", tmp_path)
    (tmp_path / "not_a_package_of_anybody").mkdir()
    (tmp_path / "not_a_package_of_anybody" / "__init__.py").write_text("raise SystemExit")
    assert side_packages.present("not_a_package_of_anybody", tmp_path)


def test_a_folder_goes_to_the_end_of_the_path_and_only_once(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "path", ["first"])
    side_packages.append_to_path(tmp_path / "absent")
    side_packages.append_to_path(tmp_path)
    side_packages.append_to_path(tmp_path)
    assert sys.path == ["first", str(tmp_path)]


@needs_beam
@pytest.mark.parametrize("workers", [1, 2])
def test_a_pipeline_runs_in_as_many_processes_as_asked_for_and_without_a_network(workers):
    """TensorFlow is imported first: Beam has to accept its protobuf, and lab 5 needs both."""
    code = f"""
import os, socket, sys
import tensorflow
connect = socket.socket.connect
def guarded(self, address):
    if not (isinstance(address, tuple) and address[0] in ("127.0.0.1", "localhost", "::1")):
        raise OSError(address)
    connect(self, address)
socket.socket.connect = guarded
from helpers import beam_runner
beam = beam_runner.activate()
def add(total):
    print("sum", sum(total))
with beam_runner.pipeline("DirectRunner", workers={workers}) as pipeline:
    squares = pipeline | beam.Create(range(40)) | beam.Reshuffle() | beam.Map(lambda x: x * x)
    squares | beam.combiners.ToList() | "add" >> beam.Map(add)
    processes = squares | "process" >> beam.Map(lambda x: os.getpid()) | beam.Distinct()
    count = processes | beam.combiners.Count.Globally()
    count | "show" >> beam.Map(lambda number: print("processes", number))
"""
    done = subprocess.run(
        [sys.executable, "-c", "import helpers; helpers.setup(quiet=True)\n" + code],
        cwd=helpers.ROOT,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    shown = done.stdout + done.stderr
    assert f"sum {sum(x * x for x in range(40))}" in shown
    assert f"processes {workers}" in shown
    assert workers > 1 or "not find" not in shown  # worker processes are noisy, this one is not
