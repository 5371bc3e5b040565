"""Symmetry functions on the reader's own crystal, moved with sliders."""

from __future__ import annotations

from itertools import combinations_with_replacement
from typing import TYPE_CHECKING

import streamlit as st

from mlpcore.descriptors.automatic import SIZES
from mlpcore.descriptors.functions import Angular, Radial
from pages.ui import components, guard, source_form, text
from properties import symmetry
from properties import symmetry_functions as curves
from properties.plots import symmetry_functions as plots

if TYPE_CHECKING:
    from mlpcore.descriptors.functions import AngularKind, CutoffKind
    from properties.crystal import Crystal

RADIAL, ANGULAR, SET = "Distances (G²)", "Angles (G⁴, G⁵)", "The whole set"
ETAS = (0.0, 0.003, 0.01, 0.03, 0.1, 0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
ANGULAR_ETAS = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
ZETAS = (1, 2, 4, 8, 16, 32)
SIGNS = {1: "λ = +1", -1: "λ = −1"}
CUTOFF_KINDS: tuple[CutoffKind, ...] = ("cosine", "polynomial")
KINDS: dict[AngularKind, str] = {
    "G4": "all three sides (G⁴)",
    "G5": "only the two arms (G⁵)",
}
MOST_ATOMS = 60
FIRST_SHIFT_A = 2.5

INTRODUCTION = (
    "A network needs numbers that describe an atom's surroundings and stay the same when the "
    "crystal is moved, turned, or its equal atoms are renumbered. Symmetry functions are such "
    "numbers: each is a **sum over the neighbours** of the atom inside a cut-off sphere. Move "
    "the sliders: the curve is what one neighbour adds at each distance or angle, the sticks "
    "are the neighbours that your crystal really has."
)
RADIAL_FORMULA = r"G^2_i = \sum_j e^{-\eta\,(r_{ij}-r_s)^2}\, f_c(r_{ij})"
ANGULAR_FORMULAS: dict[AngularKind, str] = {
    "G4": r"\begin{aligned}G^4_i = 2^{1-\zeta}\sum_{j<k}"
    r"&\,(1+\lambda\cos\theta_{ijk})^{\zeta}\\"
    r"&\times e^{-\eta\,(r_{ij}^2+r_{ik}^2+r_{jk}^2)}\\"
    r"&\times f_c(r_{ij})\,f_c(r_{ik})\,f_c(r_{jk})\end{aligned}",
    "G5": r"\begin{aligned}G^5_i = 2^{1-\zeta}\sum_{j<k}"
    r"&\,(1+\lambda\cos\theta_{ijk})^{\zeta}\\"
    r"&\times e^{-\eta\,(r_{ij}^2+r_{ik}^2)}\,f_c(r_{ij})\,f_c(r_{ik})\end{aligned}",
}
COUNTS = " A head with ×n stands for n neighbours or pairs; point at those without room for it."
RADIAL_WORDS = (
    "**η** makes the bell narrow: with a large η the function counts the atoms of one shell; "
    "with η = 0 it counts all neighbours, weighted by the cut-off function. $r_s$ moves the "
    "bell outwards. The **cut-off function** lets neighbours fade out smoothly: without it the "
    "energy would jump when an atom crosses the sphere. One function for each element tells "
    "the elements apart."
)
ANGULAR_WORDS = (
    "**ζ** sharpens the function: large values look at few angles. **λ** turns it round: "
    "+1 is largest at 0°, −1 at 180°. **η** lets near neighbours count more. G⁵ leaves out the "
    "distance between the two neighbours, so pairs that are far from each other count as well."
)
SET_WORDS = (
    "No single function tells surroundings apart, a set does. These are all the numbers that "
    "a network is told about an atom: two atoms with equal numbers are the same to it, and "
    "beyond the cut-off it sees nothing. More functions see finer, but cost time and need "
    "more data. The set is repeated for each element and each pair of elements."
)


def draw() -> None:
    """Draw the section."""
    st.markdown(INTRODUCTION)
    left, right = st.columns([2, 3], gap="large")
    with left:
        source = source_form.choose(first=source_form.EXAMPLE)
    if source is None:
        with right:
            components.nothing("Choose a crystal on the left.", icon=":material/deployed_code:")
        return
    crystal = symmetry.analyse(source.crystal).primitive
    with right:
        which = st.segmented_control(
            "What to look at",
            (RADIAL, ANGULAR, SET),
            default=RADIAL,
            required=True,
            key="functions-which",
        )
        atom = st.selectbox(
            "Central atom",
            curves.different_atoms(crystal),
            format_func=lambda index: curves.atom_label(crystal, index),
            key="functions-atom",
            help="Atoms of the primitive cell; of those that symmetry makes equal, one.",
        )
    st.fragment({RADIAL: _radial, ANGULAR: _angular, SET: _set}[str(which)])(crystal, int(atom))


def _cutoff() -> tuple[float, CutoffKind]:
    cutoff = st.slider("Cut-off $r_c$ (Å)", 2.0, 10.0, 6.0, step=0.1, key="functions-cutoff")
    kind = st.segmented_control(
        "Cut-off function", CUTOFF_KINDS, default=CUTOFF_KINDS[0], required=True,
        key="functions-kind",
    )  # fmt: skip
    return float(cutoff), kind or CUTOFF_KINDS[0]


def _radial(crystal: Crystal, atom: int) -> None:
    with guard.sentences():
        left, right = st.columns([2, 3], gap="large")
        with left:
            st.latex(RADIAL_FORMULA)
            neighbour = st.segmented_control(
                "Neighbours", _symbols(crystal), default=_symbols(crystal)[0], required=True,
                key=f"functions-neighbour-{crystal.formula}",
            )  # fmt: skip
            eta = st.select_slider("η (1/Å²)", ETAS, value=2.0, key="functions-eta")
            cutoff, kind = _cutoff()
            shift = st.slider(
                "$r_s$ (Å)", 0.0, cutoff, min(FIRST_SHIFT_A, cutoff), step=0.05,
                key="functions-shift",
            )  # fmt: skip
        function = Radial(str(neighbour), eta, shift, cutoff)
        drawn = curves.radial(crystal, atom, function, kind)
        with right:
            _values(drawn.value, f"{drawn.count} {neighbour} neighbours within the cut-off")
            components.plot(
                plots.over_distance(drawn.curve, drawn.cutoff, drawn.sticks, cutoff),
                key="functions-radial",
            )
            st.caption(RADIAL_WORDS + COUNTS)
        _every_atom(crystal, function, kind)


def _angular(crystal: Crystal, atom: int) -> None:
    with guard.sentences():
        left, right = st.columns([2, 3], gap="large")
        with left:
            kind = st.radio(
                "Counts", tuple(KINDS), format_func=KINDS.__getitem__, key="functions-g"
            )
            st.latex(ANGULAR_FORMULAS[kind])
            pairs = tuple(combinations_with_replacement(_symbols(crystal), 2))
            pair = st.selectbox(
                "Pair of neighbours", pairs, format_func="–".join,
                key=f"functions-pair-{crystal.formula}",
            )  # fmt: skip
            zeta = st.select_slider("ζ", ZETAS, value=1, key="functions-zeta")
            sign = st.segmented_control(
                "λ", tuple(SIGNS), default=-1, required=True, format_func=SIGNS.__getitem__,
                key="functions-sign",
            )  # fmt: skip
            eta = st.select_slider(
                "η (1/Å²)", ANGULAR_ETAS, value=0.01, key="functions-angular-eta"
            )
            cutoff, cutoff_kind = _cutoff()
        function = Angular(pair, eta, zeta, int(sign or 1), 0.0, cutoff, kind)
        drawn = curves.angular(crystal, atom, function, cutoff_kind)
        with right:
            _values(drawn.value, f"{drawn.count} pairs of neighbours within the cut-off")
            components.plot(
                plots.over_angle(drawn.curve, drawn.positions, drawn.contributions),
                key="functions-angular",
            )
            st.caption(ANGULAR_WORDS + COUNTS)
        _every_atom(crystal, function, cutoff_kind)


def _values(value: float, help_text: str) -> None:
    components.figures(
        (
            components.Figure("G of this atom", text.short(value, digits=4)),
            components.Figure("Counted", help_text.partition(" ")[0], help_text),
        )
    )


def _every_atom(crystal: Crystal, function: Radial | Angular, kind: CutoffKind) -> None:
    """Draw the value for each atom of the cell: equal atoms have equal values."""
    if len(crystal) > MOST_ATOMS:
        return
    with st.expander("The value of every atom of the primitive cell"):
        labels = [curves.atom_label(crystal, index) for index in range(len(crystal))]
        values = curves.of_every_atom(crystal, function, kind)
        components.plot(plots.per_atom(labels, values), key="functions-atoms")
        st.caption("Atoms that symmetry makes equal have equal values, as they must.")


def _set(crystal: Crystal, atom: int) -> None:
    with guard.sentences():
        left, right = st.columns([2, 3], gap="large")
        with left:
            size = st.segmented_control(
                "Size of the set", SIZES, default="standard", required=True,
                key="functions-size",
            )  # fmt: skip
            cutoff, kind = _cutoff()
            drawn = curves.automatic_set(crystal, atom, cutoff, size or "standard", kind)
            components.figures(
                (
                    components.Figure("Distances", f"{drawn.n_radial}"),
                    components.Figure("Angles", f"{drawn.n_angular}"),
                    components.Figure(
                        "Numbers for each atom", f"{drawn.n_radial + drawn.n_angular}"
                    ),
                )
            )
            st.caption(SET_WORDS)
        with right:
            components.plot(
                plots.family(
                    drawn.radial, drawn.distances, "distance r (Å)", "one neighbour adds"
                ),
                key="functions-set-radial",
            )
            components.plot(
                plots.family(drawn.angular, drawn.angles, "angle θ (°)", "angular factor"),
                key="functions-set-angular",
            )


def _symbols(crystal: Crystal) -> tuple[str, ...]:
    return tuple(dict.fromkeys(crystal.symbols))
