"""TFRecord files as they lie on disk: length, checksum, payload, checksum, and again.

Lab 3 reads ten of them by hand. A record is an unsigned 64-bit little-endian length, the masked
CRC-32C of those eight bytes, the payload, and the masked CRC-32C of the payload. TensorFlow's own
reader names neither the record nor its place when a file is damaged and cannot go on behind it;
this one does both. It rests on google-crc32c for the checksums; `helpers.records` says what a
payload means.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from google_crc32c import value as crc32c

from helpers import files
from helpers.errors import RecordError, explain

HEADER = struct.Struct("<QI")
FOOTER = struct.Struct("<I")
MAX_LENGTH = 1 << 30
"""Bytes; a longer record is taken for a damaged length rather than read into memory."""


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
    count = 0
    with files.whole(path) as temporary, temporary.open("wb") as file:
        for payload in payloads:
            length = struct.pack("<Q", len(payload))
            file.write(length + FOOTER.pack(masked_crc(length)))
            file.write(payload)
            file.write(FOOTER.pack(masked_crc(payload)))
            count += 1
    return count
