"""Fixtures for all tests, and two rules: settings before TensorFlow, no network by accident."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import numpy as np
import pytest

import helpers
from helpers import tfod
from tests.tfod2 import Tfod2

helpers.setup(quiet=True)  # before any test imports TensorFlow

# No deadline for an example: on a busy machine it would fail tests that are right.
hypothesis.settings.register_profile("course", deadline=None)
hypothesis.settings.load_profile("course")


LONGEST_FIRST = (
    "notebooks/02_unet_oxford_pets.ipynb",
    "notebooks/03_tfod2_and_tfrecords.ipynb",
    "notebooks/05_parking_case_study.ipynb",
    "notebooks/04_mask_rcnn_and_pr_curves.ipynb",
    "tests/notebooks/test_places.py",
    "tests/tools/recipes/maskrcnn/test_model.py",
    "tests/grading/test_class.py",
    "tests/tools/test_release.py",
    "tests/data/test_kerbside.py",
    "tests/helpers/test_training.py",
    "tests/tools/test_run_labs.py",
    "tests/tools/recipes/test_unet.py",
    "tests/grading/test_mutants.py",
)
"""The slowest files. They start first: none may be left for one worker when the other is done."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the slowest files first; `--dist loadfile` hands files out in this order."""
    rank = {name: number for number, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: rank.get(item.nodeid.split("::")[0], len(rank)))
    for item in items:
        if item.nodeid.startswith("notebooks/"):
            item.add_marker(pytest.mark.timeout(0))  # nbval has its own limit for each cell


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return helpers.ROOT


@pytest.fixture(scope="session")
def shared_data(root: Path) -> Path:
    """Real photos to test against, beside the repository; most machines do not have them."""
    folder = root.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("real photographs: they lie in ../shared/data on the authors' machines only")
    return folder


@pytest.fixture(scope="session")
def tfod2() -> Iterator[Tfod2]:
    """A process in which TFOD2 is active."""
    if not tfod.installed():
        pytest.skip(f"TFOD2 is not installed: {tfod.INSTALL}")
    started = Tfod2()
    yield started
    started.close()


@pytest.fixture(scope="session")
def sandboxed() -> str:
    """What this machine's sandbox is made of; the test is skipped where there is none."""
    from tools.grading import sandbox

    try:
        return sandbox.probe()
    except sandbox.SandboxError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def browser() -> Iterator:
    """A headless Chromium that is installed already."""
    playwright = pytest.importorskip("playwright.sync_api")
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
    chromium = next(filter(None, map(shutil.which, names)), None)
    if chromium is None:
        pytest.skip("pages in a browser: install Chromium (apt-get install chromium)")
    with playwright.sync_playwright() as running:
        started = running.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def rng() -> np.random.Generator:
    """The same random numbers in every run, and in every test from the start."""
    return np.random.default_rng(20240229)


@pytest.fixture(autouse=True)
def _no_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Refuses connections to other machines unless the test is marked `network`."""
    if request.node.get_closest_marker("network") is None:
        connect = socket.socket.connect

        def guarded(self: socket.socket, address: object) -> None:
            local = self.family == getattr(socket, "AF_UNIX", None) or (
                isinstance(address, tuple)
                and (str(address[0]).startswith("127.") or address[0] in ("::1", "localhost"))
            )
            if not local:
                raise OSError(f"this test is not marked `network`, but connects to {address}")
            connect(self, address)

        monkeypatch.setattr(socket.socket, "connect", guarded)
    yield
