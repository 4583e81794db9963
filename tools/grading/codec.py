"""Values as JSON between a check and a submission, so that nothing but data crosses.

Numbers, text, arrays, tensors and containers of them travel as copies. What is not data stays where
it is and travels as a number: a function, a model, a data set. The side that receives such a number
gets a `Remote`, whose calls, attributes and items are fetched from the other side; it refuses every
comparison, since an object that says it equals everything must not decide a check. Used inside
both sandboxes, with nothing but NumPy at import. No pickle, no import on the other side's word.
"""

from __future__ import annotations

import base64
import builtins
import collections
import dataclasses
import importlib
import io
import operator
import sys
from collections.abc import Callable
from pathlib import Path, PurePath
from typing import Any

import numpy as np

MAX_DEPTH = 60
CONTAINERS = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}
GENERATORS = ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")
FORBIDDEN_EXCEPTIONS = (StopIteration, StopAsyncIteration)
"""Exceptions with which an answer could end a check's loop early instead of failing it."""


class AnswerError(Exception):
    """An answer is not what a check can work with; the message goes to the student."""


def _pack(array: np.ndarray) -> str:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, allow_pickle=False)
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def _unpack(text: str) -> np.ndarray:
    return np.lib.format.read_array(io.BytesIO(base64.b64decode(text)), allow_pickle=False)


