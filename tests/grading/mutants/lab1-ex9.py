# %% right confusion_matrix: With the course's confusion matrix.
def score(truths, predictions):
    matrices = [
        metrics.confusion_matrix(t, p, 2, ignore=255)
        for t, p in zip(truths, predictions, strict=True)
    ]
    ious = np.array([metrics.iou_per_class(m)[1] for m in matrices])
    known = ious[~np.isnan(ious)]
    mean = known.mean() if known.size else np.nan
    return metrics.iou_per_class(np.sum(matrices, axis=0))[1], mean, int(np.isnan(ious).sum())


# %% right sums: Running sums in a loop.
def score(truths, predictions):
    inter = union = left = 0
    ious = []
    for t, p in zip(truths, predictions):
        ok = t != 255
        i = np.count_nonzero((t == 1) & (p == 1) & ok)
        u = np.count_nonzero(((t == 1) | (p == 1)) & ok)
        inter, union = inter + i, union + u
        if u == 0:
            left += 1
        else:
            ious.append(i / u)
    if not ious:
        return np.nan, np.nan, left
    return inter / union, sum(ious) / len(ious), left


# %% right mask_iou: With masks.mask_iou and an own value for empty pairs.
def score(truths, predictions):
    pairs = [((t == 1) & (t != 255), (p == 1) & (t != 255)) for t, p in zip(truths, predictions)]
    ious = [metrics.mask_iou(a, b, empty=-1.0) for a, b in pairs]
    scored = [iou for iou in ious if iou >= 0]
    if not scored:
        return float("nan"), float("nan"), len(ious)
    a = np.concatenate([first.ravel() for first, _ in pairs])[None]
    b = np.concatenate([second.ravel() for _, second in pairs])[None]
    return metrics.mask_iou(a, b), float(np.mean(scored)), len(ious) - len(scored)


# %% right nanmean: NaN for 0 / 0, then nanmean.
def score(truths, predictions):
    counts = []
    for truth, prediction in zip(truths, predictions):
        p = np.where(truth == 255, 0, prediction)
        counts.append([((truth == 1) & (p == 1)).sum(), ((truth == 1) | (p == 1)).sum()])
    counts = np.array(counts, float)
    with np.errstate(all="ignore"):
        ious = counts[:, 0] / counts[:, 1]
        pooled = counts[:, 0].sum() / counts[:, 1].sum()
    empty = np.isnan(ious)
    return pooled, ious[~empty].mean() if not empty.all() else np.nan, int(empty.sum())


# %% wrong void_is_background: Void pixels count as background.
def score(truths, predictions):
    both = np.array([((t == 1) & (p == 1)).sum() for t, p in zip(truths, predictions)])
    either = np.array([((t == 1) | (p == 1)).sum() for t, p in zip(truths, predictions)])
    kept = either > 0
    if not kept.any():
        return np.nan, np.nan, len(either)
    return both.sum() / either.sum(), (both[kept] / either[kept]).mean(), int((~kept).sum())


# %% wrong void_is_object: Everything that is not 0 counts as object.
def score(truths, predictions):
    both = np.array([((t > 0) & (p > 0)).sum() for t, p in zip(truths, predictions)])
    either = np.array([((t > 0) | (p > 0)).sum() for t, p in zip(truths, predictions)])
    kept = either > 0
    if not kept.any():
        return np.nan, np.nan, len(either)
    return both.sum() / either.sum(), (both[kept] / either[kept]).mean(), int((~kept).sum())


# %% wrong empty_is_one: A picture without an object on either side counts as 1.
def score(truths, predictions):
    ious, both, either = [], 0, 0
    for t, p in zip(truths, predictions):
        t, p = t[t != 255] == 1, p[t != 255] == 1
        both, either = both + (t & p).sum(), either + (t | p).sum()
        ious.append((t & p).sum() / (t | p).sum() if (t | p).any() else 1.0)
    return both / either if either else np.nan, np.mean(ious), 0


# %% wrong smoothed: One is added above and below, so that nothing is ever undefined.
def score(truths, predictions):
    both, either = [], []
    for t, p in zip(truths, predictions):
        t, p = t[t != 255] == 1, p[t != 255] == 1
        both.append((t & p).sum())
        either.append((t | p).sum())
    both, either = np.array(both) + 1, np.array(either) + 1
    return both.sum() / either.sum(), (both / either).mean(), int((either == 1).sum())


# %% wrong mean_for_pooled: The mean of the pictures twice.
def score(truths, predictions):
    ious = []
    for t, p in zip(truths, predictions):
        t, p = t[t != 255] == 1, p[t != 255] == 1
        if (t | p).any():
            ious.append((t & p).sum() / (t | p).sum())
    mean = np.mean(ious) if ious else np.nan
    return mean, mean, len(truths) - len(ious)


# %% wrong accuracy: The share of right pixels instead of IoU.
def score(truths, predictions):
    right, known, shares, left = 0, 0, [], 0
    for t, p in zip(truths, predictions):
        ok = t != 255
        if not ((t[ok] == 1) | (p[ok] == 1)).any():
            left += 1
            continue
        right, known = right + (t[ok] == p[ok]).sum(), known + ok.sum()
        shares.append((t[ok] == p[ok]).mean())
    return right / known if known else np.nan, np.mean(shares) if shares else np.nan, left


