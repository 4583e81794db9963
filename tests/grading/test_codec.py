"""Values cross between a check and an answer as they are, and nothing but values does."""

from __future__ import annotations

import base64
import dataclasses
import io
import itertools
import json
from collections import OrderedDict, deque
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tools.grading import codec
from tools.grading.codec import AnswerError, Codec, Remote


def make(trusting: bool = False) -> tuple[Codec, list]:
    """A codec, and the list in which it keeps what is not data."""
    kept: list = []

    def reference(value: object) -> dict:
        kept.append(value)
        return {"t": "remote", "v": len(kept) - 1}

    return Codec(reference, lambda v: kept[v["v"]], trusting=trusting), kept


def round_trip(value: object, *, from_checks: bool = False) -> object:
    """From an answer to a check, or the other way."""
    sender, receiver = make(not from_checks)[0], make(from_checks)[0]
    return receiver.decode(json.loads(json.dumps(sender.encode(value))))


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9)
    | st.binary(max_size=9) | st.complex_numbers(allow_nan=False),
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner)
    | st.dictionaries(st.text(max_size=4) | st.integers(), inner, max_size=4),
    max_leaves=15,
)  # fmt: skip


@given(PLAIN)
def test_plain_values_come_back_equal_and_of_the_same_type(value):
    back = round_trip(value)
    assert back == value and type(back) is type(value)


@given(arrays.arrays(
    st.sampled_from([np.bool_, np.uint8, np.int32, np.float32, np.float64, "<M8[s]", "<U3"]),
    arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
))  # fmt: skip
def test_arrays_come_back_with_dtype_shape_and_values(value):
    back = round_trip(value)
    assert back.dtype == value.dtype and back.shape == value.shape
    assert np.array_equal(back, value, equal_nan=value.dtype.kind in "fM")
    assert back.flags.writeable


def test_rarer_values_come_back():
    point = codec.collections.namedtuple("point", "x y")(1, 2.5)
    values = [
        range(3),
        slice(1, None, 2),
        Path("a/b"),
        np.dtype("uint8"),
        ...,
        {1, 2},
        np.float32(2),
    ]
    for value in [*values, np.uint8, float, frozenset({3})]:
        assert round_trip(value) == value
    assert round_trip(point) == point and round_trip(point).y == 2.5
    assert np.isnan(round_trip(float("nan")))
    a, b = np.random.default_rng(5), round_trip(np.random.default_rng(5))
    assert a.random() == b.random()
    objects = round_trip(np.array([[1], ["a"]], object))
    assert objects.shape == (2, 1) and objects[1, 0] == "a"


def test_the_courses_own_records_come_back():
    from helpers.detector import Detections

    fields = {f.name: np.arange(2) for f in dataclasses.fields(Detections)}
    record = object.__new__(Detections)
    for name, value in fields.items():
        object.__setattr__(record, name, value)
    back = round_trip(record, from_checks=True)
    assert type(back) is Detections
    for name in fields:
        assert np.array_equal(getattr(back, name), [0, 1])


@pytest.mark.parametrize(
    "message",
    [
        [1, 2],
        {"t": "import", "m": "os", "n": "system"},
        {"t": "record", "m": "os", "n": "stat_result", "v": []},
        {"t": "record", "m": "helpers.environment", "n": "setup", "v": []},
        {"t": "record", "m": "helpers..os", "n": "x", "v": []},
        {"t": "type", "n": "eval"},
        {"t": "array", "v": "AAAA"},
        {"t": "array", "v": 7},
        {"t": "generator", "v": {"t": "dict", "v": [["bit_generator", "os"]]}},
        {"t": "named", "n": "a b", "f": ["__class__"], "v": [1]},
        {"t": "dict", "v": [[{"t": "list", "v": []}, 1]]},
        {"t": ["list"], "v": []},
        {"t": "tuple", "v": {"a": 1}, "x": 0} | {"v": 3},
        {},
    ],
)
def test_a_forged_message_is_an_error_and_nothing_else(message):
    receiver = Codec(None, lambda value: pytest.fail("nothing was referred to"), trusting=False)
    receiver.dereference = lambda value: (_ for _ in ()).throw(AnswerError("no"))
    with pytest.raises(AnswerError):
        receiver.decode(message)


