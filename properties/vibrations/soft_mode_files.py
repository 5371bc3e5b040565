"""Files of the phases that soft modes lead to."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from ase.io import write

from properties import symmetry

if TYPE_CHECKING:
    from properties.crystal import Crystal


def cif(crystal: Crystal) -> bytes:
    """Return the conventional cell as CIF, all its atoms listed."""
    file = BytesIO()
    write(file, symmetry.analyse(crystal).conventional.to_atoms(), format="cif")
    return file.getvalue()
