"""Elastic constants: their calculation, the algebra of the tensor, and what follows from it."""
