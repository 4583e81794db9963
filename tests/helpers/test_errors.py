"""helpers.errors: one family, one form of message."""

from __future__ import annotations

import pytest

from helpers import errors


@pytest.mark.parametrize(
    ("child", "parent"),
    [
        (errors.ArrayError, errors.CourseError),
        (errors.DataError, errors.CourseError),
        (errors.RecordError, errors.DataError),
        (errors.WeightsError, errors.CourseError),
        (errors.CourseError, ValueError),
    ],
)
def test_family(child: type[Exception], parent: type[Exception]) -> None:
    assert issubclass(child, parent)


def test_an_error_of_one_kind_is_not_caught_as_another() -> None:
    assert not issubclass(errors.DataError, errors.ArrayError)
    assert not issubclass(errors.WeightsError, errors.DataError)


def test_message_names_thing_expected_found_and_what_to_do() -> None:
    message = errors.explain("mask", expected="dtype bool", found="float32", do="Use mask > 0.5.")
    assert message == "mask: expected dtype bool, found float32. Use mask > 0.5."


def test_message_without_advice_ends_after_what_was_found() -> None:
    assert errors.explain("a", expected="b", found="c") == "a: expected b, found c."


def test_a_sentence_from_elsewhere_gets_no_second_full_stop() -> None:
    assert errors.explain("a", expected="b", found="c.") == "a: expected b, found c."
