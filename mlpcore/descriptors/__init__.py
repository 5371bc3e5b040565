"""Symmetry functions: the surroundings of an atom as numbers that no rotation changes."""
