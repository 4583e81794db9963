"""The rules of conftest.py hold: settings are made, and no test reaches another machine."""

from __future__ import annotations

import os
import socket

import pytest

from helpers.environment import SETTINGS


def test_tensorflows_settings_are_made_before_any_test():
    assert SETTINGS.keys() <= os.environ.keys()


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("example.org", 443)])
def test_a_connection_to_another_machine_is_refused(address):
    with socket.socket() as connection, pytest.raises(OSError, match="not marked `network`"):
        connection.connect(address)


def test_a_connection_to_this_machine_works():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as connection:
        connection.connect(server.getsockname())


def test_random_numbers_are_the_same_in_every_test(rng):
    assert rng.integers(1000, size=3).tolist() == [847, 298, 226]
