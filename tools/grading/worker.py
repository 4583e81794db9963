"""The process inside a sandbox: runs cells, and serves or asks for values.

Started by `session.py`, which sends one JSON message after the other through the standard input
and reads the answers from the standard output, each with its length before it. The same program
serves as the answers process (`run`, `value`, `call`, ...) and as the checks process (`run`,
`keep`, `check`): the second never runs a line that a student wrote. Rests on IPython.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import random
import shutil
import struct
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from tools.grading.codec import (
    AnswerError,
    Codec,
    Remote,
    exception_from_json,
    exception_to_json,
    importable,
    kinds_of,
)

MAX_TEXT = 100_000
MAX_OUTPUT = 4_000_000
HIDDEN = ("### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS")


class Channel:
    """Messages over two files, each preceded by its length."""

    def __init__(self, reader: BinaryIO, writer: BinaryIO):
        self.reader, self.writer = reader, writer

    def receive(self) -> dict:
        """The next message; ends the process when the other side has gone."""
        size = struct.unpack(">I", self._exactly(4))[0]
        return json.loads(self._exactly(size))

    def _exactly(self, size: int) -> bytes:
        data = self.reader.read(size)
        if data is None or len(data) < size:
            os._exit(0)
        return data

    def send(self, message: dict) -> None:
        """Writes one message."""
        data = json.dumps(message).encode()
        self.writer.write(struct.pack(">I", len(data)) + data)
        self.writer.flush()


def private_channel() -> Channel:
    """Takes the standard files for messages, so that printing cannot disturb them."""
    reader, writer = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    return Channel(reader, writer)


class Cells:
    """An IPython shell that runs cells and collects what they show."""

    def __init__(self) -> None:
        from IPython.core.interactiveshell import InteractiveShell
        from traitlets.config import Config

        class Shell(InteractiveShell):
            def enable_gui(self, gui: str | None = None) -> None:
                """There is no window here."""

        config = Config()
        config.HistoryManager.enabled = False
        config.InteractiveShell.colors = "nocolor"
        config.InteractiveShell.cache_size = 0
        self.shell = Shell.instance(config=config)
        self.namespace = self.shell.user_ns
        self.error: dict | None = None
        self.shell._showtraceback = self._show  # every error passes through here

    def _show(self, kind: type, value: BaseException, lines: list[str]) -> None:
        text = "\n".join(lines)[-MAX_TEXT:]
        self.error = {"ename": kind.__name__, "evalue": str(value)[:4000], "traceback": text}

    def run(self, source: str) -> dict:
        """Runs a cell.

        Returns:
            `ok`, and `outputs` as a notebook stores them.
        """
        from IPython.utils.capture import capture_output

        self.error = None
        with capture_output() as captured:
            result = self.shell.run_cell(source, store_history=False)
            if not result.success and self.error is None:
                error = result.error_before_exec or result.error_in_exec
                self._show(type(error), error, [repr(error)])
        outputs = [
            {"output_type": "stream", "name": name, "text": text[:MAX_TEXT]}
            for name, text in (("stdout", captured.stdout), ("stderr", captured.stderr))
            if text
        ]
        for shown in captured.outputs:
            data = {k: _text(v) for k, v in (shown.data or {}).items()}
            meta = json.loads(json.dumps(shown.metadata or {}, default=str))
            outputs.append({"output_type": "display_data", "data": data, "metadata": meta})
        if len(json.dumps(outputs)) > MAX_OUTPUT:
            text = "The cell's output was too long to keep."
            outputs = [{"output_type": "stream", "name": "stderr", "text": text}]
        if self.error:
            trace = [self.error["traceback"]]
            outputs.append({"output_type": "error", **self.error, "traceback": trace})
        return {"ok": self.error is None, "outputs": outputs, "error": self.error}


def _text(value: Any) -> Any:
    """Data of a display as JSON has it."""
    if isinstance(value, bytes):
        import base64

        return base64.b64encode(value).decode("ascii")
    return value if isinstance(value, (str, dict, list)) else str(value)


class Answers:
    """Serves values of a submission's namespace."""

    def __init__(self, cells: Cells, channel: Channel):
        self.cells, self.channel = cells, channel
        self.kept: list[Any] = []
        self.codec = Codec(self._reference, self._dereference, may_import=True)

    def _reference(self, value: Any) -> dict:
        self.kept.append(value)
        name = getattr(value, "__name__", None)
        label = name if isinstance(name, str) else type(value).__name__
        number = len(self.kept) - 1
        return {"t": "remote", "v": number, "n": label[:80], "k": kinds_of(value)}

    def _dereference(self, value: dict) -> Any:
        if value["t"] == "remote":
            return self.kept[value["v"]]
        if value["t"] == "global":
            return self.cells.namespace[value["n"]]
        if value["t"] == "callback":
            return self._callback(value["v"])
        raise AnswerError("unknown kind of value")

    def _callback(self, number: int) -> Callable:
        def function(*args: Any, **kwargs: Any) -> Any:
            encoded = [self.codec.encode(args), self.codec.encode(kwargs)]
            self.channel.send({"back": number, "args": encoded})
            reply = self.channel.receive()
            if "raised" in reply:
                raise exception_from_json(reply["raised"])
            return self.codec.decode(reply["value"])

        return function

    def answer(self, request: dict) -> dict:
        """Carries out one request of a check."""
        try:
            self.codec.mutable.clear()
            args = self.codec.decode(request.get("args") or {"t": "tuple", "v": []})
            kwargs = self.codec.decode(request.get("kwargs") or {"t": "dict", "v": []})
            given = list(self.codec.mutable)
            before = [self.codec.encode(value) for value in given]
            with (
                contextlib.redirect_stdout(io.StringIO()),
                contextlib.redirect_stderr(io.StringIO()),
            ):
                result = self._perform(request, args, kwargs)
            after = [self.codec.encode(value) for value in given]
            pairs = enumerate(zip(before, after, strict=True))
            changed = [[number, new] for number, (old, new) in pairs if old != new]
            return {"value": self.codec.encode(result), "changed": changed}
        except BaseException as error:
            return {"raised": exception_to_json(error)}

    def _perform(self, request: dict, args: tuple, kwargs: dict) -> Any:
        operation = request["op"]
        if operation == "value":
            return self.cells.namespace[request["name"]]
        target = self.kept[request["ref"]]
        if operation == "call":
            return target(*args, **kwargs)
        if operation == "attr":
            return getattr(target, request["name"])
        if operation == "item":
            return target[args[0]]
        if operation == "len":
            return len(target)
        if operation == "iter":
            return _Iterator(target)
        if operation == "next":
            return target.step()
        if operation == "array":
            import numpy as np

            return np.asarray(target)
        if operation == "float":
            return float(target)
        raise AnswerError(f"unknown request {operation!r}")


