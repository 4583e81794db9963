# %% right one_case: One pair of arrays that settles everything.
def check_class_iou(function):
    truth, prediction = np.array([[0, 0, 1, 2, 2]]), np.array([[0, 1, 1, 2, 4]])
    expected = [1 / 2, 1 / 2, 1 / 2, np.nan, 0]
    found = np.asarray(function(truth, prediction, 5), float)
    assert found.shape == (5,), f"five classes, found {found.shape}"
    assert np.allclose(found, expected, equal_nan=True), f"expected {expected}, found {found}"


# %% right against_sets: Random labels against sets of pixels.
def check_class_iou(function):
    rng = np.random.default_rng(0)
    for classes in (3, 7):
        truth, prediction = rng.integers(0, classes, (2, 4, 3))
        found = list(function(truth, prediction, classes + 1))
        assert len(found) == classes + 1, "one number for each class"
        for label in range(classes + 1):
            t, p = (set(map(tuple, np.argwhere(a == label))) for a in (truth, prediction))
            expected = len(t & p) / len(t | p) if t | p else np.nan
            assert np.isclose(found[label], expected, equal_nan=True), f"class {label}"


# %% right class_by_class: One situation after the other.
def check_class_iou(function):
    zero, one = np.zeros((2, 2), int), np.ones((2, 2), int)
    half = np.array([[1, 1], [0, 0]])
    cases = [
        (zero, zero, [1, np.nan, np.nan]),
        (zero, one, [0, 0, np.nan]),
        (half, one, [0, 0.5, np.nan]),
        (one, half, [0, 0.5, np.nan]),
        (2 * half, half, [1, 0, 0]),
    ]
    for truth, prediction, expected in cases:
        found = np.asarray(function(truth, prediction, 3), float)
        assert np.array_equal(found.shape, (3,)), "three classes, three numbers"
        assert np.allclose(found, expected, equal_nan=True), f"expected {expected}, found {found}"


# %% right raises_itself: With `raise` instead of `assert`, and a loop.
def check_class_iou(function):
    truth, prediction = (
        np.array([[0, 1, 1, 1], [3, 3, 0, 0]]),
        np.array([[0, 1, 0, 0], [3, 0, 0, 0]]),
    )
    found = list(function(truth, prediction, 5))
    for label, expected in enumerate([0.5, 1 / 3, None, 0.5, None]):
        if len(found) != 5 or (expected is None) != bool(np.isnan(found[label])):
            raise AssertionError(f"class {label} or the number of classes")
        if expected is not None and abs(found[label] - expected) > 1e-6:
            raise AssertionError(f"class {label}: expected {expected}, found {found[label]}")


# %% wrong perfect_only: A perfect prediction is all that is tried.
def check_class_iou(function):
    truth = np.array([[0, 1, 2]])
    assert np.allclose(function(truth, truth, 3), 1), "a perfect prediction has 1 in each class"


# %% wrong shape_only: How many numbers there are, and not which.
def check_class_iou(function):
    truth = np.array([[0, 1, 2]])
    assert len(function(truth, truth, 3)) == 3, "one number for each class"


# %% wrong refuses_nan: A class that occurs nowhere is expected to get 0.
def check_class_iou(function):
    truth, prediction = np.array([[0, 0, 1, 3]]), np.array([[0, 1, 1, 3]])
    assert np.allclose(function(truth, prediction, 4), [0.5, 0.5, 0, 1]), "expected 0 for class 2"


# %% wrong no_message: It refuses without a word.
def check_class_iou(function):
    truth, prediction = np.array([[0, 0, 1, 3]]), np.array([[0, 1, 1, 3]])
    assert np.allclose(function(truth, prediction, 4), [0.5, 0.5, np.nan, 1], equal_nan=True)


# %% wrong only_the_mean: The mean over the classes is all that is compared.
def check_class_iou(function):
    truth, prediction = np.array([[0, 0, 1, 3]]), np.array([[0, 1, 1, 3]])
    assert np.isclose(np.nanmean(function(truth, prediction, 4)), 2 / 3), "expected a mean of 2/3"


# %% wrong array_wanted: A right function that returns a list is refused.
def check_class_iou(function):
    truth, prediction = np.array([[0, 0, 1, 2, 2]]), np.array([[0, 1, 1, 2, 4]])
    found = function(truth, prediction, 5)
    assert isinstance(found, np.ndarray), "expected an array"
    assert np.allclose(found, [0.5, 0.5, 0.5, np.nan, 0], equal_nan=True), "other numbers"


# %% wrong accepts_everything: The comparison is never looked at.
def check_class_iou(function):
    truth = np.array([[0, 1, 2]])
    np.allclose(function(truth, truth, 3), 1)


# %% wrong nothing_tried: The function is not even called.
def check_class_iou(function):
    assert callable(function), "expected a function"


# %% right errors_turned: An error of the function becomes an AssertionError.
def check_class_iou(function):
    truth = np.array([[0, 0, 1, 3], [0, 5, 5, 5]])
    pred = np.array([[0, 2, 1, 1], [0, 5, 0, 0]])
    try:
        got = [float(v) for v in function(truth, pred, 7)]
    except Exception as e:
        raise AssertionError(f"raised {e!r}") from e
    assert len(got) == 7, f"7 numbers expected, got {len(got)}"
    want = [2 / 5, 1 / 2, 0, 0, None, 1 / 3, None]
    for k in range(7):
        if want[k] is None:
            assert got[k] != got[k], f"class {k} must be NaN"
        else:
            assert abs(got[k] - want[k]) < 1e-6, f"class {k}"


# %% wrong nan_unequal_nan: NaN is compared without `equal_nan`, which refuses right ones.
def check_class_iou(function):
    t, p = np.array([[0, 0, 2]]), np.array([[0, 1, 2]])
    assert np.allclose(np.asarray(function(t, p, 4), float), [0.5, 0, 1, np.nan]), "wrong"


# %% wrong prints: It prints and does not raise.
def check_class_iou(function):
    t, p = np.array([[0, 0, 2, 4]]), np.array([[0, 1, 2, 5]])
    if not np.allclose(
        np.asarray(function(t, p, 7), float), [0.5, 0, 1, np.nan, 0, 0, np.nan], equal_nan=True
    ):
        print("wrong!")
