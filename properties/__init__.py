"""Elastic, vibrational and thermal properties of crystals from a potential."""

__version__ = "0.1.0"
