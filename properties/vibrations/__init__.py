"""Lattice dynamics: phonons, their soft modes, and thermal expansion."""