def importable(value: Any) -> tuple[str, str] | None:
    """Module and name under which both sides find a function or class, if there is one."""
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
    """Encodes and decodes for one side.

    Args:
        reference: turns what is not data into a JSON value that names it.
        dereference: the way back, for what the other side names.
        may_import: whether functions and classes are looked up by the other side's word. True
            only where the other side is the checks.
    """

    def __init__(
        self,
        reference: Callable[[Any], dict],
        dereference: Callable[[dict], Any],
        *,
        may_import: bool,
    ):
        self.reference, self.dereference = reference, dereference
        self.may_import = may_import
        self.mutable: list[Any] = []
        """Arrays, lists and dicts met since it was last emptied, in the order of the message."""

    # ------------------------------------------------------------------------------- outwards

    def encode(self, value: Any, depth: int = 0) -> Any:
        """A value as what `json.dumps` takes.

        Raises:
            AnswerError: it is nested too deeply, as a list that contains itself.
        """
        if depth > MAX_DEPTH:
            raise AnswerError("the value is nested too deeply")
        if value is None or type(value) in (bool, int, float, str):
            return value
        if isinstance(value, (np.ndarray, np.generic)):
            return self._encode_array(value, depth)
        for tag, kind in CONTAINERS.items():
            if type(value) is kind:
                if kind is list:
                    self.mutable.append(value)
                return {"t": tag, "v": [self.encode(v, depth + 1) for v in value]}
        if isinstance(value, dict):
            self.mutable.append(value)
            pairs = [[self.encode(v, depth + 1) for v in pair] for pair in dict.items(value)]
            return {"t": "dict", "v": pairs}
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            items = [self.encode(v, depth + 1) for v in value]
            return {"t": "named", "n": type(value).__name__, "f": list(value._fields), "v": items}
        return self._encode_rarer(value, depth)

    def _encode_array(self, value: Any, depth: int) -> dict:
        if isinstance(value, np.generic):
            return {"t": "scalar", "v": _pack(np.asarray(value))}
        array = np.asarray(value)
        if array.dtype.hasobject:
            items = [self.encode(v, depth + 1) for v in array.ravel()]
            return {"t": "objects", "s": list(array.shape), "v": items}
        self.mutable.append(value)
        return {"t": "array", "v": _pack(array)}

    def _encode_rarer(self, value: Any, depth: int) -> dict:
        if isinstance(value, (bytes, bytearray)):
            return {"t": "bytes", "v": base64.b64encode(value).decode("ascii")}
        if isinstance(value, complex):
            return {"t": "complex", "v": [value.real, value.imag]}
        if isinstance(value, (range, slice)):
            parts = [self.encode(p, depth + 1) for p in (value.start, value.stop, value.step)]
            return {"t": type(value).__name__, "v": parts}
        if isinstance(value, PurePath):
            return {"t": "path", "v": str(value)}
        if isinstance(value, np.dtype) and not value.hasobject:
            return {"t": "dtype", "v": value.str}
        if isinstance(value, np.random.Generator):
            return {"t": "generator", "v": self.encode(value.bit_generator.state, depth + 1)}
        if value is Ellipsis:
            return {"t": "ellipsis"}
        module = type(value).__module__
        if dataclasses.is_dataclass(type(value)) and module.startswith("helpers."):
            fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
            encoded = [[n, self.encode(v, depth + 1)] for n, v in fields.items()]
            return {"t": "record", "m": module, "n": type(value).__name__, "v": encoded}
        if isinstance(value, type) and type(value) is type:
            home = getattr(builtins, value.__name__, None), getattr(np, value.__name__, None)
            if value in home:
                return {"t": "type", "n": value.__name__}
        of_keras = "tensorflow" in sys.modules and module.split(".")[0] in ("tensorflow", "keras")
        if of_keras and (tensor := _as_array(value)) is not None:
            return {"t": "tensor", "v": _pack(tensor)}
        for kind in (bool, int, float, str):
            if isinstance(value, kind):  # a subclass, such as an IntEnum
                return self.encode(kind(value), depth + 1)
        return self.reference(value)

    # -------------------------------------------------------------------------------- inwards

    def decode(self, value: Any, depth: int = 0) -> Any:
        """The way back. What comes in is not trusted: wrong forms end in `AnswerError`."""
        try:
            return self._decode(value, depth)
        except AnswerError:
            raise
        except Exception as error:
            raise AnswerError(f"the value could not be read: {type(error).__name__}") from error

    def _decode(self, value: Any, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise AnswerError("the value is nested too deeply")
        if not isinstance(value, dict):
            if isinstance(value, list):
                raise AnswerError("the value could not be read")
            return value
        tag, content = value.get("t"), value.get("v")
        if tag in CONTAINERS:
            if tag != "list":
                return CONTAINERS[tag]([self._decode(v, depth + 1) for v in content])
            items: list[Any] = []
            self.mutable.append(items)  # before its items, as when it was written
            items.extend(self._decode(v, depth + 1) for v in content)
            return items
        if tag == "dict":
            mapping: dict[Any, Any] = {}
            self.mutable.append(mapping)
            for key, item in content:
                # One after the other: the key is read before its value, as it was written.
                decoded = self._decode(key, depth + 1)
                mapping[decoded] = self._decode(item, depth + 1)
            return mapping
        if tag == "array":
            array = _unpack(content)
            array = array if array.flags.writeable and array.flags.owndata else array.copy()
            self.mutable.append(array)
            return array
        return self._decode_rarer(tag, content, value, depth)

    def _decode_rarer(self, tag: Any, content: Any, value: dict, depth: int) -> Any:
        def items() -> list[Any]:
            return [self._decode(v, depth + 1) for v in content]

        if tag == "scalar":
            return _unpack(content)[()]
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
        if tag in ("range", "slice"):
            return {"range": range, "slice": slice}[tag](*items())
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
        if tag == "record":
            return self._record(value, depth)
        if tag == "tensor":
            import tensorflow as tf

            return tf.constant(_unpack(content))
        if tag == "import" and self.may_import:
            return operator.attrgetter(value["n"])(importlib.import_module(value["m"]))
        return self.dereference(value)

    def _record(self, value: dict, depth: int) -> Any:
        """A dataclass of the course, built without its own checks: those are for people."""
        module = str(value["m"])
        if not module.startswith("helpers.") or not all(
            p.isidentifier() for p in module.split(".")
        ):
            raise AnswerError("the value could not be read")
        kind = getattr(importlib.import_module(module), str(value["n"]))
        if not (isinstance(kind, type) and dataclasses.is_dataclass(kind)):
            raise AnswerError("the value could not be read")
        result = object.__new__(kind)
        names = {field.name for field in dataclasses.fields(kind)}
        for name, item in value["v"]:
            if name in names:
                object.__setattr__(result, name, self._decode(item, depth + 1))
        return result


def _as_array(value: Any) -> np.ndarray | None:
    """An eager tensor or a variable as an array; None for what has no values, as a model."""
    import tensorflow as tf

    variable = type(value).__name__ in ("Variable", "KerasVariable", "ResourceVariable")
    if not (tf.is_tensor(value) or variable):
        return None
    try:
        array = np.asarray(value)
    except Exception:  # symbolic, ragged, ...
        return None
    return None if array.dtype.hasobject else array


def exception_to_json(error: BaseException) -> dict:
    """An exception as its name and its message."""
    return {"type": type(error).__name__, "message": str(error)[:4000]}


def exception_from_json(value: Any) -> Exception:
    """An exception that a check may catch: a built-in one or one of the course's, by its name."""
    value = value if isinstance(value, dict) else {}
    name, message = str(value.get("type")), str(value.get("message"))
    places = [builtins, sys.modules.get("helpers.errors")]
    for place in places:
        kind = getattr(place, name, None)
        if not (isinstance(kind, type) and issubclass(kind, Exception)):
            continue
        if issubclass(kind, FORBIDDEN_EXCEPTIONS):
            break
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
    """Stands for something of the other side that is not data.

    Args:
        ask: sends a request and returns the decoded value.
        number: what the other side knows it by.
        label: name for messages.
        kinds: (module, name) of its classes, nearest first, for `isinstance`.
    """

    def __init__(self, ask: Callable[[dict], Any], number: int, label: str, kinds: list):
        self.__dict__.update(_ask=ask, _number=number, _label=label, _kinds=kinds)

    def _request(self, operation: str, **more: Any) -> Any:
        return self._ask({"op": operation, "ref": self._number, **more})

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Calls it on the other side."""
        return self._request("call", args=args, kwargs=kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name not in ("__name__", "__doc__"):
            raise AttributeError(name)
        return self._request("attr", name=name)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AnswerError(f"{self._label}: a check cannot change an answer")

    def __getitem__(self, key: Any) -> Any:
        return self._request("item", args=(key,))

    def __len__(self) -> int:
        return self._request("len")

    def __iter__(self):
        iterator = self._request("iter")
        while (step := iterator._request("next")) and isinstance(step, tuple):
            yield step[0]

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return np.asarray(self._request("array"), dtype=dtype)

    def __float__(self) -> float:
        return float(self._request("float"))

    def __int__(self) -> int:
        return int(self._request("float"))

    @property
    def __class__(self) -> type:
        for module, name in self._kinds:
            found = getattr(sys.modules.get(module), name, None)
            if isinstance(found, type):
                return found
        return Remote

    def _refuse(self, *_: Any) -> Any:
        raise AnswerError(
            f"{self._label} is of a kind that cannot be compared: return a number, text, an array "
            "or a list of such"
        )

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __bool__ = _refuse
    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"<{self._label} of the answer>"


def kinds_of(value: Any) -> list[list[str]]:
    """Where the classes of an object are found, for a `Remote` of it."""
    mro = type(value).__mro__[:-1]
    return [[k.__module__, k.__qualname__] for k in mro if k.__module__ != "__main__"]
