"""Rendering of all toy pets with several processes, resumable after an interruption.

Finished pictures are kept; a picture counts as finished once its facts are written, which is the
last step. It rests on `contract` and tqdm; Blender is imported in the worker processes alone.
"""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path

from tools.render.pets import contract
from tools.render.pets.contract import SPECIES, SPLITS, Frame, species_of

SPARE = 2
"""Accepted pictures of each species beyond a split's need: look-alikes are dropped when packing."""


class Progress:
    """Counts accepted pictures and names the next seeds to render, in the order of seeds."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.accepted = {(split, species): 0 for split in SPLITS for species in SPECIES}
        self._next = self._seeds()

    @property
    def total(self) -> int:
        """Accepted pictures wanted in all."""
        return sum(2 * _wanted(split) for split in SPLITS)

    def count(self, frame: Frame) -> int:
        """Note a finished picture; return 1 if it brings the splits nearer to full, else 0."""
        split = split_of(frame.seed)
        key = split, frame.species
        if frame.rejected or self.accepted[key] >= _wanted(split):
            return 0
        self.accepted[key] += 1
        return 1

    def next_seed(self) -> int | None:
        """The next seed that is not rendered yet, or None if nothing more is needed."""
        return next(self._next, None)

    def _seeds(self) -> Iterator[int]:
        for name, seed in _side_by_side():
            full = self.accepted[name, species_of(seed)] >= _wanted(name)
            if not full and contract.read_frame(self.folder, seed) is None:
                yield seed


def _side_by_side() -> list[tuple[str, int]]:
    """Names of splits and their seeds, so ordered that all splits fill up at the same pace."""
    order = [
        ((seed - split.first_seed) / split.pictures, name, seed)
        for name, split in SPLITS.items()
        for seed in split.seeds
    ]
    return [(name, seed) for _, name, seed in sorted(order)]


def _wanted(split: str) -> int:
    return SPLITS[split].pictures // len(SPECIES) + SPARE


def split_of(seed: int) -> str:
    """Name of the split that a seed belongs to."""
    return next(name for name, split in SPLITS.items() if seed in split.seeds)


def render_all(folder: Path, workers: int) -> None:
    """Render until every split has enough accepted pictures.

    Args:
        folder: Output folder; finished pictures in it are kept.
        workers: Number of processes, which share the cores.

    Raises:
        ImportError: Blender's Python module is missing.
    """
    # Found but not imported: bpy puts folders of its own before the others in sys.path, and worker
    # processes would inherit them and import the wrong `bpy`.
    if importlib.util.find_spec("bpy") is None:
        raise ImportError(contract.BPY_IS_MISSING)
    from tqdm import tqdm

    folder.mkdir(parents=True, exist_ok=True)
    for leftover in folder.glob(".*.tmp"):
        leftover.unlink()
    progress = Progress(folder)
    bar = tqdm(total=progress.total, unit="picture", desc="toy pets")
    for split in SPLITS.values():
        for seed in split.seeds:
            frame = contract.read_frame(folder, seed)
            if frame is not None:
                bar.update(progress.count(frame))
    threads = max(1, (os.cpu_count() or 1) // workers)
    context = multiprocessing.get_context("spawn")
    with bar, ProcessPoolExecutor(workers, context, _start_worker, (threads,)) as pool:
        running: set[Future] = set()
        while True:
            while len(running) < workers and (seed := progress.next_seed()) is not None:
                running.add(pool.submit(_render_one, folder, seed))
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                bar.update(progress.count(future.result()))


def _start_worker(threads: int) -> None:
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    silence_blender()
    from tools.render.pets import render

    render.set_up(threads)


def _end_with_parent(parent: int) -> None:
    """End this process once its parent is gone: a killed run must leave no worker behind."""
    while os.getppid() == parent:
        time.sleep(2)
    os._exit(1)


def _render_one(folder: Path, seed: int) -> Frame:
    from tools.render.pets.picture import make_picture, save_picture

    picture = make_picture(seed)
    save_picture(folder, picture)
    return picture.frame


def silence_blender() -> None:
    """Discard Blender's output for every file; errors still reach stderr."""
    sys.stdout.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
