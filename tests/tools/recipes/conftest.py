"""The tiny data sets of `tests/helpers`, for the recipes that train on them."""

from tests.helpers.conftest import make_pets, pets_test, pets_train

__all__ = ["make_pets", "pets_test", "pets_train"]