def test_pickled_arrays_are_refused(tmp_path):
    np.save(tmp_path / "x.npy", np.array([{}], object), allow_pickle=True)
    text = base64.b64encode((tmp_path / "x.npy").read_bytes()).decode()
    with pytest.raises(AnswerError):
        make()[0].decode({"t": "array", "v": text})


def test_what_contains_itself_is_refused():
    endless: list = []
    endless.append(endless)
    with pytest.raises(AnswerError, match="deeply"):
        make()[0].encode(endless)


def test_a_subclass_arrives_as_what_it_contains():
    class Sly(float):
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = float.__hash__

    assert round_trip(Sly(7)) != 4
    assert type(round_trip(Sly(7))) is float


class Twice:
    """Says something else each time it is asked."""

    def __init__(self):
        self.asked = 0

    def __array__(self, dtype=None, copy=None):
        self.asked += 1
        return np.full(3, self.asked)

    def __iter__(self):
        self.asked += 1
        return iter([self.asked])

    def items(self):
        return []


class Mapped(dict):
    def items(self):
        return []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Fraction(1, 4), 0.25),
        (Decimal("0.5"), 0.5),
        (OrderedDict(a=1), {"a": 1}),
        (MappingProxyType({"a": 1}), {"a": 1}),
        (Mapped(a=1), {"a": 1}),
        (zip([1], [2], strict=True), [(1, 2)]),
        ((x for x in range(3)), [0, 1, 2]),
        (iter("ab"), ["a", "b"]),
        (deque([1, 2]), [1, 2]),
        ([[1, 2], [3, 4]], [[1, 2], [3, 4]]),
    ],
)
def test_what_says_that_it_is_data_arrives_as_plain_data(value, expected):
    back = round_trip(value)
    assert back == expected and type(back) is type(expected)


def test_an_object_is_asked_what_it_is_once():
    value = Twice()
    back = round_trip(value)
    assert type(back) is np.ndarray and back.tolist() == [1, 1, 1]
    assert value.asked == 1


@pytest.mark.slow
def test_tensors_arrive_as_arrays():
    tf = pytest.importorskip("tensorflow")
    back = round_trip({"a": tf.constant([1, 2]), "b": [tf.constant(2.5)]})
    assert type(back["a"]) is np.ndarray and back["a"].tolist() == [1, 2]
    assert back["b"][0] == 2.5


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (range(10**9), "range"),
        (np.zeros(10**8), "800 MB"),
        ([[0] * 1000] * 1000, "entries"),
        (10**4000, "digits"),
        (itertools.count(), "entries"),
        ("x" * 30_000_000, "characters"),
    ],
)
def test_what_is_too_large_is_refused_in_words(value, said):
    with pytest.raises(AnswerError, match=f"too large.*{said}"):
        round_trip(value)


def test_a_forged_array_holds_no_more_than_it_brings():
    header = np.lib.format.header_data_from_array_1_0(np.zeros(2))
    header["shape"] = (10**12,)
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, header)
    text = base64.b64encode(stream.getvalue() + bytes(16)).decode()
    with pytest.raises(AnswerError, match="size"):
        make()[0].decode({"t": "array", "v": text})


def test_a_remote_refuses_to_be_looked_at_and_to_decide():
    remote = Remote(lambda request: 1, 0, "thing")
    questions = [
        lambda: remote == 1, lambda: remote < 1, lambda: bool(remote), lambda: len(remote),
        lambda: list(remote), lambda: remote[0], lambda: np.asarray(remote), lambda: float(remote),
        lambda: remote.shape, lambda: 1 in remote,
    ]  # fmt: skip
    for question in questions:
        with pytest.raises(AnswerError, match="cannot be checked"):
            question()
    assert remote(3) == 1
    with pytest.raises(AnswerError):
        remote.value = 3


def test_exceptions_keep_their_kind_but_cannot_end_a_loop():
    def back(error: BaseException) -> Exception:
        return codec.exception_from_json(codec.exception_to_json(error))

    assert isinstance(back(ValueError("bad")), ValueError)
    assert str(back(KeyError("bad"))) == str(KeyError(str(KeyError("bad"))))
    for error in (StopIteration(), SystemExit(), KeyboardInterrupt(), GeneratorExit()):
        assert type(back(error)) is AnswerError
    assert isinstance(codec.exception_from_json({"type": "eval"}), AnswerError)
    assert isinstance(codec.exception_from_json(None), AnswerError)