class _Iterator:
    """An iterator that says its end by a value, since exceptions of that kind do not travel."""

    def __init__(self, target: Any):
        self.iterator = iter(target)

    def step(self) -> tuple | None:
        for value in self.iterator:
            return (value,)
        return None


class Checks:
    """Runs check cells against the answers of another process."""

    def __init__(self, cells: Cells, channel: Channel):
        self.cells, self.channel = cells, channel
        self.kept: dict[str, dict] = {}
        self.callbacks: list[Callable] = []
        self.names: dict[int, str] = {}
        self.own: set[int] = set()
        self.codec = Codec(self._reference, self._dereference, may_import=False)

    def keep(self, key: str) -> dict:
        """Remembers the namespace as it is before a check cell."""
        self.kept[key] = dict(self.cells.namespace)
        return {"ok": True}

    def _reference(self, value: Any) -> dict:
        if isinstance(value, Remote):
            return {"t": "remote", "v": value.__dict__["_number"]}
        if name := self.names.get(id(value)):
            return {"t": "global", "n": name}
        if found := importable(value):
            return {"t": "import", "m": found[0], "n": found[1]}
        if callable(value):
            self.callbacks.append(value)
            return {"t": "callback", "v": len(self.callbacks) - 1}
        raise AnswerError(
            f"the check passes a {type(value).__name__} to the answer, which cannot be sent"
        )

    def _dereference(self, value: dict) -> Any:
        if value.get("t") != "remote" or not isinstance(value.get("v"), int):
            raise AnswerError("the value could not be read")
        kinds = [(m, n) for m, n in value.get("k", []) if isinstance(m, str) and isinstance(n, str)]
        return Remote(self.ask, value["v"], str(value.get("n"))[:80], kinds)

    def ask(self, request: dict) -> Any:
        """Sends a request to the answers process and returns what it gave, as data."""
        mutable = self.codec.mutable
        mutable.clear()
        message = dict(request)
        if "args" in message:
            message["args"] = self.codec.encode(tuple(message["args"]))
        if "kwargs" in message:
            message["kwargs"] = self.codec.encode(dict(message["kwargs"]))
        sent = list(mutable)
        self.channel.send({"ask": message})
        while True:
            reply = self.channel.receive()
            if "back" in reply:
                self.channel.send({"ask": {"reply": self._serve(reply)}})
                continue
            if "stopped" in reply:
                raise AnswerError(str(reply["stopped"]))
            if "raised" in reply:
                raise exception_from_json(reply["raised"])
            result = self.codec.decode(reply.get("value"))
            self._apply(sent, reply.get("changed"))
            return result

    def _serve(self, reply: dict) -> dict:
        """Calls a function of the check that the answer was given."""
        try:
            encoded_args, encoded_kwargs = reply["args"]
            args, kwargs = self.codec.decode(encoded_args), self.codec.decode(encoded_kwargs)
            return {"value": self.codec.encode(self.callbacks[reply["back"]](*args, **kwargs))}
        except Exception as error:
            return {"raised": exception_to_json(error)}

    def _apply(self, sent: list[Any], changed: Any) -> None:
        """Does to the check's own arguments what the answer did to its copies of them.

        Not to anything that belongs to the lab: the next student's check uses it too.
        """
        for number, encoded in changed if isinstance(changed, list) else []:
            target, new = sent[number], self.codec.decode(encoded)
            base = target
            while base is not None and id(base) not in self.own:
                base = getattr(base, "base", None)
            if base is not None:
                continue
            if isinstance(target, list) and isinstance(new, list):
                target[:] = new
            elif isinstance(target, dict) and isinstance(new, dict):
                target.clear()
                target.update(new)
            elif getattr(target, "shape", 0) == getattr(new, "shape", 1):
                with contextlib.suppress(ValueError, TypeError):
                    target[...] = new

    def check(self, key: str, source: str, names: list[str]) -> dict:
        """Runs a check cell with the given names taken from the answers process.

        Args:
            key: namespace to run it in, as `keep` remembers it.
            source: the check cell with its hidden part.
            names: what the exercise asked for; empty to check the course's own solution.

        Returns:
            `ok`; if not, `message`, `kind` of the exception and whether the failing line is
            `hidden`.
        """
        namespace = dict(self.kept[key])
        self._prepare(namespace)
        try:
            for name in names:
                namespace.pop(name, None)
                with contextlib.suppress(KeyError):  # then the check says that it is not defined
                    namespace[name] = self.ask({"op": "value", "name": name})
            code = compile(self.cells.shell.transform_cell(source), "<check>", "exec")
            with (
                contextlib.redirect_stdout(io.StringIO()),
                contextlib.redirect_stderr(io.StringIO()),
            ):
                exec(code, namespace)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                error = AnswerError("the check took too long")
            return {"ok": False, **_failure(error, source)}
        return {"ok": True}

    def _prepare(self, namespace: dict) -> None:
        """The same start for every student: seeds, and what is the lab's own."""
        import numpy as np

        random.seed(0)
        np.random.seed(0)  # noqa: NPY002 - what a check may use without saying so
        if "tensorflow" in sys.modules:
            sys.modules["tensorflow"].random.set_seed(0)
        self.callbacks.clear()
        self.names, self.own = {}, set()
        for name, value in namespace.items():
            if not name.startswith("_"):
                self.names[id(value)] = name
            self._mark(value, 0)

    def _mark(self, value: Any, depth: int) -> None:
        """Notes an object of the lab, what it is a view of, and what it contains."""
        container = isinstance(value, (list, tuple, dict))
        if depth > 4 or id(value) in self.own or not (container or hasattr(value, "shape")):
            return
        self.own.add(id(value))
        if container:
            for item in value.values() if isinstance(value, dict) else value:
                self._mark(item, depth + 1)
        else:
            self._mark(getattr(value, "base", None), depth)


