"""Plotly figures drawn from result objects; no physics, no input or output."""
