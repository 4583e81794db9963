# Two frames a second, whatever the clip has.
def dwell(frames, fps):
    return (max(frames) - min(frames) + 1) / 2 if len(frames) else 0.0
