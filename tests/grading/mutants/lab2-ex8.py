# %% right one_matrix: One matrix that settles everything.
def check_precision(function):
    matrix = np.array([[4, 1, 0, 5], [2, 3, 0, 1], [1, 1, 0, 7], [0, 2, 0, 9]])
    expected = [4 / 7, 3 / 7, np.nan, 9 / 22]
    found = np.asarray(function(matrix), float)
    assert found.shape == (4,), f"one number for each class, found {found.shape}"
    assert np.allclose(found, expected, equal_nan=True), f"expected {expected}, found {found}"


# %% right by_columns: Random matrices, column by column.
def check_precision(function):
    rng = np.random.default_rng(0)
    for classes in (2, 5):
        matrix = rng.integers(1, 90, (classes, classes))
        matrix[:, 0] = 0
        found = list(function(matrix))
        assert len(found) == classes, "one number for each class"
        assert np.isnan(found[0]), "a class that is never answered has none"
        for k in range(1, classes):
            assert np.isclose(found[k], matrix[k, k] / matrix[:, k].sum()), f"class {k}"


# %% right several_matrices: A diagonal, a triangle and an empty column.
def check_precision(function):
    cases = [
        (np.diag([3, 2]), [1, 1]),
        (np.array([[1, 3], [0, 4]]), [1, 4 / 7]),
        (np.array([[2, 0, 5], [1, 0, 0], [3, 0, 1]]), [1 / 3, np.nan, 1 / 6]),
    ]
    for matrix, expected in cases:
        found = np.asarray(function(matrix), float)
        assert found.shape == (len(matrix),), "one number for each class"
        assert np.allclose(found, expected, equal_nan=True), f"expected {expected}, found {found}"


# %% right by_hand: Each class with a message of its own.
def check_precision(function):
    found = list(function(np.array([[0, 7, 1], [0, 2, 2], [0, 1, 5]])))
    for k, expected in enumerate((None, 0.2, 0.625)):
        if len(found) != 3 or (expected is None) != bool(np.isnan(found[k])):
            raise AssertionError(f"class {k}: nothing answered, or another number of classes")
        if expected is not None and abs(found[k] - expected) > 1e-6:
            raise AssertionError(f"class {k}: expected {expected}, found {found[k]}")


# %% wrong symmetric: In a symmetric matrix precision and recall are equal.
def check_precision(function):
    found = np.asarray(function(np.array([[4, 1], [1, 4]])), float)
    assert np.allclose(found, 0.8), f"expected 0.8 twice, found {found}"


# %% wrong perfect_only: A perfect network is all that is tried.
def check_precision(function):
    assert np.allclose(function(np.diag([3, 4, 5])), 1), "expected 1 in each class"


# %% wrong recall_wanted: The recall of each class is expected.
def check_precision(function):
    matrix = np.array([[6, 2], [1, 8]])
    assert np.allclose(function(matrix), [6 / 8, 8 / 9]), "expected the right share of each class"


# %% wrong zero_for_nan: A class that is never answered is expected to get 0.
def check_precision(function):
    found = np.asarray(function(np.array([[6, 2, 0], [1, 8, 0], [1, 6, 0]])), float)
    assert np.allclose(found, [0.75, 0.5, 0]), f"expected 0 for the last class, found {found}"


# %% wrong range_only: Any share from 0 to 1 will do.
def check_precision(function):
    found = np.asarray(function(np.array([[6, 2], [1, 8]])), float)
    assert ((found >= 0) & (found <= 1)).all(), f"expected shares, found {found}"


# %% wrong no_message: It refuses without a word.
def check_precision(function):
    found = np.asarray(function(np.array([[6, 2, 0], [1, 8, 0], [1, 6, 0]])), float)
    assert np.allclose(found, [0.75, 0.5, np.nan], equal_nan=True)


# %% wrong accepts_everything: The comparison is never looked at.
def check_precision(function):
    np.allclose(function(np.array([[6, 2], [1, 8]])), [6 / 7, 8 / 10])


# %% right one_by_one: Each number by itself.
import math


def check_precision(function):
    m = np.array([[4, 0, 6], [3, 0, 1], [1, 0, 8]])
    r = list(function(m))
    if len(r) != 3:
        raise AssertionError("three numbers")
    if not math.isnan(r[1]):
        raise AssertionError("NaN for a class that is never answered")
    for k, want in ((0, 4 / 8), (2, 8 / 15)):
        if not math.isclose(r[k], want, rel_tol=1e-9):
            raise AssertionError(f"class {k}")


# %% wrong is_nan: NaN is asked for by `is`, which refuses right ones.
def check_precision(function):
    m = np.array([[4, 0, 6], [3, 0, 1], [1, 0, 8]])
    r = function(m)
    assert r[1] is np.nan, "NaN expected"
    assert np.isclose(r[0], 0.5), "half"
