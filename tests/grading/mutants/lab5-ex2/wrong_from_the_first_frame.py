# From the beginning of the clip.
def dwell(frames, fps):
    return (max(frames) + 1) / fps if len(frames) else 0.0
