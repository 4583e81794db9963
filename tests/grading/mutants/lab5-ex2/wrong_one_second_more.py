# A second is added instead of a frame.
def dwell(frames, fps):
    return (max(frames) - min(frames)) / fps + 1 if len(frames) else 0.0
