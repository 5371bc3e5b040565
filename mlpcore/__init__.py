"""Machine-learned interatomic potentials behind one interface."""

import os

# Idle OpenMP threads spin by default; where two processes share the cores, each then
# waits for the other's spinning and evaluations take up to ten times as long. The
# library reads this once, when torch is loaded, so it is set before that.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
