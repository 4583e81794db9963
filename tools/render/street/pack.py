"""Packing of finished frames into the shipped dataset: `python -m tools.render.street --pack`.

It runs in the course's environment (TensorFlow, TFDS, OpenCV), not in Blender's. One
set of shards serves everybody: their keys are those of the TensorFlow Object Detection API, and
the same keys, read as a nested structure, are what TFDS expects, so `tfds.load("kerbside",
data_dir="data/kerbside")` reads the very files that TFOD2 reads.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

from helpers.records import Example, label_map_text, parse, serialise, write_payloads

from . import CLIP_FPS, GENERATOR_VERSION, HEIGHT, INSTANCE_CLASSES, WIDTH
from .convert import clip_truth, coco_annotations, coco_categories, to_example
from .datasheet import draw_datasheet
from .frames import load_frame
from .plan import SPLITS, ClipJob, camera_seeds, clip_jobs, large_jobs, still_jobs
from .tfds_files import write_tfds_metadata

JPEG_QUALITY = 80
EXAMPLES_PER_SHARD = 150
LICENCE = "CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/)"
COMMANDS = (
    "python -m tools.render.street --all --frames DIR",
    "python -m tools.render.street --pack --frames DIR",
)


class NotFinished(ValueError):
    """Frames are missing, so the dataset would be incomplete."""


def pack(frames: Path, out: Path, partial: bool = False) -> dict:
    """Write the whole dataset to a new folder, move it into place, and return the manifest.

    Raises:
        NotFinished: frames are missing and `partial` is not set.
    """
    missing = missing_frames(frames)
    if missing and not partial:
        raise NotFinished(
            f"{len(missing)} frames are not rendered yet, the first is {missing[0]}; "
            f"run `{COMMANDS[0].replace('DIR', str(frames))}`, or give --partial for a preview"
        )
    building = out.with_name(f".{out.name}.building")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    shards, counts = {}, {}
    for split in SPLITS:
        shards[split] = pack_stills(frames, building, split)
        counts[split] = sum(shard["examples"] for shard in shards[split])
    write_tfds_metadata(building / "kerbside" / GENERATOR_VERSION, shards)
    clips = [pack_clip(frames, building, job) for split in SPLITS
             for job in (*clip_jobs(split), *large_jobs(split))
             if all(job.path(frames, k).exists() for k in range(job.frames))]
    shutil.copytree(frames / "cameras", building / "cameras")
    (building / "label_map.pbtxt").write_text(label_map())
    draw_datasheet(building)
    manifest = write_manifest(building, counts, len(clips), complete=not missing)
    _replace_folder(building, out)
    return manifest


def missing_frames(frames: Path) -> list[Path]:
    """Paths of all missing frames of the plan."""
    wanted = [job.path(frames) for split in SPLITS for job in still_jobs(split)]
    wanted += [
        job.path(frames, k) for split in SPLITS
        for job in (*clip_jobs(split), *large_jobs(split)) for k in range(job.frames)
    ]
    return [path for path in wanted if not path.exists()]


def pack_stills(frames: Path, out: Path, split: str) -> list[dict]:
    """Write the shards and the COCO file of one split; returns name and size of each shard."""
    jobs = [job for job in still_jobs(split) if job.path(frames).exists()]
    folder = out / "kerbside" / GENERATOR_VERSION
    total = -(-len(jobs) // EXAMPLES_PER_SHARD)
    shards, images, annotations = [], [], []
    bar = tqdm(total=len(jobs), desc=split, unit="still")
    for number in range(total):
        path = folder / f"kerbside-{split}.tfrecord-{number:05d}-of-{total:05d}"

        def payloads(part=jobs[number::total]) -> Iterator[bytes]:
            for job in part:
                example = to_example(load_frame(job.path(frames)), job.name, split)
                payload = serialise(example, "jpeg", encoded=encode(example.image))
                check(example, payload, job.name)
                image_id = len(images) + 1
                images.append({"id": image_id, "file_name": f"{job.name}.jpeg", "width": WIDTH,
                               "height": HEIGHT, "camera": job.camera, "scene": job.scene,
                               "light": example.facts["light"]["mood"]})
                annotations.extend(coco_annotations(example, image_id, len(annotations) + 1))
                bar.update(1)
                yield payload

        count = write_payloads(path, payloads())
        shards.append({"examples": count, "bytes": path.stat().st_size})
    bar.close()
    coco = {
        "info": {"description": f"Kerbside {split}", "version": GENERATOR_VERSION},
        "licenses": [{"id": 1, "name": LICENCE}],
        "categories": coco_categories(),
        "images": images,
        "annotations": annotations,
    }
    write_json(out / "annotations" / f"{split}.json", coco)
    return shards


def encode(image: np.ndarray) -> bytes:
    """JPEG as a street camera stores it, with colour at half resolution."""
    import tensorflow as tf

    return tf.io.encode_jpeg(image, quality=JPEG_QUALITY, optimize_size=True).numpy()


def check(example: Example, payload: bytes, name: str) -> None:
    """Read a record back: everything except the JPEG pixels must be unchanged."""
    back = parse(payload, name)
    same = (
        (back.masks == example.masks).all()
        and (back.amodal == example.amodal).all()
        and (back.semantic == example.semantic).all()
        and (back.classes == example.classes).all()
        and abs(back.boxes - example.boxes).max(initial=0) < 1e-3
    )
    if not same:
        raise ValueError(f"{name}: the record does not read back as it was written")


def pack_clip(frames: Path, out: Path, job: ClipJob) -> Path:
    """Write the MP4 and the truth of one clip."""
    import cv2

    loaded = [load_frame(job.path(frames, k)) for k in range(job.frames)]
    folder = out / ("clips" if job.times == 1 else "large")
    folder.mkdir(exist_ok=True)
    path, size = folder / f"{job.name}.mp4", loaded[0].ids.shape[::-1]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), CLIP_FPS, size)
    if not writer.isOpened():
        raise RuntimeError(f"{path}: OpenCV cannot write MPEG-4 video here")
    for frame in loaded:
        writer.write(frame.image[..., ::-1])
    writer.release()
    if job.times == 1:  # the larger one shows the same, frame by frame
        write_json(folder / f"{job.name}.json", clip_truth(loaded, job.name, job.split))
    return path


def label_map() -> str:
    """TFOD2's label map."""
    return label_map_text(dict(enumerate(INSTANCE_CLASSES, start=1)))


