"""Where Born charges come from: the library, or a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import components, text
from properties.vibrations import born as charges

if TYPE_CHECKING:
    from properties.crystal import Crystal
    from properties.vibrations.born import BornCharges

LIBRARY, UPLOAD, NONE = "From the library", "From a file", "None"
AXES = "xyz"
ABOUT_FILES = (
    "BORN as phonopy reads it, or OUTCAR or vasprun.xml of a VASP run with LEPSILON, for this "
    "structure: its atoms, in its Cartesian axes."
)


def choose(crystal: Crystal, key: str) -> BornCharges | None:
    """Let the user choose charges for a crystal as it is given; ``None`` while there are none.

    Raises
    ------
    MLPError
        The file cannot be read, or belongs to another crystal.
    """
    known = charges.library_born(crystal)
    ways = [LIBRARY, UPLOAD, NONE] if known else [UPLOAD, NONE]
    way = st.segmented_control(
        "Born effective charges",
        ways,
        default=ways[0] if known else NONE,
        required=True,
        key=f"{key}-way-{crystal.formula}",  # another crystal begins with its own default
    )
    if way == LIBRARY and known:
        st.caption(f"Source: {known.source}")
        return known
    return _uploaded(crystal, key) if way == UPLOAD else None


def _uploaded(crystal: Crystal, key: str) -> BornCharges | None:
    given = st.file_uploader("File with Born charges", key=f"{key}-file", help=ABOUT_FILES)
    if given is None:
        components.nothing(ABOUT_FILES, icon=":material/upload_file:")
        return None
    return charges.read_born(given.getvalue(), crystal, given.name)


def charge_rows(born: BornCharges, symbols: tuple[str, ...]) -> list[dict[str, str]]:
    """Return the effective charges as rows of text, only the diagonal if that is all."""
    tensors = born.charges_e.tolist()
    pairs = [(i, j) for i in range(3) for j in range(3)]
    if not any(abs(tensor[i][j]) > 0.005 for tensor in tensors for i, j in pairs if i != j):
        pairs = [(i, i) for i in range(3)]
    return [
        {
            "Atom": f"{symbol} {atom}",
            **{f"Z*{AXES[i]}{AXES[j]} (e)": text.fixed(tensor[i][j], 3) for i, j in pairs},
        }
        for atom, (symbol, tensor) in enumerate(zip(symbols, tensors, strict=True), start=1)
    ]


def dielectric_rows(born: BornCharges) -> list[dict[str, str]]:
    """Return the dielectric tensor as rows of text."""
    return [
        {"ε∞": axis, **{a: text.fixed(v, 3) for a, v in zip(AXES, row, strict=True)}}
        for axis, row in zip(AXES, born.dielectric.tolist(), strict=True)
    ]
