# %% right table: A table of situations.
def check_count_right(function):
    cases = [
        ([[0.9], [0.8]], 0.5, 1),
        ([[0.6, 0.9], [0.7, 0.85]], 0.5, 2),
        ([[0.5]], 0.5, 1),
        ([[0.9, 0.6], [0.8, 0.1]], 0.5, 1),
        ([[0.7, 0.9]], 0.75, 1),
        ([[0.7]], 0.75, 0),
        ([[0.3]], 0.25, 1),
        ([[0.9, 0.8, 0.7]], 0.5, 1),
        ([[0.6, 0.9], [0.1, 0.8]], 0.5, 1),
        ([[0.6, 0.9], [0.7, 0.1]], 0.5, 2),
        (np.zeros((3, 0)), 0.5, 0),
        (np.zeros((0, 2)), 0.5, 0),
    ]
    for overlaps, threshold, expected in cases:
        found = function(np.array(overlaps, float), threshold)
        assert found == expected, f"{overlaps} at {threshold}: expected {expected}, found {found}"


# %% right against_a_loop: Random overlaps, all different, against a loop of its own.
def check_count_right(function):
    rng = np.random.default_rng(1)
    for number in range(60):
        threshold = (0.3, 0.5, 0.75)[number % 3]
        size = rng.integers(0, 7), rng.integers(0, 6)
        overlaps = rng.choice(np.arange(101) / 100, size, replace=False)  # no two are equal
        free, expected = set(range(overlaps.shape[1])), 0
        for row in overlaps:
            good = [g for g in free if row[g] >= threshold]
            if good:
                free.remove(max(good, key=lambda g: (row[g], -g)))
                expected += 1
        found = function(overlaps.copy(), threshold)
        assert found == expected, f"{overlaps} at {threshold}: expected {expected}, found {found}"


# %% wrong one_object: Pictures of one object only.
def check_count_right(function):
    assert function(np.array([[0.9]]), 0.5) == 1, "expected one hit"
    assert function(np.array([[0.1]]), 0.5) == 0, "expected none"


# %% wrong found_thrice_only: The object that is found three times, and nothing else.
def check_count_right(function):
    assert function(np.array([[0.9], [0.8], [0.7]]), 0.5) == 1, "one hit for one object"


# %% wrong one_threshold: Only the threshold of one half.
def check_count_right(function):
    assert function(np.array([[0.9], [0.8]]), 0.5) == 1, "one hit for one object"
    assert function(np.array([[0.6, 0.9], [0.7, 0.85]]), 0.5) == 2, "two hits"
    assert function(np.array([[0.9, 0.6], [0.8, 0.1]]), 0.5) == 1, "one hit"


# %% wrong strict: An IoU equal to the threshold is expected to be too little.
def check_count_right(function):
    assert function(np.array([[0.5]]), 0.5) == 0, "expected no hit at the threshold"


# %% wrong kind_only: A whole number is all that is asked.
def check_count_right(function):
    found = function(np.array([[0.9], [0.8]]), 0.5)
    assert int(found) == found, "expected a whole number"


# %% wrong any_order: The best matching there is is expected, not the one by score.
def check_count_right(function):
    assert function(np.array([[0.9, 0.6], [0.8, 0.1]]), 0.5) == 2, "two objects, two detections"


# %% wrong accepts_everything: The comparison is never looked at.
def check_count_right(function):
    function(np.array([[0.9], [0.8]]), 0.5) == 1


# %% right two_steps: First a few by hand, then all matrices of two values.
def check_count_right(function):
    from itertools import product

    assert function(np.zeros((3, 0)), 0.5) == 0 and function(np.zeros((0, 2)), 0.5) == 0, "empty"
    for shape in ((1, 2), (2, 1), (2, 2), (3, 2)):
        for values in product((0.4, 0.5, 0.8), repeat=shape[0] * shape[1]):
            overlaps = np.reshape(values, shape) + 0.01 * np.arange(shape[1])
            for threshold in (0.45, 0.5, 0.7):
                taken, expected = set(), 0
                for row in overlaps:
                    order = [g for g in np.argsort(-row) if g not in taken and row[g] >= threshold]
                    taken |= set(order[:1])
                    expected += len(order[:1])
                found = function(overlaps, threshold)
                assert found == expected, f"{overlaps}: expected {expected}, found {found}"


# %% right with_names: Every mistake by its name.
def check_count_right(function):
    named = {
        "found twice": ([[0.9], [0.8]], 0.5, 1),
        "second best": ([[0.6, 0.9], [0.7, 0.85]], 0.5, 2),
        "equal": ([[0.5]], 0.5, 1),
        "taken": ([[0.9, 0.6], [0.8, 0.1]], 0.5, 1),
        "higher": ([[0.6, 0.7]], 0.75, 0),
        "lower": ([[0.3, 0.1]], 0.25, 1),
        "one for two": ([[0.9, 0.8]], 0.5, 1),
        "its best": ([[0.6, 0.9], [0.7, 0.1]], 0.5, 2),
        "rows": ([[0.6, 0.9], [0.1, 0.8]], 0.5, 1),
        "three": ([[0.9], [0.9], [0.9]], 0.5, 1),
        "no objects": (np.zeros((3, 0)), 0.5, 0),
        "no detections": (np.zeros((0, 2)), 0.5, 0),
    }
    for name, (overlaps, threshold, expected) in named.items():
        found = function(np.array(overlaps, float), threshold)
        assert found == expected, f"{name}: expected {expected}, found {found}"


# %% right against_match: Random overlaps against the matching of section 6.
def check_count_right(function):
    g = np.random.default_rng(5)
    for _ in range(300):
        m = g.random((g.integers(0, 7), g.integers(0, 5)))
        th = float(g.choice([0.3, 0.5, 0.7]))
        want = int((match(m, th) >= 0).sum()) if m.size else 0
        got = int(function(m.copy(), th))
        if got != want:
            raise AssertionError(f"{got} instead of {want} for {m.tolist()} at {th}")
    for edge in (0.5, 0.75):
        if int(function(np.array([[edge, 0.1], [0.2, edge]]), edge)) != 2:
            raise AssertionError("equality is enough")


# %% wrong swallows: It catches its own AssertionError.
def check_count_right(function):
    try:
        assert function(np.array([[0.9], [0.8]]), 0.5) == 1, "one"
    except AssertionError:
        print("failed")
