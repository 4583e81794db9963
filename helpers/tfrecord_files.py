"""TFRecord files as they lie on disk: length, checksum, payload, checksum, and again.

Lab 3 reads ten of them by hand. A record is an unsigned 64-bit little-endian length, the masked
CRC-32C of those eight bytes, the payload, and the masked CRC-32C of the payload. TensorFlow's own
reader names neither the record nor its place when a file is damaged and cannot go on behind it;
this one does both. It rests on NumPy, and takes checksums from google-crc32c where that is
installed (as on Colab), which is forty times faster. `helpers.records` says what a payload means.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO

import numpy as np

from helpers.errors import RecordError, explain

HEADER = struct.Struct("<QI")
FOOTER = struct.Struct("<I")
MAX_LENGTH = 1 << 30
"""Bytes; a longer record is taken for a damaged length rather than read into memory."""

_POLYNOMIAL = 0x82F63B78  # CRC-32C (Castagnoli), bits reversed
_LANE = 64  # bytes; a payload is cut into lanes that are summed side by side


@dataclass(frozen=True)
class RawRecord:
    """One payload and where its record begins in the file."""

    payload: bytes
    path: Path
    index: int
    offset: int

    def where(self) -> str:
        """File, record and offset, for messages."""
        return f"{self.path}, record {self.index} at byte {self.offset}"


@cache
def _byte_table() -> np.ndarray:
    """The checksum of every single byte, (256,) uint32."""
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ _POLYNOMIAL, table >> 1).astype(np.uint32)
    return table


@cache
def _byte_list() -> list[int]:
    """The same table as plain numbers, which are faster one by one."""
    return _byte_table().tolist()


@cache
def _shift_tables(doublings: int) -> np.ndarray:
    """Tables (4, 256) that move a checksum past `_LANE * 2**doublings` zero bytes.

    Moving past zeros is linear over GF(2), so each of the four bytes can be looked up by itself
    and twice the way is the same move applied twice.
    """
    values = np.arange(256, dtype=np.uint32)
    tables = np.stack([values << np.uint32(8 * k) for k in range(4)])
    if doublings == 0:
        for _ in range(_LANE):
            tables = _byte_table()[tables & 0xFF] ^ (tables >> np.uint32(8))
        return tables
    half = _shift_tables(doublings - 1)
    return _shift(half, _shift(half, tables))


def _shift(tables: np.ndarray, crc: np.ndarray) -> np.ndarray:
    """Move checksums of any shape past the zero bytes that `tables` stands for."""
    eight = np.uint32(8)
    return (
        tables[0][crc & 0xFF]
        ^ tables[1][(crc >> eight) & 0xFF]
        ^ tables[2][(crc >> (eight * 2)) & 0xFF]
        ^ tables[3][crc >> (eight * 3)]
    )


def crc32c(data: bytes) -> int:
    """CRC-32C of bytes, from google-crc32c or, where that is missing, by `numpy_crc32c`.

    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    return _checksum()(data)


@cache
def _checksum() -> Callable[[bytes], int]:
    try:
        from google_crc32c import value
    except ImportError:
        return numpy_crc32c
    return value


def numpy_crc32c(data: bytes) -> int:
    """CRC-32C of bytes: all lanes of 64 bytes at once, then folded pair by pair."""
    if len(data) < _LANE:  # too short to be worth NumPy's overhead: the eight bytes of a length
        crc, table = 0xFFFFFFFF, _byte_list()
        for byte in data:
            crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
        return crc ^ 0xFFFFFFFF
    lanes = 1
    while lanes * _LANE < len(data):
        lanes *= 2
    # Zeros in front leave an empty register empty; the register's initial ones are folded into
    # the first four bytes of the data instead.
    padded = np.zeros(lanes * _LANE, np.uint8)
    start = padded.size - len(data)
    padded[start:] = np.frombuffer(data, np.uint8)
    padded[start : start + 4] ^= 0xFF
    columns = np.ascontiguousarray(padded.reshape(lanes, _LANE).T)
    table = _byte_table()
    crc = np.zeros(lanes, np.uint32)
    for column in columns:
        crc = table[(crc ^ column) & 0xFF] ^ (crc >> np.uint32(8))
    doublings = 0
    while crc.size > 1:
        crc = _shift(_shift_tables(doublings), crc[0::2]) ^ crc[1::2]
        doublings += 1
    return int(crc[0]) ^ 0xFFFFFFFF


