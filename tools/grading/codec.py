"""JSON encoding of values between a check and a submission, so that only data is exchanged.

A return value is converted to plain data once, in the process of the answer: numbers, text, arrays
and containers of these. Any other object is read through its protocol (a tensor or `__array__` as
an array, a mapping as a dict, an iterable as a list, a Fraction as a float), only once. A function
stays in its process and is represented by a number; the check gets a `Remote`, which can only be
called. A check therefore never examines an object that a submission could change meanwhile. Used
inside both sandboxes; imports only NumPy. No pickle, and no import at the request of a submission.
"""

from __future__ import annotations

import base64
import builtins
import collections
import dataclasses
import importlib
import io
import itertools
import math
import numbers
import operator
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path, PurePath
from typing import Any

import numpy as np

MAX_DEPTH = 60
MAX_ITEMS = 300_000
"""Maximum number of container entries in one message; larger data belong in arrays."""
MAX_BYTES = 24_000_000
CONTAINERS = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}
GENERATORS = ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")
FORBIDDEN_EXCEPTIONS = (StopIteration, StopAsyncIteration)
"""Exceptions with which an answer could end a check's loop early instead of failing it."""


class AnswerError(Exception):
    """An answer cannot be used by a check; the message is shown to the student."""


def _pack(array: np.ndarray) -> str:
    if array.nbytes > MAX_BYTES:
        raise AnswerError(
            f"the value is too large: an array of {array.nbytes / 1e6:.0f} MB, at most "
            f"{MAX_BYTES / 1e6:.0f} MB can be checked"
        )
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, allow_pickle=False)
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def _unpack(text: str) -> np.ndarray:
    """Decode an array, limited by the size of its text regardless of its header."""
    stream = io.BytesIO(base64.b64decode(text))
    if np.lib.format.read_magic(stream) == (1, 0):
        shape, by_columns, dtype = np.lib.format.read_array_header_1_0(stream)
    else:
        shape, by_columns, dtype = np.lib.format.read_array_header_2_0(stream)
    if dtype.hasobject or (dtype.itemsize == 0 and math.prod(shape)):
        raise AnswerError("the value could not be read: an array of odd type")
    data = stream.read()
    if math.prod(shape) * dtype.itemsize != len(data):
        raise AnswerError(
            "the value could not be read: an array whose size differs from its header"
        )
    order = "F" if by_columns else "C"
    return np.frombuffer(bytearray(data), dtype).reshape(shape, order=order)


