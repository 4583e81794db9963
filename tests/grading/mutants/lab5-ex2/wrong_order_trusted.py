# The frames are taken to come in order.
def dwell(frames, fps):
    return (frames[-1] - frames[0] + 1) / fps if len(frames) else 0.0
