"""Commands of the repository: they prepare, run, check and export; the labs never import them."""
