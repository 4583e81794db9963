"""Apache Beam for the course: where it lies, and how a pipeline is started on any of its runners.

Lab 3 converts pictures with it (`python -m helpers.records from-coco ... --runner DirectRunner`),
lab 5 runs its case study on it. The same pipeline runs on this machine or, with another runner's
name and options, on Dataflow, Flink or Spark. Beam is optional (requirements/beam.txt says why it
has a folder of its own) and imported by `activate()`.

    python -m helpers.beam_runner install
"""

from __future__ import annotations

import argparse
import io
import logging
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any

from helpers import ROOT, side_packages
from helpers.errors import SetupError, explain

FOLDER = side_packages.folder("beam")
INSTALL = "python -m helpers.beam_runner install"
LOCAL = "DirectRunner"


def installed() -> bool:
    """Whether Beam lies in its folder, or is importable already."""
    return side_packages.present("apache_beam", FOLDER)


def activate() -> Any:
    """Imports Beam and returns the module; calling it again does no harm.

    Raises:
        SetupError: Beam is not installed.
    """
    if not installed():
        raise SetupError(
            explain(
                "Apache Beam",
                expected=f"the package apache_beam in {FOLDER.name}/",
                found="nothing",
                do=f"Run `{INSTALL}`, or do without --runner.",
            )
        )
    side_packages.append_to_path(FOLDER)
    # Beam starts other processes of this Python, which must find the same modules.
    known = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    needed = [place for place in (str(ROOT), str(FOLDER)) if place not in known]
    os.environ["PYTHONPATH"] = os.pathsep.join([*needed, *filter(None, known)])
    with _silence():
        import apache_beam
    return apache_beam


def pipeline(runner: str = LOCAL, *, workers: int = 1, options: Sequence[str] = ()) -> Any:
    """A Beam pipeline, to be used in a `with` block; it runs at the end of the block.

    Args:
        runner: "DirectRunner" runs on this machine and needs no network. Any other name is Beam's
            (`DataflowRunner`, `FlinkRunner`, `SparkRunner`, ...).
        workers: Processes of the DirectRunner; other runners have options of their own for this.
        options: Command-line options for Beam, such as "--region=europe-west1".

    Raises:
        SetupError: Beam is not installed.
    """
    beam = activate()
    from apache_beam.options.pipeline_options import PipelineOptions

    arguments = ["--default_sdk_harness_log_level=ERROR", *options]
    chosen: Any = runner
    if runner == LOCAL:
        # Since 2.66 that name means Prism, a program that Beam downloads from its releases. The
        # runner in Python, which it falls back to, is asked for by itself.
        from apache_beam.runners.portability.fn_api_runner import FnApiRunner

        chosen = FnApiRunner()
        if workers > 1:
            mode = ["--direct_running_mode=multi_processing", f"--direct_num_workers={workers}"]
            arguments += mode
    return beam.Pipeline(runner=chosen, options=PipelineOptions(arguments))


@contextmanager
def _silence() -> Iterator[None]:
    """While Beam is imported, which reports each client of Google or MongoDB that it misses."""
    log = logging.getLogger()
    before = list(log.handlers), log.disabled
    log.disabled = True
    try:
        nowhere = io.StringIO()
        with warnings.catch_warnings(), redirect_stdout(nowhere), redirect_stderr(nowhere):
            warnings.simplefilter("ignore")
            yield
    finally:
        log.handlers[:], log.disabled = before


def main(arguments: list[str] | None = None) -> int:
    """Command line; see the module's text."""
    parser = argparse.ArgumentParser(prog="python -m helpers.beam_runner", description="Beam.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("install", help="install requirements/beam.txt into a folder of its own")
    parser.parse_args(arguments)
    try:
        side_packages.install("requirements/beam.txt", FOLDER)
        print(f"Beam {activate().__version__} is in {FOLDER.name}/.")
    except SetupError as error:
        print(f"helpers.beam_runner: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
