from fractions import Fraction


def cheapest(shares, truth, wrong_fine):
    price = Fraction(str(wrong_fine))

    def cost(threshold):
        wrong = sum(1 for s, t in zip(shares, truth) if s >= threshold and not t)
        missed = sum(1 for s, t in zip(shares, truth) if s < threshold and t)
        return price * wrong + missed

    return min([*np.unique(shares), float("inf")], key=lambda t: (cost(t), -t))
