# The longest run without a gap.
import itertools


def dwell(frames, fps):
    frames = sorted(frames)
    best = run = 1 if frames else 0
    for before, after in itertools.pairwise(frames):
        run = run + 1 if after == before + 1 else 1
        best = max(best, run)
    return best / fps
