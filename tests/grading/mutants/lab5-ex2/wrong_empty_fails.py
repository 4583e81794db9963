# No frames end in an error.
def dwell(frames, fps):
    return (max(frames) - min(frames) + 1) / fps