def _failure(error: BaseException, source: str) -> dict:
    """What a failed check says, and whether the line that failed is hidden from students."""
    lines = source.splitlines()
    frames = [f.lineno or 0 for f in traceback.extract_tb(error.__traceback__)]
    files = [f.filename for f in traceback.extract_tb(error.__traceback__)]
    numbers = [n for n, file in zip(frames, files, strict=True) if file == "<check>"]
    number = numbers[0] if numbers else 0
    before = lines[:number]
    begun, ended = (sum(mark in line for line in before) for mark in HIDDEN)
    kind, message = type(error).__name__, str(error)[:2000]
    if isinstance(error, AssertionError) and not message and 0 < number <= len(lines):
        message = "" if begun > ended else lines[number - 1].strip()
    return {"kind": kind, "message": message, "hidden": begun > ended}


def main() -> None:
    """Answers messages until the other side closes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=["answers", "checks"])
    role = parser.parse_args().role
    channel = private_channel()
    cache = os.environ.get("GRADING_FONTS")
    if cache and (home := os.environ.get("MPLCONFIGDIR")):
        with contextlib.suppress(OSError):
            shutil.copytree(cache, home, dirs_exist_ok=True)
    with contextlib.suppress(OSError):
        os.chdir(Path(os.environ["GRADING_FOLDER"]))
    cells = Cells()
    sys.modules["__main__"].__dict__.pop("main", None)
    answers, checks = Answers(cells, channel), Checks(cells, channel)
    channel.send({"ready": True})
    own = os.getpid()
    while True:
        try:
            request = channel.receive()
            operation = request["op"]
            if operation == "run":
                reply = cells.run(request["source"])
            elif role == "checks" and operation == "keep":
                reply = checks.keep(request["key"])
            elif role == "checks" and operation == "check":
                reply = checks.check(request["key"], request["source"], request["names"])
            elif role == "answers":
                reply = answers.answer(request)
            else:
                reply = {"ok": False}
            if os.getpid() != own:  # a child that a cell forked and that came back here
                os._exit(0)
            channel.send(reply)
        except KeyboardInterrupt:  # came too late for the cell it was meant for
            continue


if __name__ == "__main__":
    main()