def masked_crc(data: bytes) -> int:
    """The checksum as TFRecord files store it: turned by 15 bits, plus a constant."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def read_raw(
    path: str | Path, *, skip: Callable[[RecordError], None] | None = None
) -> Iterator[RawRecord]:
    """The payloads of a file, one after the other, each checked against its checksum.

    Args:
        path: A TFRecord file, not compressed.
        skip: Called with the error of each damaged record, which is then left out. Behind a
            damaged length nothing can be found, so reading ends there.

    Raises:
        RecordError: Without `skip`, at the first damaged record; names file, record and byte.
    """
    path = Path(path)
    try:
        size, file = path.stat().st_size, path.open("rb")
    except OSError as error:
        raise RecordError(
            explain(
                str(path),
                expected="a TFRecord file",
                found=f"no readable file ({error.strerror})",
                do="Check the path.",
            )
        ) from error
    with file:
        index = offset = 0
        while offset < size:
            where = f"{path}, record {index} at byte {offset}"
            try:
                length = _read_length(file, size - offset, where)
            except RecordError as error:
                if skip is None:
                    raise
                skip(error)
                return  # where the next record begins is not known
            try:
                payload = _read_payload(file, length, where)
            except RecordError as error:
                if skip is None:
                    raise
                skip(error)
            else:
                yield RawRecord(payload, path, index, offset)
            offset += HEADER.size + length + FOOTER.size
            index += 1


def _read_length(file: BinaryIO, left: int, where: str) -> int:
    """The length of the next payload, checked against its checksum and what is left of the file."""
    header = file.read(HEADER.size)
    if len(header) < HEADER.size:
        raise _damaged(where, "length", f"{HEADER.size} bytes", f"{len(header)}")
    length, checksum = HEADER.unpack(header)
    if masked_crc(header[:8]) != checksum:
        raise _damaged(where, "length", "its checksum", "another one")
    most = min(left - HEADER.size - FOOTER.size, MAX_LENGTH)
    if length > most:
        raise _damaged(where, "length", f"at most {max(most, 0)} bytes", f"{length}")
    return length


def _read_payload(file: BinaryIO, length: int, where: str) -> bytes:
    """The next payload, checked against its checksum."""
    payload, footer = file.read(length), file.read(FOOTER.size)
    if len(footer) < FOOTER.size:
        raise _damaged(where, "payload", f"{length} bytes", f"{len(payload)}")
    if FOOTER.unpack(footer)[0] != masked_crc(payload):
        raise _damaged(where, "payload", "its checksum", "another one")
    return payload


def _damaged(where: str, part: str, expected: str, found: str) -> RecordError:
    return RecordError(
        explain(
            f"{where}, {part}",
            expected=expected,
            found=found,
            do="The file is truncated or damaged: compare its SHA-256 with the manifest and "
            "fetch or write it again.",
        )
    )


def write_raw(path: str | Path, payloads: Iterable[bytes]) -> int:
    """Write payloads as a TFRecord file, complete or not at all; returns how many."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    count = 0
    try:
        with temporary.open("wb") as file:
            for payload in payloads:
                length = struct.pack("<Q", len(payload))
                file.write(length + FOOTER.pack(masked_crc(length)))
                file.write(payload)
                file.write(FOOTER.pack(masked_crc(payload)))
                count += 1
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return count
