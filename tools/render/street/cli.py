"""Command line of the Kerbside generator.

    python -m tools.render.street --seed 30 --out scene-30/        one scene to look at
    python -m tools.render.street --all --frames DIR --workers 2   everything, resumable
    python -m tools.render.street --pack --frames DIR              the finished set to data/kerbside

Rendering needs Blender as a Python module (`requirements/render.txt`); packing the finished frames
into TFRecords, COCO JSON and clips runs in the course's environment instead.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import multiprocessing
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from helpers.files import write_text

from .plan import ClipJob, StillJob, all_jobs

DEFAULT_FRAMES = Path("build/kerbside_frames")
DATASET = Path("data/kerbside")
MISSING = (
    "Blender's Python module `bpy` is not installed in this interpreter. The generators need it, "
    "the labs do not: use Python 3.11 and run `pip install -r requirements/render.txt`, or "
    "`make data`, which prepares an environment of its own."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.render.street", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--all", action="store_true", help="render whatever is not finished yet")
    what.add_argument("--pack", action="store_true", help="write the dataset from its frames")
    what.add_argument("--seed", type=int, help="render one scene; also the street's seed")
    parser.add_argument("--scene", type=int, default=0, help="scene of that street (default 0)")
    parser.add_argument("--out", type=Path,
                        help="folder of the one scene, or of the dataset (default data/kerbside)")
    parser.add_argument("--partial", action="store_true",
                        help="pack what is finished so far (a preview, not for release)")
    parser.add_argument("--frames", type=Path, default=DEFAULT_FRAMES,
                        help=f"folder of finished frames (default {DEFAULT_FRAMES})")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--limit", type=int, help="only the first N stills and clips")
    options = parser.parse_args(arguments)
    if options.pack:
        return pack_all(options.frames, options.out or DATASET, options.partial)
    if importlib.util.find_spec("bpy") is None:
        print(f"error: {MISSING}", file=sys.stderr)
        return 2
    if options.all:
        return render_all(options.frames, options.workers, options.limit)
    if options.out is None:
        parser.error("--seed needs --out")
    render_one(options.seed, options.scene, options.out)
    return 0


def pack_all(frames: Path, out: Path, partial: bool) -> int:
    """Write the dataset; report missing frames."""
    from .pack import NotFinished, pack

    try:
        manifest = pack(frames, out, partial=partial)
    except NotFinished as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(json.dumps({key: manifest[key] for key in ("complete", "stills", "clips")}))
    return 0


def render_one(seed: int, scene: int, out: Path) -> None:
    """Render one scene as pictures and JSON for inspection."""
    import cv2

    from .frames import save_frame
    from .preview import label_picture, overlay
    from .quiet import quiet
    from .studio import Studio
    from .zone_files import camera_file

    with quiet():
        studio = Studio(threads=os.cpu_count() or 1)
        try:
            frame = studio.still(seed, scene)
            camera = camera_file(studio.scene.layout)
        finally:
            studio.close()
    out.mkdir(parents=True, exist_ok=True)
    save_frame(out / "frame.npz", frame)
    pictures = {
        "picture": frame.image,
        "labels": label_picture(frame),
        "overlay": overlay(frame, camera),
    }
    for name, picture in pictures.items():
        cv2.imwrite(str(out / f"{name}.png"), picture[..., ::-1])
    (out / "camera.json").write_text(json.dumps(camera, indent=1))
    (out / "facts.json").write_text(json.dumps(frame.facts, indent=1))
    print(out)


def render_all(frames: Path, workers: int, limit: int | None = None) -> int:
    """Render all unfinished jobs in several processes, one street at a time each."""
    from tqdm import tqdm

    groups: dict[tuple[str, int], list[StillJob | ClipJob]] = {}
    for job in all_jobs()[:limit]:
        groups.setdefault((type(job).__name__, job.camera), []).append(job)
    total = sum(job.frames if isinstance(job, ClipJob) else 1 for g in groups.values() for job in g)
    tasks = [(frames, group) for group in groups.values()]
    write_cameras(frames)
    context = multiprocessing.get_context("spawn")
    counter = context.Queue()
    failed = 0
    with (
        tqdm(total=total, unit="frame", smoothing=0.02) as bar,
        context.Pool(workers, _start_worker, (counter,), maxtasksperchild=12) as pool,
    ):
        results = pool.imap_unordered(_work, tasks)
        pending = len(tasks)
        while pending:
            try:
                problem = results.next(timeout=2)
                pending -= 1
                if problem:
                    failed += 1
                    tqdm.write(problem, file=sys.stderr)
            except multiprocessing.TimeoutError:
                pass
            while not counter.empty():
                bar.update(counter.get())
    print(f"{total} frames in {frames}, {failed} streets failed")
    return 1 if failed else 0


def write_cameras(frames: Path) -> None:
    """Write the zone file of every camera."""
    from .plan import SPLITS, camera_seeds
    from .street_plan import make_layout
    from .zone_files import camera_file

    folder = frames / "cameras"
    folder.mkdir(parents=True, exist_ok=True)
    for split in SPLITS:
        for seed in camera_seeds(split):
            path = folder / f"{seed}.json"
            content = {"split": split, **camera_file(make_layout(seed))}
            write_text(path, json.dumps(content, indent=1))


_progress = None


def _start_worker(counter) -> None:
    global _progress
    _progress = counter
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # Blender reports every render there


def _work(task: tuple[Path, list[StillJob | ClipJob]]) -> str | None:
    """Render the jobs of one street; returns what went wrong, if anything did."""
    from .frames import is_finished
    from .studio import shared_studio

    frames, jobs = task
    try:
        for job in jobs:
            if isinstance(job, ClipJob):
                if all(is_finished(job.path(frames, k)) for k in range(job.frames)):
                    _progress.put(job.frames)
                else:
                    shared_studio().clip(job, frames, _progress.put)
            else:
                if not is_finished(job.path(frames)):
                    shared_studio().save_still(job, frames)
                _progress.put(1)
    except Exception as error:  # one street must not stop the others; the exit status tells
        return f"{jobs[0].name}: {type(error).__name__}: {error}"
    return None
