# %% right list: List.
def dwell(frames, fps):
    frames = sorted(frames)
    return (frames[-1] - frames[0] + 1) / fps if frames else 0


# %% right numpy: Numpy.
def dwell(frames, fps):
    frames = np.asarray(list(frames))
    if frames.size == 0:
        return 0.0
    return float(np.ptp(frames) + 1) / fps


# %% right range_length: Range length.
def dwell(frames, fps):
    numbers = [int(number) for number in frames]
    return len(range(min(numbers), max(numbers) + 1)) / fps if numbers else 0.0


# %% right start_and_end: Start and end.
def dwell(frames, fps):
    if not len(frames):
        return 0.0
    begins = min(frames) / fps
    ends = (max(frames) + 1) / fps
    return ends - begins


# %% wrong as_it_was: The colleague's code, unchanged.
def dwell(frames, fps):
    return (len(frames) - 1) / fps


# %% wrong empty_fails: No frames end in an error.
def dwell(frames, fps):
    return (max(frames) - min(frames) + 1) / fps


# %% wrong frames_counted: The off-by-one is mended, hidden frames still do not count.
def dwell(frames, fps):
    return len(frames) / fps


# %% wrong from_the_first_frame: From the beginning of the clip.
def dwell(frames, fps):
    return (max(frames) + 1) / fps if len(frames) else 0.0


# %% wrong last_minus_first: Hidden frames count, the last frame lasts no time.
def dwell(frames, fps):
    return (max(frames) - min(frames)) / fps if len(frames) else 0.0


# %% wrong longest_run: The longest run without a gap.
import itertools


def dwell(frames, fps):
    frames = sorted(frames)
    best = run = 1 if frames else 0
    for before, after in itertools.pairwise(frames):
        run = run + 1 if after == before + 1 else 1
        best = max(best, run)
    return best / fps


# %% wrong multiplied: Multiplied by the frames a second.
def dwell(frames, fps):
    return (max(frames) - min(frames) + 1) * fps if len(frames) else 0


# %% wrong one_second_more: A second is added instead of a frame.
def dwell(frames, fps):
    return (max(frames) - min(frames)) / fps + 1 if len(frames) else 0.0


# %% wrong order_trusted: The frames are taken to come in order.
def dwell(frames, fps):
    return (frames[-1] - frames[0] + 1) / fps if len(frames) else 0.0


# %% wrong two_a_second: Two frames a second, whatever the clip has.
def dwell(frames, fps):
    return (max(frames) - min(frames) + 1) / 2 if len(frames) else 0.0


# %% wrong whole_seconds: Whole seconds only.
def dwell(frames, fps):
    return (max(frames) - min(frames) + 1) // fps if len(frames) else 0


# %% right if_not_frames: If not frames.
def dwell(frames, fps):
    if not frames:
        return 0
    first, *_, last = sorted(frames) if len(frames) > 1 else [*frames, *frames]
    return (last - first + 1) / fps
