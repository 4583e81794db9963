# The checksum of the length is left out.
def frame(payload):
    return struct.pack("<Q", len(payload)) + payload + struct.pack("<I", masked_crc(payload))
