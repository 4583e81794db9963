"""The parking analysis of many clips as an Apache Beam pipeline.

Introduced in lab 5, for a city with more cameras than one machine can watch. The same pipeline runs
on the machine at hand (the default runner), and on Dataflow, Flink or Spark with their options. A
clip is the unit that is done whole or done again; its events have the same names in every run, so a
clip that is done twice tells nothing twice. Rests on `helpers.beam_runner`, which says how Beam is
installed, and on `parking`.

    python -m parking.beam CLIP.mp4 ... --cameras DIR --out events.jsonl --workers 2
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from helpers import beam_runner, files
from helpers.errors import CourseError, SetupError

try:
    beam = beam_runner.activate()
except SetupError as error:  # as for any missing package, for whoever can do without
    raise ImportError(str(error)) from error

VERSION = beam.__version__


class AnalyseClip(beam.DoFn):
    """From a clip's path to its events as dictionaries; loads the model once for each worker."""

    def __init__(self, cameras: str, model: str, limit: float) -> None:
        """
        Args:
            cameras: folder of camera files, `NAME.json` each.
            model: as `load_detector` takes it, or "truth" for the true masks beside the clip.
            limit: seconds that a vehicle may stand.
        """
        self.cameras, self.model, self.limit = cameras, model, limit
        self.detector = None

    def setup(self) -> None:
        """Called by Beam once for each worker."""
        if self.model == "truth":
            return
        import helpers

        helpers.setup(quiet=True)
        from helpers.detector import load_detector

        self.detector = load_detector(self.model)

    def process(self, path: str) -> Iterator[dict]:
        """All events of one clip, and what made it incomplete as an event of kind `problem`."""
        from parking.analysis import Analysis, watch
        from parking.clips import open_clip
        from parking.zones import read_camera

        name = _camera_of(Path(path))
        try:
            camera = read_camera(Path(self.cameras) / f"{name}.json")
            clip = open_clip(path, camera)
            analysis = Analysis(clip.name, camera, clip.fps, self.limit)
            for _ in watch(clip, camera, self._detect(path, clip.size), analysis):
                pass
        except CourseError as error:  # one bad clip of thousands must not stop the others
            yield {"clip": Path(path).stem, "kind": "problem", "problem": str(error)}
            return
        for event in analysis.events:
            yield {"clip": clip.name, **event.as_json()}
        for problem in analysis.problems:
            yield {"clip": clip.name, "kind": "problem", "problem": problem}

    def _detect(self, path: str, size: tuple[int, int]):
        if self.model == "truth":
            from parking.scores import truth_detector

            stored = json.loads(Path(path).with_suffix(".json").read_text(encoding="utf-8"))
            return truth_detector(stored, size)
        detector = self.detector
        return lambda image: detector(image, threshold=0.3)


def _camera_of(path: Path) -> str:
    """The camera's name: Kerbside's clips have it between two hyphens, others are called by it."""
    parts = path.stem.split("-")
    return parts[1] if len(parts) == 3 else path.stem


def run(
    clips: Sequence[str | os.PathLike],
    cameras: str | os.PathLike,
    *,
    model: str = "kerbside",
    limit: float = 8.0,
    runner: str = beam_runner.LOCAL,
    workers: int = 1,
    options: Sequence[str] = (),
) -> list[dict]:
    """Analyses clips and returns their events, by clip and first frame.

    Args:
        clips: video files, of cameras whose names they bear.
        cameras: folder of the camera files.
        model: as `load_detector` takes it, or "truth".
        limit: seconds that a vehicle may stand.
        runner: as `beam_runner.pipeline` takes it.
        workers: processes of the local runner.
        options: more of Beam's options, such as another runner's.
    """
    step = AnalyseClip(str(Path(cameras).resolve()), model, limit)
    with tempfile.TemporaryDirectory() as folder:
        with beam_runner.pipeline(runner, workers=workers, options=options) as pipeline:
            (
                pipeline
                | "clips" >> beam.Create([str(Path(clip).resolve()) for clip in clips])
                | "share out" >> beam.Reshuffle()
                | "analyse" >> beam.ParDo(step)
                | "as JSON" >> beam.Map(json.dumps)
                | "write" >> beam.io.WriteToText(str(Path(folder) / "events"), ".jsonl")
            )
        lines = [
            json.loads(line)
            for part in sorted(Path(folder).glob("events*"))
            for line in part.read_text(encoding="utf-8").splitlines()
        ]
    return sorted(lines, key=lambda e: (e["clip"], e.get("first_frame", -1), e.get("event", "")))


def main(arguments: list[str] | None = None) -> int:
    """Writes one JSON object an event; the last line printed counts them."""
    parser = argparse.ArgumentParser(
        prog="python -m parking.beam", description=__doc__.split("\n\n")[0]
    )
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--cameras", type=Path, required=True, help="folder of camera files")
    parser.add_argument("--out", type=Path, required=True, help="file of events, one JSON a line")
    parser.add_argument("--model", default="kerbside", help="as load_detector takes it")
    parser.add_argument("--limit", type=float, default=8.0, help="seconds; default: %(default)s")
    parser.add_argument("--workers", type=int, default=1, help="processes; default: %(default)s")
    parser.add_argument("--runner", default=beam_runner.LOCAL, help="default: %(default)s")
    chosen, options = parser.parse_known_args(arguments)  # the rest is Beam's
    events = run(
        chosen.clips,
        chosen.cameras,
        model=chosen.model,
        limit=chosen.limit,
        runner=chosen.runner,
        workers=chosen.workers,
        options=options,
    )
    files.write_text(chosen.out, "".join(json.dumps(event) + "\n" for event in events))
    problems = sum(event["kind"] == "problem" for event in events)
    violations = sum(event.get("violation", False) for event in events)
    counts = {"clips": len(chosen.clips), "events": len(events) - problems}
    print(json.dumps(counts | {"violations": violations, "problems": problems}))
    return 2 if problems else 0


if __name__ == "__main__":
    # By its own name, or worker processes would look for `AnalyseClip` in their own __main__.
    from parking.beam import main as entry

    sys.exit(entry())
