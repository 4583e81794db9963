"""The message without TensorFlow: the same bytes as TensorFlow's own class."""

from __future__ import annotations

import subprocess
import sys

import numpy as np

from helpers.records.message import (
    float_array,
    parse_features,
    serialise_features,
    split_large_floats,
)

FEATURES = {
    "bytes": [b"", b"\x00\xff", "é".encode()],
    "floats": [0.0, 0.5, -1e30],
    "integers": [0, 1, -1, 2**63 - 1],
}


def test_the_same_bytes_as_tensorflow():
    import tensorflow as tf

    ours = serialise_features(FEATURES)
    theirs = tf.train.Example.FromString(ours)
    kinds = {k: f.WhichOneof("kind") for k, f in theirs.features.feature.items()}
    assert kinds == {"bytes": "bytes_list", "floats": "float_list", "integers": "int64_list"}
    assert theirs.SerializeToString(deterministic=True) == ours
    assert list(theirs.features.feature["integers"].int64_list.value) == FEATURES["integers"]
    assert list(parse_features(ours)["bytes"].bytes_list.value) == FEATURES["bytes"]


def test_arrays_of_floats_are_stored_like_lists(rng):
    for length in (0, 1, 31, 32, 5000):
        values = rng.random(length, np.float32)
        packed = serialise_features({"x": values})
        assert packed == serialise_features({"x": values.tolist()})
        np.testing.assert_array_equal(float_array(parse_features(packed)["x"]), values)


def test_an_empty_list_suits_a_reader_of_any_kind():
    """A picture without objects: TFOD2 asks for strings where another kind is stored."""
    import tensorflow as tf

    empty = serialise_features({"masks": []})
    for kind in (tf.string, tf.float32, tf.int64):
        found = tf.io.parse_single_example(empty, {"masks": tf.io.VarLenFeature(kind)})
        assert found["masks"].values.shape == (0,)


THREADS = """
import sys, threading
from helpers.records.message import _messages
sys.setswitchinterval(1e-6)
start, found = threading.Barrier(8), []
def build():
    start.wait()
    found.append(id(_messages()))
threads = [threading.Thread(target=build) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(len(found), len(set(found)))
"""


def test_threads_that_begin_together_share_the_classes(root):
    # In a new process, because the classes are built once. Two sets of them made readers crash.
    command = [sys.executable, "-c", THREADS]
    done = subprocess.run(command, cwd=root, capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.split() == ["8", "1"]


def test_large_lists_of_floats_are_taken_out_as_views(rng):
    values = rng.random(20_000, np.float32)
    whole = serialise_features({**FEATURES, "masks": values, "picture": [bytes(70_000)]})
    rest, large = split_large_floats(whole)
    assert list(large) == ["masks"]
    np.testing.assert_array_equal(large["masks"], values)
    assert np.shares_memory(large["masks"], np.frombuffer(whole, np.uint8))
    assert rest == serialise_features({**FEATURES, "picture": [bytes(70_000)]})


def test_whatever_is_unusual_stays_with_protobuf(rng):
    whole = serialise_features({"masks": rng.random(20_000, np.float32)})
    twice = whole + whole
    for payload in (b"", b"\x0a" + b"\xff" * 99, whole[:-1], whole + b"x", twice):
        assert split_large_floats(payload) == (payload, {})
