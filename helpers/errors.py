"""The errors that the course raises on purpose, one small family.

Each message names a file or an argument, what was expected, what was found and what to do about it.
"""

from __future__ import annotations


class CourseError(ValueError):
    """Base of every error raised on purpose; takes a whole message, or the parts of `explain`.

    >>> raise CourseError("mask", expected="dtype bool", found="float32")
    Traceback (most recent call last):
    helpers.errors.CourseError: mask: expected dtype bool, found float32.
    """

    def __init__(self, what: object, expected: str = "", found: str = "", do: str = "") -> None:
        super().__init__(explain(what, expected, found, do) if expected else what)


class ArrayError(CourseError):
    """An array argument has the wrong shape, dtype or range of values."""


class DataError(CourseError):
    """A picture, a mask or a data set is missing, damaged or not what its format promises."""


class RecordError(DataError):
    """A record of a TFRecord file is damaged, or lacks what a detection example must have."""


class SetupError(CourseError):
    """A package that something needs is missing, does not suit or was imported too early."""


class WeightsError(CourseError):
    """A file of model weights is missing, damaged or made for another model."""


def explain(what: object, expected: str, found: str, do: str = "") -> str:
    """One sentence each: what is wrong, what was expected, what was found, what to do.

    >>> explain("mask", expected="dtype bool", found="float32", do="Use mask > 0.5.")
    'mask: expected dtype bool, found float32. Use mask > 0.5.'
    """
    message = f"{what}: expected {expected}, found {found.removesuffix('.')}."
    return f"{message} {do}" if do else message
