"""Exchange of the masks of a split among its pictures, in every form that notebooks keep them."""

from __future__ import annotations

from typing import Any

import numpy as np

VOID = 255


def kept(count: int) -> int:
    """Number of masks that stay where most are exchanged: enough to look at, too few to decide."""
    return max(1, count // 4)


def exchange(value: Any, *, most: bool = False) -> Any:
    """Assign each mask of a split to the next picture, with reversed classes.

    A shift alone may leave a choice unchanged that was made on more data than these masks; with
    object and background exchanged as well, no choice based on them survives.

    Args:
        value: Masks in any form that the module names.
        most: Whether the first quarter of them stays as it is.
    """
    if isinstance(value, tuple):
        return (*value[:-1], exchange(value[-1], most=most))
    if isinstance(value, dict):
        keys = list(value)
        return dict(zip(keys, exchange(list(value.values()), most=most), strict=True))
    if hasattr(value, "as_numpy_iterator"):
        return _exchanged_dataset(value, most=most)
    begin = kept(len(value)) if most and isinstance(value, (list, np.ndarray)) else 0
    if isinstance(value, list):
        top, last = max(highest(mask) for mask in value), value[begin:]
        new = [_reversed(np.asarray(mask), top) for mask in last[-1:] + last[:-1]]
        return value[:begin] + new
    if isinstance(value, np.ndarray):
        new = _reversed(np.roll(value[begin:], 1, axis=0), highest(value))
        return np.concatenate([value[:begin], new])
    raise TypeError(
        f"the masks are a {type(value).__name__}; name a variable that holds an array, a list, or "
        "a pair whose last part is one"
    )


def highest(mask: Any) -> int:
    """Highest class of a mask, except void."""
    mask = np.asarray(mask)
    known = mask[mask != VOID] if mask.dtype != bool else mask
    return int(known.max()) if known.size else 0


def _reversed(mask: np.ndarray, top: int) -> np.ndarray:
    """Reverse the classes of a mask, so that class 0 becomes the highest; void is unchanged."""
    if mask.dtype == bool:
        return ~mask
    return np.where(mask == VOID, mask, top - mask).astype(mask.dtype)


def _exchanged_dataset(dataset: Any, *, most: bool) -> Any:
    """Exchange the masks of a `tf.data.Dataset` of (pictures, masks), batched or not."""
    import tensorflow as tf

    batches = list(dataset.as_numpy_iterator())
    if batches[0][-1].ndim < 3:
        masks = exchange([batch[-1] for batch in batches], most=most)
    else:
        whole = exchange(np.concatenate([batch[-1] for batch in batches]), most=most)
        masks = np.split(whole, np.cumsum([len(batch[-1]) for batch in batches])[:-1])
    pairs = [(*batch[:-1], mask) for batch, mask in zip(batches, masks, strict=True)]
    return tf.data.Dataset.from_generator(
        lambda: iter(pairs), output_signature=dataset.element_spec
    )
