"""How the shipped weights were made: a command for each family of networks."""
