# Whole seconds only.
def dwell(frames, fps):
    return (max(frames) - min(frames) + 1) // fps if len(frames) else 0
