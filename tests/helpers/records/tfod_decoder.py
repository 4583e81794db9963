"""Digests of what TFOD2's own decoder reads; `digests` makes the same ones of an `Example`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np

from helpers.records import Example

Digests = dict[str, str]


def digest(array: np.ndarray) -> str:
    """Shape, dtype and a hash of all bytes: equal only for equal arrays."""
    content = hashlib.sha256(np.ascontiguousarray(array)).hexdigest()[:20]
    return f"{array.shape} {array.dtype} {content}"


def digests(example: Example) -> Digests:
    """Of what TFOD2's decoder also gives, in its dtypes."""
    return {
        "image": digest(example.image),
        "boxes": digest(example.boxes_normalised),
        "classes": digest(example.classes),
        "masks": digest(example.masks.astype(np.float32)),
        "crowd": digest(example.crowd),
        "source_id": example.source_id,
    }


def decoder(kind: str) -> Callable:
    """TFOD2's decoder of one serialised example, for masks as "png" or "dense"; after `activate`.

    It is to be called inside a `tf.data` pipeline, as TFOD2 does.
    """
    from object_detection.data_decoders import tf_example_decoder
    from object_detection.protos import input_reader_pb2

    kinds = {"png": input_reader_pb2.PNG_MASKS, "dense": input_reader_pb2.NUMERICAL_MASKS}
    made = tf_example_decoder.TfExampleDecoder(
        load_instance_masks=True, instance_mask_type=kinds[kind]
    )
    return made.decode


def tfod2_digests(kind: str, path: str) -> list[Digests]:
    import tensorflow as tf

    names = {
        "image": "image",
        "boxes": "groundtruth_boxes",
        "classes": "groundtruth_classes",
        "masks": "groundtruth_instance_masks",
        "crowd": "groundtruth_is_crowd",
    }
    found = []
    for tensors in tf.data.TFRecordDataset(path).map(decoder(kind)).as_numpy_iterator():
        record = {name: digest(tensors[theirs]) for name, theirs in names.items()}
        found.append({**record, "source_id": tensors["source_id"].decode()})
    return found
