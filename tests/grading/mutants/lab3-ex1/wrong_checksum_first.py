# The payload's checksum stands before the payload.
def frame(payload):
    length = struct.pack("<Q", len(payload))
    return (
        length
        + struct.pack("<I", masked_crc(length))
        + struct.pack("<I", masked_crc(payload))
        + payload
    )
