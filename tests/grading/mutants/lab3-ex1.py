# %% right numpy: Numpy.
def frame(payload):
    length = np.array(len(payload), "<u8").tobytes()
    checksums = [np.array(masked_crc(part), "<u4").tobytes() for part in (length, payload)]
    return length + checksums[0] + payload + checksums[1]


# %% right pack: Pack.
def frame(payload):
    head = struct.pack("<Q", len(payload))
    return (
        head
        + struct.pack("<I", masked_crc(head))
        + payload
        + struct.pack("<I", masked_crc(payload))
    )


# %% right pack_into: Pack into.
def frame(payload):
    buffer = bytearray(12 + len(payload) + 4)
    struct.pack_into("<Q", buffer, 0, len(payload))
    struct.pack_into("<I", buffer, 8, masked_crc(bytes(buffer[:8])))
    buffer[12 : 12 + len(payload)] = payload
    struct.pack_into("<I", buffer, 12 + len(payload), masked_crc(payload))
    return bytes(buffer)


# %% right to_bytes: To bytes.
def frame(payload):
    length = len(payload).to_bytes(8, "little")
    parts = [length, masked_crc(length).to_bytes(4, "little")]
    parts += [payload, masked_crc(payload).to_bytes(4, "little")]
    return b"".join(parts)


# %% right writer: Writer.
def frame(payload):
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "one.tfrecord"))
        with tf.io.TFRecordWriter(path) as writer:
            writer.write(payload)
        return Path(path).read_bytes()


# %% wrong big_endian: The highest byte of the length first.
def frame(payload):
    length = struct.pack(">Q", len(payload))
    return (
        length
        + struct.pack("<I", masked_crc(length))
        + payload
        + struct.pack("<I", masked_crc(payload))
    )


# %% wrong checksum_first: The payload's checksum stands before the payload.
def frame(payload):
    length = struct.pack("<Q", len(payload))
    return (
        length
        + struct.pack("<I", masked_crc(length))
        + struct.pack("<I", masked_crc(payload))
        + payload
    )


# %% wrong checksum_not_masked: The plain CRC-32C.
def frame(payload):
    length = struct.pack("<Q", len(payload))
    return length + struct.pack("<I", crc32c(length)) + payload + struct.pack("<I", crc32c(payload))


# %% wrong checksum_over_both: The last checksum covers length and payload.
def frame(payload):
    length = struct.pack("<Q", len(payload))
    last = struct.pack("<I", masked_crc(length + payload))
    return length + struct.pack("<I", masked_crc(length)) + payload + last


# %% wrong end_mark: A newline after each record, as in a text file.
def frame(payload):
    length = struct.pack("<Q", len(payload))
    return (
        length
        + struct.pack("<I", masked_crc(length))
        + payload
        + struct.pack("<I", masked_crc(payload))
        + b"\n"
    )


# %% wrong four_byte_length: Four bytes of length instead of eight.
def frame(payload):
    length = struct.pack("<I", len(payload))
    return (
        length
        + struct.pack("<I", masked_crc(length))
        + payload
        + struct.pack("<I", masked_crc(payload))
    )


# %% wrong length_of_the_record: The length counts the frame as well.
def frame(payload):
    length = struct.pack("<Q", len(payload) + 16)
    return (
        length
        + struct.pack("<I", masked_crc(length))
        + payload
        + struct.pack("<I", masked_crc(payload))
    )


# %% wrong no_length_checksum: The checksum of the length is left out.
def frame(payload):
    return struct.pack("<Q", len(payload)) + payload + struct.pack("<I", masked_crc(payload))


# %% wrong nothing_for_nothing: An empty payload gives no record.
def frame(payload):
    if not payload:
        return b""
    length = struct.pack("<Q", len(payload))
    return (
        length
        + struct.pack("<I", masked_crc(length))
        + payload
        + struct.pack("<I", masked_crc(payload))
    )


# %% wrong one_byte_length: Works up to 255 bytes.
def frame(payload):
    length = bytes([len(payload) % 256]) + b"\0" * 7
    return (
        length
        + struct.pack("<I", masked_crc(length))
        + payload
        + struct.pack("<I", masked_crc(payload))
    )


# %% wrong stripped: Blanks and line ends are stripped from the payload, as if it were text.
def frame(payload):
    payload = payload.strip()
    length = struct.pack("<Q", len(payload))
    return (
        length
        + struct.pack("<I", masked_crc(length))
        + payload
        + struct.pack("<I", masked_crc(payload))
    )


# %% wrong ends_at_nul: Zero bytes at the end are dropped, as C and NumPy do with text.
def frame(payload):
    payload = payload.rstrip(b"\0")
    length = struct.pack("<Q", len(payload))
    return (
        length
        + struct.pack("<I", masked_crc(length))
        + payload
        + struct.pack("<I", masked_crc(payload))
    )
