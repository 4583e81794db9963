"""Composition of the dataset: splits, cameras, scenes and clips.

Splits differ in camera seeds, so no street of one split is seen in another, and scene seeds are
drawn per camera. `all_jobs()` lists every frame in the order of rendering.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

#: split -> (first camera seed, cameras, scenes a camera, clips on the first cameras)
SPLITS: dict[str, tuple[int, int, int, int]] = {
    "train": (1000, 82, 10, 6),
    "val": (2000, 16, 10, 6),
    "test": (3000, 26, 10, 14),
}
CLIP_FRAMES = 48

#: Cameras of test whose clip is rendered a second time in 640 x 480. Cameras often send two
#: streams: a small one, which is analysed, and a large one, which is recorded for evidence.
LARGE = (3000,)


@dataclass(frozen=True)
class StillJob:
    """One still: a camera and a scene seed."""

    split: str
    camera: int
    scene: int

    @property
    def name(self) -> str:
        """Unique name, also the source id of its records."""
        return f"{self.split}-{self.camera}-{self.scene:02d}"

    def path(self, frames: Path) -> Path:
        """Where its finished frame lies."""
        return frames / "stills" / self.split / f"{self.name}.npz"


@dataclass(frozen=True)
class ClipJob:
    """One clip of a camera."""

    split: str
    camera: int
    scene: int
    frames: int = CLIP_FRAMES
    times: int = 1  # as many rows and columns of pixels as the camera's stills have

    @property
    def name(self) -> str:
        """Unique name, also the source id of its records."""
        return f"{self.split}-{self.camera}-{'clip' if self.times == 1 else 'large'}"

    def path(self, frames: Path, number: int) -> Path:
        """Where one of its finished frames lies."""
        return frames / "clips" / self.name / f"{number:03d}.npz"


def camera_seeds(split: str) -> list[int]:
    """The camera seeds of a split."""
    first, count, _, _ = SPLITS[split]
    return list(range(first, first + count))


def still_jobs(split: str) -> list[StillJob]:
    """All stills of a split, camera by camera."""
    scenes = SPLITS[split][2]
    return [StillJob(split, c, s) for c in camera_seeds(split) for s in range(scenes)]


def clip_jobs(split: str) -> list[ClipJob]:
    """The clips of a split; scene seeds apart from those of the stills."""
    return [ClipJob(split, c, 100) for c in camera_seeds(split)[: SPLITS[split][3]]]


def large_jobs(split: str) -> list[ClipJob]:
    """The clips of a split that come in twice the size as well."""
    return [replace(job, times=2) for job in clip_jobs(split) if job.camera in LARGE]


def all_jobs() -> list[StillJob | ClipJob]:
    """Everything: test, val, train stills in turn, so that a part is useful, then the clips."""
    jobs: list[StillJob | ClipJob] = []
    per_split = {split: still_jobs(split) for split in SPLITS}
    shares = {split: len(stills) // len(camera_seeds(split)) for split, stills in per_split.items()}
    rounds = max(len(camera_seeds(split)) for split in SPLITS)
    for k in range(rounds):
        for split, stills in per_split.items():
            n, total = shares[split], len(camera_seeds(split))
            first, last = (k * total) // rounds, ((k + 1) * total) // rounds
            jobs += stills[first * n : last * n]
    for split in ("test", "val", "train"):
        jobs += [*clip_jobs(split), *large_jobs(split)]
    return jobs
