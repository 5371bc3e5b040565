"""Machine-learned interatomic potentials behind one interface."""
