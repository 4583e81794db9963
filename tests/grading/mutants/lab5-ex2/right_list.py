def dwell(frames, fps):
    frames = sorted(frames)
    return (frames[-1] - frames[0] + 1) / fps if frames else 0
