"""Process inside a sandbox: it runs cells, and serves or requests values.

Started by `session.py`, which sends JSON messages through standard input and reads the replies from
standard output, each preceded by its length. The same program serves as answer process (`run`,
`value`, `call`) and as check process (`run`, `keep`, `check`, `judge`): the latter never runs
student code. Rests on `tools.cells`.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import random
import re
import shutil
import signal
import struct
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from tools.cells import Cells
from tools.grading.codec import (
    AnswerError,
    Codec,
    Remote,
    exception_from_json,
    exception_to_json,
    importable,
)

HIDDEN = ("### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS")
MAX_REPLY = 30_000_000


class StoppedError(AnswerError):
    """The answer process has ended or was interrupted; no further requests are possible."""


class Channel:
    """Messages over two file objects, each preceded by its length."""

    def __init__(self, reader: BinaryIO, writer: BinaryIO):
        self.reader, self.writer = reader, writer

    def receive(self) -> dict:
        """Receive the next message; end the process if the other side has closed."""
        size = struct.unpack(">I", self._exactly(4))[0]
        return json.loads(self._exactly(size))

    def _exactly(self, size: int) -> bytes:
        data = self.reader.read(size)
        if data is None or len(data) < size:
            os._exit(0)
        return data

    def send(self, message: dict) -> None:
        """Write one message; replace one that the other side would refuse by an error message."""
        data = json.dumps(message).encode()
        if len(data) > MAX_REPLY:
            error = AnswerError("the value is too large to be looked at")
            data = json.dumps({"raised": exception_to_json(error)}).encode()
        self.writer.write(struct.pack(">I", len(data)) + data)
        self.writer.flush()


def private_channel() -> Channel:
    """Reserve the standard streams for messages, so that printing cannot corrupt them."""
    reader, writer = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    return Channel(reader, writer)


@contextlib.contextmanager
def _not_interrupted() -> Iterator[None]:
    """Postpone Ctrl-C, so that every question has its answer and no later one is taken for it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Answers:
    """Serves values from the namespace of a submission."""

    def __init__(self, cells: Cells, channel: Channel):
        self.cells, self.channel = cells, channel
        self.kept: list[Any] = []
        self.checked = False
        """Whether a check waits for a value: only then can its functions be called."""
        self.codec = Codec(self._reference, self._dereference, trusting=True)

    def _reference(self, value: Any) -> dict:
        self.kept.append(value)
        name = getattr(value, "__name__", None)
        label = name if isinstance(name, str) else type(value).__name__
        return {"t": "remote", "v": len(self.kept) - 1, "n": label[:80], "c": callable(value)}

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
            if not self.checked:
                raise RuntimeError("a function of a check, called when the check was over")
            with _not_interrupted():
                self.channel.send({"back": number, "args": encoded})
                reply = self.channel.receive()
            if "raised" in reply:
                raise exception_from_json(reply["raised"])
            return self.codec.decode(reply["value"])

        return function

    def answer(self, request: dict) -> dict:
        """Carry out one request of a check: a value, or a call."""
        self.checked = True
        try:
            with (
                contextlib.redirect_stdout(io.StringIO()),
                contextlib.redirect_stderr(io.StringIO()),
            ):
                if request["op"] == "value":
                    result = self.cells.namespace[request["name"]]
                elif request["op"] == "call":
                    args = self.codec.decode(request["args"])
                    kwargs = self.codec.decode(request["kwargs"])
                    result = self.kept[request["ref"]](*args, **kwargs)
                else:
                    raise AnswerError(f"unknown request {request['op']!r}")
                return {"value": self.codec.encode(result)}
        except BaseException as error:
            return {"raised": exception_to_json(error)}
        finally:
            self.checked = False


