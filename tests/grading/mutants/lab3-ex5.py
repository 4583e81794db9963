# %% right ceil: Ceil.
import math


def plan(pictures, epochs, batch, published_rate=0.008, published_batch=64):
    return math.ceil(pictures / batch) * epochs, published_rate * batch / published_batch


# %% right counted: Counted.
def plan(pictures, epochs, batch, published_rate=0.008, published_batch=64):
    steps = sum(len(range(0, pictures, batch)) for _ in range(epochs))
    return steps, published_rate / published_batch * batch


# %% right divmod: Divmod.
def plan(pictures, epochs, batch, published_rate=0.008, published_batch=64):
    whole, rest = divmod(pictures, batch)
    per_epoch = whole + (1 if rest else 0)
    rate = published_rate * (batch / published_batch)
    return per_epoch * epochs, rate


# %% right rounding_up: Rounding up.
def plan(pictures, epochs, batch, published_rate=0.008, published_batch=64):
    steps = epochs * ((pictures + batch - 1) // batch)
    return [steps, batch * published_rate / published_batch]


# %% wrong always_one_more: One batch too many where it comes out even.
def plan(pictures, epochs, batch, published_rate=0.008, published_batch=64):
    return (pictures // batch + 1) * epochs, published_rate * batch / published_batch


# %% wrong hard_coded: The outputs of the visible check.
def plan(pictures, epochs, batch, published_rate=0.008, published_batch=64):
    return 1030, 0.001


# %% wrong incomplete_batch_dropped: The incomplete last batch is dropped.
def plan(pictures, epochs, batch, published_rate=0.008, published_batch=64):
    return pictures // batch * epochs, published_rate * batch / published_batch


# %% wrong published_batch_ignored: 64 in the formula instead of the argument.
def plan(pictures, epochs, batch, published_rate=0.008, published_batch=64):
    return -(-pictures // batch) * epochs, published_rate * batch / 64


# %% wrong rate_inverted: Half the batch, twice the rate.
def plan(pictures, epochs, batch, published_rate=0.008, published_batch=64):
    return -(-pictures // batch) * epochs, published_rate * published_batch / batch


# %% wrong rate_unchanged: The published rate, whatever the batch.
def plan(pictures, epochs, batch, published_rate=0.008, published_batch=64):
    return -(-pictures // batch) * epochs, published_rate


# %% wrong rounded_at_the_end: Rounded once for all epochs: 102.5 batches an epoch.
def plan(pictures, epochs, batch, published_rate=0.008, published_batch=64):
    return -(-pictures * epochs // batch), published_rate * batch / published_batch


# %% wrong rounded_to_nearest: Rounded to the nearest number of batches.
def plan(pictures, epochs, batch, published_rate=0.008, published_batch=64):
    return round(pictures / batch + 0.01) * epochs, published_rate * batch / published_batch


# %% wrong square_root: The square-root rule instead of the linear one.
def plan(pictures, epochs, batch, published_rate=0.008, published_batch=64):
    return -(-pictures // batch) * epochs, published_rate * (batch / published_batch) ** 0.5


# %% wrong steps_of_one_epoch: The epochs are forgotten except in the example's even tenth.
def plan(pictures, epochs, batch, published_rate=0.008, published_batch=64):
    return -(-pictures // batch) * min(epochs, 1) * 10, published_rate * batch / published_batch
