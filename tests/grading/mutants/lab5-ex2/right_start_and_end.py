def dwell(frames, fps):
    if not len(frames):
        return 0.0
    begins = min(frames) / fps
    ends = (max(frames) + 1) / fps
    return ends - begins
