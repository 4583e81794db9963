"""Framing of TFRecord files: checksums, damage, and agreement with TensorFlow's own files."""

from __future__ import annotations

import gzip
import struct
import zlib

import numpy as np
import pytest

from helpers.errors import RecordError
from helpers.records import crc32c, masked_crc, write_payloads
from helpers.records import payloads as read_payloads


@pytest.fixture
def payloads(rng) -> list[bytes]:
    return [rng.bytes(int(n)) for n in (0, 1, 3, 4, 63, 64, 65, 1000, 20_000)]


@pytest.fixture
def path(tmp_path, payloads):
    path = tmp_path / "some.tfrecord"
    assert write_payloads(path, payloads) == len(payloads)
    return path


def bytewise_crc(data: bytes) -> int:
    """The definition of CRC-32C, a bit at a time."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


@pytest.mark.parametrize(
    ("data", "crc"),
    [  # RFC 3720, appendix B.4
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
        (b"123456789", 0xE3069283),
    ],
)
def test_checksums_of_the_standard(data, crc):
    assert crc32c(data) == crc


def test_checksum_agrees_with_its_definition_at_every_length(rng):
    for length in [*range(200), 255, 256, 257, 511, 4097]:
        data = rng.bytes(length)
        assert crc32c(data) == bytewise_crc(data), length


def test_what_is_written_is_read(path, payloads):
    found = list(read_payloads(path))
    assert [payload for _, payload in found] == payloads
    offsets = np.cumsum([0, *(len(payload) + 16 for payload in payloads)])
    places = [f"{path}, record {k} at byte {offsets[k]}" for k in range(len(payloads))]
    assert [where for where, _ in found] == places


def test_tensorflow_reads_what_we_write(path, payloads):
    import tensorflow as tf

    assert list(tf.data.TFRecordDataset(str(path)).as_numpy_iterator()) == payloads


def test_we_read_what_tensorflow_writes(tmp_path, payloads):
    import tensorflow as tf

    with tf.io.TFRecordWriter(str(tmp_path / "tf.tfrecord")) as writer:
        for payload in payloads:
            writer.write(payload)
    assert [payload for _, payload in read_payloads(tmp_path / "tf.tfrecord")] == payloads


def test_an_empty_file_has_no_records(tmp_path):
    (tmp_path / "empty").write_bytes(b"")
    assert list(read_payloads(tmp_path / "empty")) == []


def test_every_flipped_bit_is_noticed(tmp_path, rng):
    path = tmp_path / "small"
    write_payloads(path, [rng.bytes(9), rng.bytes(5)])
    whole = path.read_bytes()
    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        with pytest.raises(RecordError, match=r"record [01] at byte"):
            list(read_payloads(path))


def test_every_truncation_is_noticed(tmp_path, rng):
    path = tmp_path / "small"
    write_payloads(path, [rng.bytes(9), rng.bytes(5)])
    whole = path.read_bytes()
    boundary = 9 + 16
    for length in range(1, len(whole)):
        path.write_bytes(whole[:length])
        if length == boundary:
            assert len(list(read_payloads(path))) == 1
            continue
        number = int(length > boundary)
        with pytest.raises(RecordError, match=f"{path}, record {number} at byte {number * 25}"):
            list(read_payloads(path))


def test_a_damaged_payload_is_skipped_and_reported(path, payloads):
    offset = sum(len(payload) + 16 for payload in payloads[:4])
    whole = bytearray(path.read_bytes())
    whole[offset + 22] ^= 4
    path.write_bytes(whole)
    errors: list[RecordError] = []
    found = [payload for _, payload in read_payloads(path, on_damage=errors.append)]
    assert found == payloads[:4] + payloads[5:]
    assert len(errors) == 1
    assert f"record 4 at byte {offset}, payload" in str(errors[0])


def test_behind_a_damaged_length_reading_ends(path, payloads):
    offset = sum(len(payload) + 16 for payload in payloads[:4])
    whole = bytearray(path.read_bytes())
    whole[offset] ^= 4
    path.write_bytes(whole)
    errors: list[RecordError] = []
    assert [payload for _, payload in read_payloads(path, on_damage=errors.append)] == payloads[:4]
    assert len(errors) == 1
    assert "length" in str(errors[0])


def test_a_huge_length_with_a_right_checksum_is_not_read_into_memory(tmp_path):
    path = tmp_path / "huge"
    length = struct.pack("<Q", 1 << 40)
    path.write_bytes(length + struct.pack("<I", masked_crc(length)) + b"abc")
    with pytest.raises(
        RecordError,
        match="length: expected at most what is left of the file, found 1099511627776 bytes",
    ):
        list(read_payloads(path))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(RecordError, match="nowhere"):
        list(read_payloads(tmp_path / "nowhere"))


def test_a_failed_write_leaves_nothing(tmp_path):
    def payloads():
        yield b"one"
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        write_payloads(tmp_path / "file", payloads())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("kind", "pack"), [("GZIP", gzip.compress), ("ZLIB", zlib.compress)])
def test_a_compressed_file_is_called_so(path, tmp_path, kind, pack):
    packed = tmp_path / "packed"
    packed.write_bytes(pack(path.read_bytes()))
    with pytest.raises(RecordError, match=f"found a file compressed with {kind}. Unpack it"):
        list(read_payloads(packed))


@pytest.mark.parametrize("content", [b"PK\3\4" + bytes(40), b"<!DOCTYPE html>", b"# A text\n" * 3])
def test_a_file_of_another_kind_is_not_said_to_be_cut(tmp_path, content):
    (tmp_path / "other").write_bytes(content)
    with pytest.raises(RecordError, match="Either it is no TFRecord file"):
        list(read_payloads(tmp_path / "other"))
