"""Detection of test-split leaks by execution: choices must not depend on the test masks.

    python -m tools.leaks NOTEBOOK --masks NAME             your own notebook, as yourself
    python -m tools.leaks NOTEBOOK --masks NAME --sandbox   another's, in the grader's sandbox

NAME is the variable that holds the ground-truth masks of the test split, (N, H, W) or a list of N
arrays; in a pair such as (probabilities, masks) the last element counts. The notebook runs three
times with the same seeds: as it is, with the masks exchanged among the pictures and their classes
reversed, immediately after NAME is assigned, and with all but the first quarter exchanged. A score
on the test split must then change: if nothing changes, nothing was measured on it. A threshold, an
epoch, a bonus or the weights of a model must not change: if one does, it was chosen on the test
split. Names, including those of scores, do not matter.

Choices are: the weights of a model; a value, or its position, among those that a loop, a
comprehension or a `key=` goes through, if a test mask met other predictions with other values; and
whatever changes a prediction. A prediction is what meets a test mask in a call, a comparison or an
operation. With most masks exchanged, the others must meet the same predictions, however they were
computed. Going through pictures, classes or groups tries nothing, so the worst test picture and the
hardest class may be shown. A leak that leaves no such trace is not detected: a threshold for each
picture by its own mask, pictures left out of the score.

`trace` runs a notebook in its process, with `exchange` of the masks and a record of `meetings`;
`verdict` compares the runs. Rests on NumPy and `tools.outlines`.
"""
