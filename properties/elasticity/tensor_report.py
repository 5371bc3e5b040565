"""What follows from a pasted tensor, as one JSON document."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from properties.elasticity import pasted_checks, stability
from properties.elasticity.derived import derived

if TYPE_CHECKING:
    from properties.elasticity.pasted import PastedTensor


def as_json(
    tensor: PastedTensor, density_kg_per_m3: float | None, volume_per_atom_a3: float | None
) -> str:
    """Return the tensor, its class, checks, eigenvalues and derived properties.

    What is not defined is ``null``.
    """
    found = derived(
        tensor.stiffness_gpa, tensor.laue_class, density_kg_per_m3, volume_per_atom_a3
    )
    checks = (
        *tensor.checks,
        *pasted_checks.of_density(tensor.stiffness_gpa, density_kg_per_m3, volume_per_atom_a3),
    )
    report = {
        "stiffness_gpa": tensor.stiffness_gpa.tolist(),
        "laue_class": tensor.laue_class,
        "setting": tensor.setting,
        "independent_constants": tensor.independent_constants(),
        "asymmetry_gpa": tensor.asymmetry_gpa,
        "density_kg_per_m3": density_kg_per_m3,
        "volume_per_atom_a3": volume_per_atom_a3,
        "eigenvalues_gpa": stability.eigenvalues_gpa(tensor.stiffness_gpa).tolist(),
        "checks": [{"code": c.code, "passed": c.passed, "message": c.message} for c in checks],
        "derived": {
            one.key: {"value": one.value if np.isfinite(one.value) else None, "unit": one.unit}
            for one in found
        },
    }
    return json.dumps(report, indent=1, ensure_ascii=False)
