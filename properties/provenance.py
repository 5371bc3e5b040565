"""What a reader needs to repeat a calculation."""

from __future__ import annotations

import importlib.metadata
from typing import TYPE_CHECKING, Any

from properties import __version__

if TYPE_CHECKING:
    from mlpcore.potential import Potential
    from properties.spec import Spec

VERSIONED = ("torch", "sevenn", "chgnet", "ase", "phonopy", "spglib", "seekpath", "numpy")


def provenance(spec: Spec, potential: Potential, supercell_dtype: str | None) -> dict[str, Any]:
    """Return what a reader needs to repeat the calculation."""
    info = potential.info
    return {
        "model": {
            "name": info.name,
            "sha256": info.sha256,
            "n_members": len(potential.members),
            "terms": [term.info.name for term in getattr(potential, "terms", ())],
            "functional": info.functional,
            "licence": info.licence,
            "citation": info.citation,
            "engine": potential.engine,
            "dtype": str(potential.dtype).removeprefix("torch."),
            "supercell_dtype": supercell_dtype,
            "device": potential.device.type,
        },
        "structure_sha256": spec.structure.sha256,
        "spec": spec.to_dict(),
        "spec_sha256": spec.sha256,
        "versions": {
            "lattice-lab": __version__,
            **{name: importlib.metadata.version(name) for name in VERSIONED},
        },
    }
