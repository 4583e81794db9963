def frame(payload):
    length = len(payload).to_bytes(8, "little")
    parts = [length, masked_crc(length).to_bytes(4, "little")]
    parts += [payload, masked_crc(payload).to_bytes(4, "little")]
    return b"".join(parts)