class Checks:
    """Runs check cells on the answers of another process."""

    def __init__(self, cells: Cells, channel: Channel):
        self.cells, self.channel = cells, channel
        self.kept: dict[str, dict] = {}
        self.callbacks: list[Callable] = []
        self.names: dict[int, str] = {}
        self.codec = Codec(self._reference, self._dereference, trusting=False)

    def keep(self, key: str) -> dict:
        """Store a copy of the namespace before a check cell."""
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
        if value.get("t") != "remote" or type(value.get("v")) is not int:
            raise AnswerError("the value could not be read")
        return Remote(self.ask, value["v"], str(value.get("n"))[:80])

    def ask(self, request: dict) -> Any:
        """Send a request to the answer process and return the result as data."""
        message = dict(request)
        if "args" in message:
            message["args"] = self.codec.encode(tuple(message["args"]))
            message["kwargs"] = self.codec.encode(dict(message["kwargs"]))
        self.channel.send({"ask": message})
        while True:
            reply = self.channel.receive()
            if "back" in reply:
                self.channel.send({"ask": {"reply": self._serve(reply)}})
                continue
            if "stopped" in reply:
                raise StoppedError(str(reply["stopped"]))
            if "raised" in reply:
                raise exception_from_json(reply["raised"])
            return self.codec.decode(reply.get("value"))

    def _serve(self, reply: dict) -> dict:
        """Call a function of the check that was passed to the answer."""
        try:
            encoded_args, encoded_kwargs = reply["args"]
            args, kwargs = self.codec.decode(encoded_args), self.codec.decode(encoded_kwargs)
            with (
                contextlib.redirect_stdout(io.StringIO()),
                contextlib.redirect_stderr(io.StringIO()),
            ):
                result = self.callbacks[reply["back"]](*args, **kwargs)
            return {"value": self.codec.encode(result)}
        except Exception as error:
            return {"raised": exception_to_json(error)}

    def _begin(self, key: str) -> dict:
        """Namespace of an exercise, with the same names and seeds for every student."""
        import numpy as np

        random.seed(0)
        np.random.seed(0)  # noqa: NPY002 - what a check may use without saying so
        if "tensorflow" in sys.modules:
            sys.modules["tensorflow"].random.set_seed(0)
        self.callbacks.clear()
        namespace = dict(self.kept[key])
        named = {id(v): n for n, v in namespace.items() if callable(v) and not n.startswith("_")}
        self.names = named
        return namespace

    def check(self, key: str, source: str, names: list[str]) -> dict:
        """Run a check cell with the given names taken from the answer process.

        Args:
            key: Key of the namespace stored by `keep`.
            source: Source of the check cell with its hidden part.
            names: Names that the exercise asks for; empty to check the course's own solution.

        Returns:
            `ok`; if not, `message`, `kind` of the exception and whether the failing line is
            `hidden`.
        """
        namespace = self._begin(key)
        try:
            for name in names:
                namespace.pop(name, None)
                with contextlib.suppress(KeyError):  # then the check reports that it is not defined
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

    def judge(self, key: str, test: str, target: str, answers: list[str]) -> dict:
        """Run a student's check on answers of the course.

        Args:
            key: Namespace of the exercise.
            test: Name of the student's function, which takes a function and raises an error to
                refuse it.
            target: Name of the function that each answer defines.
            answers: Source code of right and wrong answers.

        Returns:
            `ok` and `refused`, for each answer null or what the check said of it, as `kind` and
            `message`; if not ok, `message`.
        """
        namespace = self._begin(key)
        refused = []
        try:
            function = self.ask({"op": "value", "name": test})
            for source in answers:
                names = dict(namespace)
                exec(compile(source, "<answer>", "exec"), names)
                try:
                    function(names[target])
                except StoppedError:
                    raise
                except Exception as error:
                    refused.append(_failure(error, ""))
                else:
                    refused.append(None)
        except BaseException as error:
            return {"ok": False, **_failure(error, "")}
        return {"ok": True, "refused": refused}


def _failure(error: BaseException, source: str) -> dict:
    """Message of a failed check, and whether the failing line is hidden from students.

    A message written by the answer itself while it held hidden input is stripped of digits, since
    it could reveal that input.
    """
    lines = source.splitlines()
    trace = traceback.extract_tb(error.__traceback__)
    numbers = [frame.lineno or 0 for frame in trace if frame.filename == "<check>"]
    number = numbers[0] if numbers else 0
    before = lines[:number]
    begun, ended = (sum(mark in line for line in before) for mark in HIDDEN)
    hidden = begun > ended
    kind, message = type(error).__name__, str(error)[:2000]
    if isinstance(error, MemoryError):
        kind, message = "AnswerError", "the answer gives more than the check's memory can hold"
    if isinstance(error, AssertionError) and not message and 0 < number <= len(lines):
        message = "" if hidden else lines[number - 1].strip()
    if hidden and getattr(error, "of_answer", False):
        message = re.sub(r"\d+", "#", message)[:100]
        kind = "the answer's own AssertionError" if kind == "AssertionError" else kind
    return {"kind": kind, "message": message, "hidden": hidden}


def main() -> None:
    """Reply to messages until the other side closes."""
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
    own = os.getpid()
    working = False

    def interrupt(*_: Any) -> None:
        # Between two requests it is meant for one that has been answered, and must not reach the
        # next one, nor tear a message.
        if working:
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)
    channel.send({"ready": True})
    while True:
        request = channel.receive()
        try:
            working = True
            reply = _reply(request, cells, checks if role == "checks" else answers)
            working = False
        except KeyboardInterrupt:  # the work was over, or had not begun
            working = False
            late = AnswerError("took too long")
            error = {"ename": "KeyboardInterrupt", "evalue": "", "traceback": ""}
            reply = {"ok": False, "outputs": [], "error": error, **_failure(late, "")}
            reply["raised"] = exception_to_json(late)
        if os.getpid() != own:  # a child that a cell forked and that came back here
            os._exit(0)
        signal.signal(signal.SIGINT, interrupt)  # again, since a cell may have changed it
        channel.send(reply)


def _reply(request: dict, cells: Cells, side: Answers | Checks) -> dict:
    operation = request.pop("op")
    if operation == "run":
        return cells.run(request["source"])
    if isinstance(side, Checks):
        return {"keep": side.keep, "check": side.check, "judge": side.judge}[operation](**request)
    return side.answer({"op": operation, **request})


if __name__ == "__main__":
    main()
