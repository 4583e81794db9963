# Hidden frames count, the last frame lasts no time.
def dwell(frames, fps):
    return (max(frames) - min(frames)) / fps if len(frames) else 0.0