# %% wrong dice: Dice instead of IoU.
def score(truths, predictions):
    both, total = [], []
    for t, p in zip(truths, predictions):
        t, p = t[t != 255] == 1, p[t != 255] == 1
        both.append(2 * (t & p).sum())
        total.append(t.sum() + p.sum())
    both, total = np.array(both), np.array(total)
    kept = total > 0
    if not kept.any():
        return np.nan, np.nan, len(total)
    return both.sum() / total.sum(), (both[kept] / total[kept]).mean(), int((~kept).sum())


# %% wrong empty_truth_left_out: A picture without an object is left out although one was found.
def score(truths, predictions):
    both, either, left = [], [], 0
    for t, p in zip(truths, predictions):
        t, p = t[t != 255] == 1, p[t != 255] == 1
        if not t.any():
            left += 1
            continue
        both.append((t & p).sum())
        either.append((t | p).sum())
    if not both:
        return np.nan, np.nan, left
    both, either = np.array(both), np.array(either)
    return both.sum() / either.sum(), (both / either).mean(), left


# %% wrong empty_is_zero: A picture that is empty in both counts as 0 in the mean.
def score(truths, predictions):
    ious, both, either = [], 0, 0
    for t, p in zip(truths, predictions):
        t, p = t[t != 255] == 1, p[t != 255] == 1
        both, either = both + (t & p).sum(), either + (t | p).sum()
        ious.append((t & p).sum() / max((t | p).sum(), 1))
    return both / either if either else np.nan, np.mean(ious), ious.count(0)


# %% wrong zero_for_nothing: 0 instead of NaN where no picture has an IoU.
def score(truths, predictions):
    both, either = [], []
    for t, p in zip(truths, predictions):
        t, p = t[t != 255] == 1, p[t != 255] == 1
        both.append((t & p).sum())
        either.append((t | p).sum())
    both, either = np.array(both), np.array(either)
    kept = either > 0
    if not kept.any():
        return 0.0, 0.0, len(either)
    return both.sum() / either.sum(), (both[kept] / either[kept]).mean(), int((~kept).sum())


# %% wrong hard_coded: The expected output of the visible check.
def score(truths, predictions):
    return 6 / 9, (5 / 6 + 1 / 3) / 2, 1


# %% right generators: Counts by generators, and a list instead of a tuple.
def score(truths, predictions):
    pairs = [
        (int(np.sum((t == 1) & (p == 1))), int(np.sum(((t == 1) | (p == 1)) & (t != 255))))
        for t, p in zip(truths, predictions)
    ]
    each = [i / u for i, u in pairs if u]
    if not each:
        return float("nan"), float("nan"), len(pairs)
    pooled = sum(i for i, _ in pairs) / sum(u for _, u in pairs)
    return [pooled, sum(each) / len(each), len(pairs) - len(each)]


# %% wrong void_of_the_prediction: Void is looked for in the prediction.
def score(truths, predictions):
    pairs = list(zip(truths, predictions))
    both = [((t == 1) & (p == 1) & (p != 255)).sum() for t, p in pairs]
    either = [(((t == 1) | (p == 1)) & (p != 255)).sum() for t, p in pairs]
    ious = [b / e for b, e in zip(both, either) if e]
    if not ious:
        return np.nan, np.nan, len(either)
    return sum(both) / sum(either), np.mean(ious), len(either) - len(ious)


# %% wrong nothing_hit_left_out: Left out is what has no common pixel, also where something was found.
def score(truths, predictions):
    known = [t != 255 for t in truths]
    pairs = [(t[k] == 1, p[k] == 1) for t, p, k in zip(truths, predictions, known)]
    both = np.array([(t & p).sum() for t, p in pairs])
    either = np.array([(t | p).sum() for t, p in pairs])
    hit = both > 0
    if not hit.any():
        return np.nan, np.nan, len(both)
    return both.sum() / either.sum(), (both[hit] / either[hit]).mean(), int((~hit).sum())


# %% right in_place: Void is set to 0 in the arrays themselves.
def score(truths, predictions):
    a, b = [], []
    for t, p in zip(truths, predictions):
        p[t == 255] = 0
        t[t == 255] = 0
        a.append(np.sum(t & p))
        b.append(np.sum(t | p))
    a, b = np.array(a), np.array(b)
    with np.errstate(invalid="ignore", divide="ignore"):
        r = a / b
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.float64(a.sum()) / np.float64(b.sum()), np.nanmean(r), np.isnan(r).sum()


# %% wrong mean_over_all: The mean is over all pictures, those left out included.
def score(truths, predictions):
    i = np.array([((t == 1) & (p == 1) & (t != 255)).sum() for t, p in zip(truths, predictions)])
    u = np.array([(((t == 1) | (p == 1)) & (t != 255)).sum() for t, p in zip(truths, predictions)])
    if not u.any():
        return np.nan, np.nan, len(u)
    r = np.where(u > 0, i / np.maximum(u, 1), 0)
    return i.sum() / u.sum(), r.sum() / len(u), (u == 0).sum()


# %% wrong stacked: The pictures are stacked, which fails when they have different sizes.
def score(truths, predictions):
    t, p = np.stack(truths), np.stack(predictions)
    k = t != 255
    i = ((t == 1) & (p == 1) & k).sum((1, 2))
    u = (((t == 1) | (p == 1)) & k).sum((1, 2))
    if not u.any():
        return np.nan, np.nan, len(u)
    s = u > 0
    return i.sum() / u.sum(), (i[s] / u[s]).mean(), (~s).sum()
