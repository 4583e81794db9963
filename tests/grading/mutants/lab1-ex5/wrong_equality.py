# Exact equality, the published code.
def find_word(picture):
    return (picture == [255, 0, 0]).all(axis=2)
