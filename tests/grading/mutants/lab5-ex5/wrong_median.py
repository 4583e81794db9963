# The median of the labels, which may be a label that no picture gives.
def majority(labels, moving):
    still = np.where(np.isin(labels, list(moving)), np.nan, labels.astype(float))
    return np.nan_to_num(np.nanmedian(still, axis=0), nan=-1).astype(int)
