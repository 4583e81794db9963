def dwell(frames, fps):
    frames = np.asarray(list(frames))
    if frames.size == 0:
        return 0.0
    return float(np.ptp(frames) + 1) / fps
