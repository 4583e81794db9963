# The highest byte of the length first.
def frame(payload):
    length = struct.pack(">Q", len(payload))
    return (
        length
        + struct.pack("<I", masked_crc(length))
        + payload
        + struct.pack("<I", masked_crc(payload))
    )
