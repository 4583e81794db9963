"""Training recipes of the shipped weights: one command per family of networks."""
