# %% right loop: Loop over the units.
def interval(values, units):
    means = []
    for unit in sorted(set(np.asarray(units).tolist())):
        means.append(np.mean([v for v, u in zip(values, units) if u == unit]))
    middle = sum(means) / len(means)
    error = np.sqrt(sum((m - middle) ** 2 for m in means) / (len(means) - 1) / len(means))
    return middle - 1.96 * error, middle + 1.96 * error


# %% right bincount: Sums and counts.
def interval(values, units):
    _, unit = np.unique(units, return_inverse=True)
    means = np.bincount(unit, values) / np.bincount(unit)
    half = 1.96 * np.std(means, ddof=1) / len(means) ** 0.5
    return np.mean(means) - half, np.mean(means) + half


# %% right array: Both ends as an array.
def interval(values, units):
    means = np.array([np.asarray(values)[np.asarray(units) == u].mean() for u in np.unique(units)])
    return means.mean() + np.array([-1.96, 1.96]) * np.sqrt(means.var(ddof=1) / means.size)


# %% right mean_of_all: The mean of all values, which is the same where units are equally large.
def interval(values, units):
    means = [values[units == u].mean() for u in set(units.tolist())]
    half = 1.96 * np.std(means, ddof=1) / np.sqrt(len(means))
    return [values.mean() - half, values.mean() + half]


# %% wrong by_value: Every value is a unit: the interval that promises too much.
def interval(values, units):
    half = 1.96 * values.std(ddof=1) / np.sqrt(len(values))
    return values.mean() - half, values.mean() + half


# %% wrong values_over_units: The spread of the values, over the number of the units.
def interval(values, units):
    half = 1.96 * values.std(ddof=1) / np.sqrt(len(np.unique(units)))
    return values.mean() - half, values.mean() + half


# %% wrong units_over_values: The spread of the units, over the number of the values.
def interval(values, units):
    means = np.array([values[units == u].mean() for u in np.unique(units)])
    half = 1.96 * means.std(ddof=1) / np.sqrt(len(values))
    return means.mean() - half, means.mean() + half


# %% wrong no_root: No square root of the number of units.
def interval(values, units):
    means = np.array([values[units == u].mean() for u in np.unique(units)])
    half = 1.96 * means.std(ddof=1) / len(means)
    return means.mean() - half, means.mean() + half


# %% wrong spread: The spread of the units, not the error of their mean.
def interval(values, units):
    means = np.array([values[units == u].mean() for u in np.unique(units)])
    half = 1.96 * means.std(ddof=1)
    return means.mean() - half, means.mean() + half


# %% wrong ddof: The standard deviation without the degree of freedom that the mean costs.
def interval(values, units):
    means = np.array([values[units == u].mean() for u in np.unique(units)])
    half = 1.96 * means.std() / np.sqrt(len(means))
    return means.mean() - half, means.mean() + half


# %% wrong one_error: One standard error instead of 1.96: two in three, not 95 %.
def interval(values, units):
    means = np.array([values[units == u].mean() for u in np.unique(units)])
    half = means.std(ddof=1) / np.sqrt(len(means))
    return means.mean() - half, means.mean() + half


# %% wrong order: The values are taken in rows, as if every unit's stood side by side.
def interval(values, units):
    means = values.reshape(len(np.unique(units)), -1).mean(axis=1)
    half = 1.96 * means.std(ddof=1) / np.sqrt(len(means))
    return means.mean() - half, means.mean() + half


# %% wrong half_width: The mean and half the width.
def interval(values, units):
    means = np.array([values[units == u].mean() for u in np.unique(units)])
    return means.mean(), 1.96 * means.std(ddof=1) / np.sqrt(len(means))


# %% wrong quantiles: The middle of the units' means, which is no interval of their mean.
def interval(values, units):
    means = np.array([values[units == u].mean() for u in np.unique(units)])
    return np.quantile(means, 0.025), np.quantile(means, 0.975)


# %% right pandas: Pandas.
import pandas as pd


def interval(values, units):
    m = pd.Series(values).groupby(units).mean()
    return m.mean() - 1.96 * m.sem(), m.mean() + 1.96 * m.sem()


# %% wrong units_from_zero: Units are thought to be numbered from 0, so missing ones count as 0.
def interval(values, units):
    n = units.max() + 1
    m = np.array([values[units == u].mean() if (units == u).any() else 0 for u in range(n)])
    e = 1.96 * m.std(ddof=1) / np.sqrt(n)
    return m.mean() - e, m.mean() + e
