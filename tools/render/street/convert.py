"""Conversion of finished frames to the shipped files: examples, COCO annotations, clip truth.

Runs in the course's environment, without Blender.
"""

from __future__ import annotations

import numpy as np

from helpers.masks import mask_to_rle
from helpers.records import Example

from . import HEIGHT, INSTANCE_CLASSES, WIDTH
from .frames import Frame
from .preview import semantic_labels
from .truth_tags import TOO_SMALL

#: Facts of an instance that a clip repeats in every frame.
MOVING_FACTS = ("position", "yaw", "speed", "standing", "footprint", "zone_shares",
                "stands_in_zone", "box", "visible_pixels", "occlusion", "truncated", "occluded_by")
#: Facts of an instance that never change within a clip.
FIXED_FACTS = ("class", "kind", "size")


def visible_instances(frame: Frame) -> list[tuple[int, dict]]:
    """Index in the ground truth and facts of every instance with at least one visible pixel."""
    numbered = enumerate(frame.facts["instances"])
    return [(k, entry) for k, entry in numbered if entry["visible_pixels"] > 0]


def to_example(frame: Frame, source_id: str, split: str) -> Example:
    """Record of a still. Instances without visible pixels are only in the facts.

    An instance with fewer than `TOO_SMALL` visible pixels is marked as crowd, so that the
    evaluation ignores it.
    """
    shown = visible_instances(frame)
    masks = np.array([frame.ids == entry["id"] for _, entry in shown], bool)
    shape = (len(shown), HEIGHT, WIDTH)
    rows = [k for k, _ in shown]
    return Example(
        image=frame.image,
        boxes=np.array([e["box"] for _, e in shown], np.float32).reshape(-1, 4),
        classes=np.array([class_number(e) for _, e in shown], np.int64),
        masks=masks.reshape(shape),
        crowd=np.array([e["visible_pixels"] < TOO_SMALL for _, e in shown], bool),
        source_id=source_id,
        class_names=tuple(e["class"] for _, e in shown),
        semantic=semantic_labels(frame),
        amodal=frame.amodal[rows].reshape(shape),
        facts={**frame.facts, "split": split, "objects": [e["id"] for _, e in shown]},
    )


def class_number(entry: dict) -> int:
    """Class of an instance, from 1."""
    return INSTANCE_CLASSES.index(entry["class"]) + 1


def run_length(mask: np.ndarray) -> dict:
    """Compressed COCO RLE of a mask (H, W) bool, for JSON."""
    code = mask_to_rle(mask)
    return code | {"counts": code["counts"].decode()}


def coco_annotations(example: Example, image_id: int, first_id: int) -> list[dict]:
    """COCO annotations of one picture; boxes are x, y, width, height."""
    tags = {entry["id"]: entry for entry in example.facts["instances"]}
    annotations = []
    for k, number in enumerate(example.facts["objects"]):
        ymin, xmin, ymax, xmax = example.boxes[k].tolist()
        annotations.append({
            "id": first_id + k,
            "image_id": image_id,
            "category_id": int(example.classes[k]),
            "bbox": [xmin, ymin, xmax - xmin, ymax - ymin],
            "area": int(example.masks[k].sum()),
            "iscrowd": int(example.crowd[k]),
            "segmentation": run_length(example.masks[k]),
            "instance": number,
            "tags": tags[number]["tags"],
        })
    return annotations


def coco_categories() -> list[dict]:
    """The categories of the COCO files."""
    groups = {"car": "vehicle", "van": "vehicle", "person": "person"}
    return [
        {"id": k + 1, "name": name, "supercategory": groups[name]}
        for k, name in enumerate(INSTANCE_CLASSES)
    ]


def clip_truth(frames: list[Frame], name: str, split: str) -> dict:
    """Ground truth of a clip: actors, events, and every frame."""
    first = frames[0].facts
    actors: dict[str, dict] = {}
    listed = []
    for frame in frames:
        moving = {}
        for entry in frame.facts["instances"]:
            number = str(entry["id"])
            if number not in actors:
                behaviour = first["timeline"]["behaviours"].get(number, "walking")
                fixed = {k: entry[k] for k in FIXED_FACTS if k in entry}
                actors[number] = {**fixed, "behaviour": behaviour}
            facts = {k: entry[k] for k in MOVING_FACTS if k in entry}
            if entry["visible_pixels"]:
                facts["segmentation"] = run_length(frame.ids == entry["id"])
            moving[number] = facts
        listed.append({"frame": frame.facts["frame"], "instances": moving})
    events = [_seen(event, listed) for event in first["timeline"]["events"]]
    return {
        "clip": name,
        "split": split,
        "camera": first["camera"],
        "scene": first["scene"],
        "fps": first["fps"],
        "dwell_limit_seconds": first["timeline"]["dwell_limit_seconds"],
        "light": first["light"],
        "actors": actors,
        "events": events,
        "frames": listed,
    }


def _seen(event: dict, frames: list[dict]) -> dict:
    """An event with the share of its frames in which the vehicle can be judged at all."""
    number = str(event["vehicle"])
    span = frames[event["first_frame"] : event["last_frame"] + 1]
    seen = sum(
        f["instances"].get(number, {}).get("visible_pixels", 0) >= TOO_SMALL for f in span
    )
    return {**event, "visible_share": round(seen / len(span), 3)}