def importable(value: Any) -> tuple[str, str] | None:
    """Module and name by which both sides can import a function or class, if any."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str) or module == "__main__":
        # NumPy's functions written in C name no module, or one without them.
        name = getattr(value, "__name__", None)
        module = "numpy" if isinstance(name, str) and getattr(np, name, None) is value else None
    if module is None or module not in sys.modules:
        return None
    found: Any = sys.modules[module]
    for part in name.split("."):
        found = getattr(found, part, None)
    return (module, name) if found is value else None


class Codec:
    """Encoder and decoder of one side.

    Args:
        reference: Function that represents a non-data object by a JSON value.
        dereference: Inverse function, for objects of the other side.
        trusting: Whether the other side is the check process, at whose request functions and
            classes are looked up. The check process itself does not trust.
    """

    def __init__(
        self,
        reference: Callable[[Any], dict],
        dereference: Callable[[dict], Any],
        *,
        trusting: bool,
    ):
        self.reference, self.dereference = reference, dereference
        self.trusting = trusting
        self.room = MAX_ITEMS

    # ------------------------------------------------------------------------------- outwards

    def encode(self, value: Any) -> Any:
        """Convert a value to a form that `json.dumps` accepts.

        Raises:
            AnswerError: The value is too large or nested too deeply, such as a list that contains
                itself.
        """
        self.room = MAX_ITEMS
        return self._encode(value, 0)

    def _encode(self, value: Any, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise AnswerError("the value is nested too deeply")
        if type(value) is str and len(value) > MAX_BYTES:
            raise AnswerError(f"the value is too large: text of {len(value):,} characters")
        if type(value) is int and value.bit_length() > 10_000:
            raise AnswerError("the value is too large: an integer of over 3,000 digits")
        if value is None or type(value) in (bool, int, float, str):
            return value
        if isinstance(value, np.generic):
            return {"t": "scalar", "v": _pack(np.asarray(value))}
        if isinstance(value, np.ndarray):
            return self._encode_array(np.asarray(value), depth)
        for tag, kind in CONTAINERS.items():
            if isinstance(value, kind) and not hasattr(value, "_fields"):
                return {"t": tag, "v": self._items(kind.__iter__(value), depth)}
        if isinstance(value, dict):
            return self._encode_dict(dict.items(value), depth)
        if isinstance(value, tuple):
            items = self._items(tuple.__iter__(value), depth)
            return {"t": "named", "n": type(value).__name__, "f": list(value._fields), "v": items}
        return self._encode_rarer(value, depth)

    def _items(self, values: Iterable[Any], depth: int) -> list:
        """Entries of a container, limited in number."""
        found = list(itertools.islice(values, self.room + 1))
        self.room -= len(found)
        if self.room < 0:
            raise AnswerError(
                f"the value is too large: more than {MAX_ITEMS:,} entries; an array may have more"
            )
        return [self._encode(value, depth + 1) for value in found]

    def _encode_dict(self, pairs: Iterable[tuple], depth: int) -> dict:
        flat = self._items((part for key, value in pairs for part in (key, value)), depth)
        return {"t": "dict", "v": list(map(list, zip(flat[::2], flat[1::2], strict=True)))}

    def _encode_array(self, array: np.ndarray, depth: int) -> dict:
        if array.dtype.hasobject:
            items = self._items(array.ravel().tolist(), depth)
            return {"t": "objects", "s": list(array.shape), "v": items}
        return {"t": "array", "v": _pack(array)}

    def _encode_rarer(self, value: Any, depth: int) -> dict:
        if isinstance(value, (bytes, bytearray)):
            return {"t": "bytes", "v": base64.b64encode(value).decode("ascii")}
        if isinstance(value, (range, slice)):
            parts = [self._encode(p, depth + 1) for p in (value.start, value.stop, value.step)]
            return {"t": type(value).__name__, "v": parts}
        if isinstance(value, PurePath):
            return {"t": "path", "v": str(value)}
        if isinstance(value, np.dtype) and not value.hasobject:
            return {"t": "dtype", "v": value.str}
        if isinstance(value, np.random.Generator):
            return {"t": "generator", "v": self._encode(value.bit_generator.state, depth + 1)}
        if value is Ellipsis:
            return {"t": "ellipsis"}
        if isinstance(value, type):
            home = getattr(builtins, value.__name__, None), getattr(np, value.__name__, None)
            return {"t": "type", "n": value.__name__} if value in home else self.reference(value)
        module = type(value).__module__
        if dataclasses.is_dataclass(value) and not self.trusting and module.startswith("helpers."):
            fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
            encoded = [[n, self._encode(v, depth + 1)] for n, v in fields.items()]
            return {"t": "record", "m": module, "n": type(value).__name__, "v": encoded}
        return self._encode_number(value) or self._encode_other(value, depth)

    def _encode_number(self, value: Any) -> Any:
        """Encode numeric and string types and their subclasses as plain values."""
        for kind in (bool, int, float, str):
            if isinstance(value, kind):  # such as an IntEnum
                plain = kind.__str__(value) if kind is str else kind(value)
                return {"t": "plain", "v": plain}
        if isinstance(value, numbers.Complex) and not isinstance(value, numbers.Real):
            return {"t": "complex", "v": [value.real, value.imag]}
        if isinstance(value, numbers.Number) or type(value).__name__ == "Decimal":
            return {"t": "plain", "v": float(value)}
        return None

    def _encode_other(self, value: Any, depth: int) -> dict:
        """Encode objects that provide data through a protocol, read once; others are referenced."""
        if (tensor := _as_array(value)) is not None:
            return self._encode_array(tensor, depth)
        if isinstance(value, Mapping):
            return self._encode_dict(value.items(), depth)
        if callable(value):
            return self.reference(value)
        if isinstance(value, Iterable) and self.trusting:
            return {"t": "list", "v": self._items(value, depth)}
        return self.reference(value)

    # -------------------------------------------------------------------------------- inwards

    def decode(self, value: Any, depth: int = 0) -> Any:
        """Decode a value. The input is not trusted: invalid forms raise `AnswerError`."""
        try:
            return self._decode(value, depth)
        except AnswerError:
            raise
        except MemoryError:
            raise AnswerError("the value is too large to be looked at") from None
        except Exception as error:
            raise AnswerError(f"the value could not be read ({type(error).__name__})") from error

    def _decode(self, value: Any, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise AnswerError("the value is nested too deeply")
        if not isinstance(value, dict):
            if isinstance(value, list):
                raise AnswerError("the value could not be read")
            return value
        tag, content = value.get("t"), value.get("v")

        def items() -> list:
            return [self._decode(item, depth + 1) for item in content]

        if tag in CONTAINERS:
            return CONTAINERS[tag](items())
        if tag == "dict":
            return {self._decode(k, depth + 1): self._decode(v, depth + 1) for k, v in content}
        if tag == "array":
            return _unpack(content)
        if tag == "scalar":
            return _unpack(content)[()]
        if tag == "plain" and isinstance(content, (bool, int, float, str)):
            return content
        return self._decode_rarer(tag, value, content, items, depth)

    def _decode_rarer(
        self, tag: Any, value: dict, content: Any, items: Callable[[], list], depth: int
    ) -> Any:
        if tag == "objects":
            array = np.empty(len(content), object)
            array[:] = items()
            return array.reshape(value["s"])
        if tag == "named":
            return collections.namedtuple(value["n"], value["f"])(*items())
        if tag == "bytes":
            return base64.b64decode(content)
        if tag == "complex":
            return complex(*content)
        if tag == "slice":
            return slice(*items())
        if tag == "range":
            if len(found := range(*items())) > MAX_ITEMS:
                raise AnswerError(f"the value is too large: a range of {len(found):,} numbers")
            return found
        if tag == "path":
            return Path(content)
        if tag == "dtype":
            return np.dtype(str(content))
        if tag == "ellipsis":
            return Ellipsis
        if tag == "type":
            found = getattr(builtins, value["n"], None) or getattr(np, value["n"])
            if not isinstance(found, type):
                raise AnswerError("the value could not be read")
            return found
        if tag == "generator":
            state = self._decode(content, depth + 1)
            if state["bit_generator"] not in GENERATORS:
                raise AnswerError("the value could not be read")
            bits = getattr(np.random, state["bit_generator"])()
            bits.state = state
            return np.random.Generator(bits)
        if tag == "record" and self.trusting:
            kind = getattr(importlib.import_module(value["m"]), value["n"])
            result = object.__new__(kind)
            for name, item in content:
                object.__setattr__(result, name, self._decode(item, depth + 1))
            return result
        if tag == "import" and self.trusting:
            return operator.attrgetter(value["n"])(importlib.import_module(value["m"]))
        return self.dereference(value)


def _as_array(value: Any) -> np.ndarray | None:
    """Convert an array-like object to an array; None for other objects, such as a model."""
    if isinstance(value, type) or not hasattr(type(value), "__array__"):
        return None
    try:
        array = np.asarray(value)
    except Exception:  # symbolic, ragged, ...
        return None
    return array if type(array) is np.ndarray else np.array(array, subok=False)


def exception_to_json(error: BaseException) -> dict:
    """Encode an exception by its name and message."""
    try:
        message = str(error)[:4000]
    except Exception:
        message = "an error whose message cannot be shown"
    return {"type": type(error).__name__, "message": message}


def exception_from_json(value: Any) -> Exception:
    """Decode an exception that a check may catch: built-in or from the course, by name.

    The attribute `of_answer` marks the message as written by the submission.
    """
    value = value if isinstance(value, dict) else {}
    name, message = str(value.get("type"))[:80], str(value.get("message"))[:4000]
    error = _exception(name, message)
    error.of_answer = True
    return error


def _exception(name: str, message: str) -> Exception:
    for place in (builtins, sys.modules.get("helpers.errors")):
        kind = getattr(place, name, None)
        if not (isinstance(kind, type) and issubclass(kind, Exception)):
            continue
        if issubclass(kind, FORBIDDEN_EXCEPTIONS):
            break
        if name == "MemoryError":
            return AnswerError(f"the answer needs more memory than available {message}".strip())
        try:
            return kind(message)
        except TypeError:
            break
    if "tensorflow" in sys.modules:
        kind = getattr(sys.modules["tensorflow"].errors, name, None)
        if isinstance(kind, type) and issubclass(kind, Exception):
            return kind(None, None, message)
    return AnswerError(f"{name}: {message}")


class Remote:
    """Proxy for a function or other non-data object of the other side.

    Args:
        ask: Function that sends a request and returns the decoded value.
        number: Number of the object on the other side.
        label: Name for messages.
    """

    def __init__(self, ask: Callable[[dict], Any], number: int, label: str):
        self.__dict__.update(_ask=ask, _number=number, _label=label, __name__=label)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function on the other side."""
        return self._ask({"op": "call", "ref": self._number, "args": args, "kwargs": kwargs})

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        self._refuse()

    def __setattr__(self, name: str, value: Any) -> None:
        raise AnswerError(f"{self._label}: a check cannot change an answer")

    def _refuse(self, *_: Any) -> Any:
        raise AnswerError(
            f"{self._label} is of a type that cannot be checked: return a number, text, an array "
            "or a list of such"
        )

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __bool__ = _refuse
    __getitem__ = __len__ = __iter__ = __array__ = __float__ = __int__ = __contains__ = _refuse
    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"<{self._label} of the answer>"
