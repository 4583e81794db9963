# Works up to 255 bytes.
def frame(payload):
    length = bytes([len(payload) % 256]) + b"\0" * 7
    return (
        length
        + struct.pack("<I", masked_crc(length))
        + payload
        + struct.pack("<I", masked_crc(payload))
    )