def write_json(path: Path, content: dict) -> None:
    """Write compact JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, separators=(",", ":")) + "\n")


def write_manifest(folder: Path, counts: dict, clips: int, complete: bool) -> dict:
    """Write `manifest.json` with the SHA-256 of every other file."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    manifest = {
        "name": "kerbside",
        "generator_version": GENERATOR_VERSION,
        "complete": complete,
        "commands": list(COMMANDS),
        "licence": LICENCE,
        "stills": counts,
        "clips": clips,
        "seeds": {
            split: {
                "cameras": camera_seeds(split),
                "scenes_per_camera": SPLITS[split][2],
                "clips": [[job.camera, job.scene] for job in clip_jobs(split)],
                "large": [[job.camera, job.scene] for job in large_jobs(split)],
            }
            for split in SPLITS
        },
        "files": {
            p.relative_to(folder).as_posix(): {
                "bytes": p.stat().st_size,
                "sha256": hashlib.sha256(p.read_bytes()).hexdigest(),
            }
            for p in files
        },
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    return manifest


def _replace_folder(new: Path, old: Path) -> None:
    """Move a finished folder into place; the old one goes only when the new one is complete."""
    retired = old.with_name(f".{old.name}.retired")
    shutil.rmtree(retired, ignore_errors=True)
    if old.exists():
        os.replace(old, retired)
    os.replace(new, old)
    shutil.rmtree(retired, ignore_errors=True)
