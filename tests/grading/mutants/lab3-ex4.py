# %% right ceil_of_logs: The formula, rounded up.
import math


def steps_until(momentum, share):
    return math.ceil(math.log(share) / math.log(momentum))


# %% right counted: Steps counted one by one.
def steps_until(momentum, share):
    left, steps = 1.0, 0
    while left > share:
        left *= momentum
        steps += 1
    return steps


# %% right minus_floor: Rounded up by rounding down what is negative.
def steps_until(momentum, share):
    return int(-(np.log(share) // -np.log(momentum)))


# %% right powers: The first power of the momentum that is small enough.
def steps_until(momentum, share):
    powers = momentum ** np.arange(5000)
    return int(np.argmax(powers <= share))


# %% wrong floor: Rounded down: a step too early.
def steps_until(momentum, share):
    return int(np.log(share) / np.log(momentum))


# %% wrong rounded: Rounded to the nearest step.
def steps_until(momentum, share):
    return round(float(np.log(share) / np.log(momentum)))


# %% wrong one_more: Always a step more than needed.
def steps_until(momentum, share):
    return int(np.ceil(np.log(share) / np.log(momentum))) + 1


# %% wrong linear: Each step takes away the same.
def steps_until(momentum, share):
    return int(np.ceil((1 - share) / (1 - momentum)))


# %% wrong rule_of_thumb: 1 / (1 - momentum), whatever share is asked for.
def steps_until(momentum, share):
    return int(np.ceil(1 / (1 - momentum)))


# %% wrong share_taken_for_what_is_new: Solved for the share that is new.
def steps_until(momentum, share):
    return int(np.ceil(np.log(1 - share + 1e-12) / np.log(momentum)))


# %% wrong one_per_cent: One per cent instead of the argument.
def steps_until(momentum, share):
    return int(np.ceil(np.log(0.01) / np.log(momentum)))


# %% wrong hard_coded: The number that the visible check asks for.
def steps_until(momentum, share):
    return 44


# %% wrong a_fraction: Half a step does not exist.
def steps_until(momentum, share):
    return float(np.log(share) / np.log(momentum))
