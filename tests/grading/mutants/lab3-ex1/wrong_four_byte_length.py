# Four bytes of length instead of eight.
def frame(payload):
    length = struct.pack("<I", len(payload))
    return (
        length
        + struct.pack("<I", masked_crc(length))
        + payload
        + struct.pack("<I", masked_crc(payload))
    )
