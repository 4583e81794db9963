# The length counts the frame as well.
def frame(payload):
    length = struct.pack("<Q", len(payload) + 16)
    return (
        length
        + struct.pack("<I", masked_crc(length))
        + payload
        + struct.pack("<I", masked_crc(payload))
    )
