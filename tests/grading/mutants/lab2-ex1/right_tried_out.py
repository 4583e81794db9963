predicted = {}
for pair in [(0, 1), (0, 2), (1, 2)]:
    row = np.interp(np.linspace(0, 1, 41), [0, 1], pair)
    predicted[pair] = set(np.rint(row).astype(int).tolist())
