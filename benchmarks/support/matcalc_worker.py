"""One crystal through matcalc; run by the Python of an environment that has it.

python -P matcalc_worker.py REQUEST.json RESULT.json

Nothing of this project is imported here: that environment has its own packages.
"""

from __future__ import annotations

import hashlib
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import sevenn
from matcalc import ElasticityCalc, PhononCalc, QHACalc, RelaxCalc
from pymatgen.core import Structure
from sevenn.calculator import SevenNetCalculator

MAX_STEPS = 5000
"""matcalc's own choice where phonons follow; it stops plain relaxations at 500."""
ROOM_K = 300.0


def calculator(request: dict[str, Any]) -> SevenNetCalculator:
    """Load the checkpoint that ours has; refuse another one."""
    weights = Path(sevenn.__file__).parent / request["weights"]
    if hashlib.sha256(weights.read_bytes()).hexdigest() != request["sha256"]:
        sys.exit(f"{weights.name} is another checkpoint than ours: install the same sevenn.")
    return SevenNetCalculator(str(weights), device="cpu", modal=request["modal"])


class Chain:
    """The stages one after the other; each adds its seconds and numbers to `found`."""

    def __init__(self, request: dict[str, Any], found: dict[str, Any]) -> None:
        self._request, self.found = request, found
        self._model = calculator(request)
        self._structure = Structure(
            request["lattice_a"], request["numbers"], request["fractional"]
        )
        self._symmetry = {"fix_symmetry": True, "symprec": request["symprec_a"]}
        self._displaced = {
            "atom_disp": request["displacement_a"],
            "supercell_matrix": request["supercell_matrix"],
            "symprec": request["symprec_a"],
            "write_phonon": False,
        }

    def relax(self) -> None:
        """Relax cell and ions."""
        limits = {"fmax": self._request["fmax_ev_per_a"], "max_steps": MAX_STEPS}
        relaxed = RelaxCalc(self._model, **limits, **self._symmetry).calc(self._structure)
        if not relaxed["is_converged"]:
            sys.exit(f"matcalc's relaxation did not converge in {MAX_STEPS} steps.")
        self._structure = relaxed["final_structure"]
        self.found["volume_per_atom_a3"] = relaxed["volume"] / len(self._structure)

    def elastic(self) -> None:
        """Elastic constants as matcalc does them by itself: clamped ions."""
        self._elastic("_clamped", relax_deformed_structures=False)

    def elastic_relaxed(self) -> None:
        """Elastic constants with the ions of each strained cell relaxed."""
        self._elastic("", relax_deformed_structures=True)

    def _elastic(self, suffix: str, relax_deformed_structures: bool) -> None:
        found = ElasticityCalc(
            self._model,
            fmax=self._request["fmax_ev_per_a"],
            relax_structure=False,
            relax_deformed_structures=relax_deformed_structures,
            relax_calc_kwargs={"max_steps": MAX_STEPS},
            units_GPa=True,
        ).calc(self._structure)
        self.found[f"bulk{suffix}_gpa"] = float(found["bulk_modulus_vrh"])
        self.found[f"shear{suffix}_gpa"] = float(found["shear_modulus_vrh"])

    def phonons(self) -> None:
        """Force constants and harmonic thermodynamics."""
        calc = PhononCalc(self._model, relax_structure=False, **self._displaced)
        found = calc.calc(self._structure)
        thermal = found["thermal_properties"]
        room = np.argmin(np.abs(np.asarray(thermal["temperatures"]) - ROOM_K))
        capacity = float(thermal["heat_capacity"][room]) / len(self._structure)
        self.found["heat_capacity"] = capacity
        self.found["n_displacements"] = len(found["disp_supercells"])

    def thermal(self) -> None:
        """Quasiharmonic expansion."""
        found = QHACalc(
            self._model,
            fmax=self._request["fmax_ev_per_a"],
            max_steps=MAX_STEPS,
            relax_structure=False,
            scale_factors=self._request["scale_factors"],
            relax_calc_kwargs=self._symmetry,
            phonon_calc_kwargs=self._displaced,
        ).calc(self._structure)
        room = np.argmin(np.abs(np.asarray(found["temperatures"]) - ROOM_K))
        self.found["alpha_per_k"] = float(found["thermal_expansion_coefficients"][room])
        self.found["n_volumes"] = len(found["volumes"])


STAGES: dict[str, Callable[[Chain], None]] = {
    "relax": Chain.relax,
    "elastic": Chain.elastic,
    "elastic_relaxed": Chain.elastic_relaxed,
    "phonons": Chain.phonons,
    "thermal": Chain.thermal,
}


def main() -> None:
    """Read the request; write the result, anew after each stage."""
    request, result = map(Path, sys.argv[1:])
    found: dict[str, Any] = {"seconds": {}}
    chain = Chain(json.loads(request.read_text(encoding="utf-8")), found)
    unit = 1 if sys.platform == "darwin" else 1024
    for name, stage in STAGES.items():
        started = time.perf_counter()
        stage(chain)
        found["seconds"][name] = time.perf_counter() - started
        found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
        result.write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
