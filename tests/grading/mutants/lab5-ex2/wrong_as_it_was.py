# The colleague's code, unchanged.
def dwell(frames, fps):
    return (len(frames) - 1) / fps
