"""The runner cannot wait for a reply that is already there; `run_labs` has tests of the rest."""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from queue import Empty

import nbformat
import pytest
import zmq
import zmq.asyncio
from jupyter_client.channels import AsyncZMQSocketChannel
from jupyter_client.session import Session

from tools import execution
from tools.execution import in_short_waits


async def reply_while_sending(short: bool, timeout: float) -> float:
    """The kernel's reply comes while the event loop is busy, and then a widget's message goes out.

    Returns:
        How long the reply was waited for, in seconds.
    """
    kernel, session = zmq.Context().socket(zmq.ROUTER), Session(key=b"")
    port = kernel.bind_to_random_port("tcp://127.0.0.1")
    socket = zmq.asyncio.Context().socket(zmq.DEALER)
    socket.connect(f"tcp://127.0.0.1:{port}")
    channel = AsyncZMQSocketChannel(socket, session)
    get_msg = in_short_waits(channel.get_msg) if short else channel.get_msg
    try:
        channel.send(session.msg("execute_request"))
        identity, *_ = kernel.recv_multipart()
        waiting = asyncio.ensure_future(get_msg(timeout=timeout))
        await asyncio.sleep(0.05)
        session.send(kernel, "execute_reply", ident=identity)
        time.sleep(0.2)
        channel.send(session.msg("comm_msg"))
        start = time.monotonic()
        assert (await waiting)["msg_type"] == "execute_reply"
        return time.monotonic() - start
    finally:
        socket.close(0)
        kernel.close(0)


def test_a_reply_that_comes_while_a_widget_sends_is_not_missed():
    assert asyncio.run(reply_while_sending(short=True, timeout=60)) < 30


def test_jupyter_client_alone_misses_it():
    """It looks again only when the time is over. If this fails, `Client` is no longer needed."""
    assert asyncio.run(reply_while_sending(short=False, timeout=2)) > 1


@pytest.mark.parametrize("timeout", [0, 0.05])
def test_the_time_limit_stays(timeout):
    async def nothing(timeout: float) -> None:
        await asyncio.sleep(timeout)
        raise Empty

    start = time.monotonic()
    with pytest.raises(Empty):
        asyncio.run(in_short_waits(nothing, 0.02)(timeout=timeout))
    assert timeout <= time.monotonic() - start < timeout + 60


def test_the_runner_waits_so(monkeypatch):
    """nbclient calls the method that is overridden."""
    wrapped = []
    monkeypatch.setattr(
        execution, "in_short_waits", lambda get: wrapped.append(get) or in_short_waits(get)
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("6 * 7")])
    execution.Client(notebook, kernel_name="python3", timeout=60).execute()
    assert notebook.cells[0].outputs[0].data["text/plain"] == "42"
    assert len(wrapped) == 1


def test_a_child_that_is_just_being_started_is_no_second_kernel(monkeypatch, tmp_path):
    """Between fork and exec it has its parent's memory, once more; one sample may see that."""
    seen = itertools.cycle([100.0, 200.0, 101.0])
    monkeypatch.setattr(execution, "resident_mb", lambda _: next(seen))
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("__import__('time').sleep(2)")]
    )
    nbformat.write(notebook, tmp_path / "a.ipynb")
    run = execution.LabExecution(
        tmp_path / "a.ipynb", environment={**os.environ}, cell_timeout=60, lab_timeout=60
    ).run()
    assert run.ok and run.peak_mb == 101
