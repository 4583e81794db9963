# The last checksum covers length and payload.
def frame(payload):
    length = struct.pack("<Q", len(payload))
    last = struct.pack("<I", masked_crc(length + payload))
    return length + struct.pack("<I", masked_crc(length)) + payload + last
