def frame(payload):
    length = np.array(len(payload), "<u8").tobytes()
    checksums = [np.array(masked_crc(part), "<u4").tobytes() for part in (length, payload)]
    return length + checksums[0] + payload + checksums[1]
