def frame(payload):
    buffer = bytearray(12 + len(payload) + 4)
    struct.pack_into("<Q", buffer, 0, len(payload))
    struct.pack_into("<I", buffer, 8, masked_crc(bytes(buffer[:8])))
    buffer[12 : 12 + len(payload)] = payload
    struct.pack_into("<I", buffer, 12 + len(payload), masked_crc(payload))
    return bytes(buffer)
