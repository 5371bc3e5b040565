"""Elastic, vibrational and thermal properties of crystals from a potential."""
