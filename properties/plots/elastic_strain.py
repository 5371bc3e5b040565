"""The second derivative made visible: energy and stress of strained cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from properties.elasticity import voigt
from properties.plots import style
from properties.results import ElasticResult

FloatArray = NDArray[np.float64]

PERCENT, MEV = 100.0, 1e3
IONS = ("clamped ions", "relaxed ions")
SYMBOLS, DASHES = ("circle-open", "circle"), ("dot", "solid")
ENERGY_COLOURS = (style.ORANGE, style.BLUE)
ZERO = 1e-4
"""Constants smaller than this part of the largest are zero by symmetry and not drawn."""


def constant(row: int, column: int) -> str:
    """Name of a constant, the smaller index first: ``C14``."""
    first, second = sorted((row + 1, column + 1))
    return f"C{first}{second}"


def source(result: ElasticResult) -> str:
    """Where the constants come from, in a word."""
    return "exact" if result.method == "second derivatives" else "finite-strain"


def potential(result: ElasticResult) -> str:
    """What is differentiated: the energy, or under pressure the enthalpy."""
    return "enthalpy" if result.pressure_gpa else "energy"


def energy(result: ElasticResult, pattern: int, height: int = 420) -> go.Figure:
    """Energy of the cell against one strain, with parabolas of the exact curvature.

    The points carry the slope that a cell under residual stress has. The parabola takes
    the slope of the two outermost points and the curvature of the exact second
    derivative; it is not fitted.

    Parameters
    ----------
    pattern
        Which of the strained patterns, 0 to p − 1.
    """
    strain = result.strain_energy_strain
    sets = (result.strain_energy_clamped_ev[pattern], result.strain_energy_relaxed_ev[pattern])
    drawn = go.Figure()
    for kind, energies in enumerate(sets):
        above = energies - energies[np.argmin(np.abs(strain))]
        fine, parabola = _parabola(
            strain, above, float(result.strain_energy_curvature_ev[pattern, kind])
        )
        look = {"color": ENERGY_COLOURS[kind]}
        drawn.add_scatter(
            x=PERCENT * fine,
            y=MEV * parabola,
            mode="lines",
            line=style.line(look["color"], DASHES[kind]),
            name=f"{source(result)} curvature, {IONS[kind]}",
            hovertemplate=style.hover("strain:.3f", "energy:.3f", "%", "meV"),
        )
        drawn.add_scatter(
            x=PERCENT * strain,
            y=MEV * above,
            mode="markers",
            marker={"symbol": SYMBOLS[kind], "size": 10, **look},
            name=f"energies, {IONS[kind]}",
            hovertemplate=style.hover("strain:.3f", "energy:.3f", "%", "meV"),
        )
    component = voigt.NAMES[int(result.strain_energy_voigt[pattern])]
    drawn.update_xaxes(title=f"strain {component} (%)")
    drawn.update_yaxes(title=f"{potential(result)} of the cell above the unstrained (meV)")
    return _roomy(style.finish(drawn, height))


def _parabola(
    strain: FloatArray, above: FloatArray, curvature: float
) -> tuple[FloatArray, FloatArray]:
    first, last = np.argmin(strain), np.argmax(strain)
    slope = (above[last] - above[first]) / (strain[last] - strain[first])
    fine = np.linspace(strain[first], strain[last], 101)
    return fine, slope * fine + curvature * fine**2 / 2


def stress(result: ElasticResult, pattern: int, height: int = 420) -> go.Figure:
    """Stress against one strain, with straight lines whose slopes are the exact constants.

    Drawn are the stress components whose constant is not zero by symmetry, counted from
    the stress of the unstrained cell.
    """
    if not len(result.strain_stress_relaxed_gpa):
        return style.empty("This result was computed before stresses were kept.", height)
    column = int(result.strain_energy_voigt[pattern])
    strain = result.strain_energy_strain
    ends = np.array([strain.min(), strain.max()])
    sets = (
        (result.stiffness_clamped_gpa, result.strain_stress_clamped_gpa[pattern]),
        (result.stiffness_gpa, result.strain_stress_relaxed_gpa[pattern]),
    )
    drawn = go.Figure()
    for kind, (stiffness, stresses) in enumerate(sets):
        above = stresses - stresses[np.argmin(np.abs(strain))]
        for row in _active(result, column):
            name = f"{voigt.NAMES[row]}: {constant(row, column)}"
            colour = style.CYCLE[row]
            text = style.hover("strain:.3f", "stress:.4f", "%", "GPa")
            slope = float(stiffness[row, column])
            drawn.add_scatter(
                x=PERCENT * ends,
                y=slope * ends,
                mode="lines",
                line=style.line(colour, DASHES[kind]),
                name=f"{name} = {slope:.1f} GPa, {IONS[kind]}".replace("-", "−"),
                showlegend=kind == 1,
                legendgroup=name,
                hovertemplate=text,
            )
            drawn.add_scatter(
                x=PERCENT * strain,
                y=above[:, row],
                mode="markers",
                marker={"symbol": SYMBOLS[kind], "size": 8, "color": colour},
                name=f"{name}, {IONS[kind]}",
                showlegend=False,
                legendgroup=name,
                hovertemplate=text,
            )
    drawn.update_xaxes(title=f"strain {voigt.NAMES[column]} (%)")
    drawn.update_yaxes(title="stress beyond the unstrained cell's (GPa)")
    return _roomy(style.finish(drawn, height))


def _roomy(figure: go.Figure) -> go.Figure:
    """Legend below the plot, where its lines may wrap."""
    return figure.update_layout(
        legend={"y": -0.2, "yanchor": "top"}, margin={"t": 16, "b": 120}
    )


def _active(result: ElasticResult, column: int) -> list[int]:
    """Stress components that this strain causes, relaxed or clamped."""
    both = np.maximum(np.abs(result.stiffness_gpa), np.abs(result.stiffness_clamped_gpa))
    return [row for row in range(6) if both[row, column] > ZERO * both.max()]


@dataclass(frozen=True)
class Deviation:
    """One constant by three routes, in GPa; not-a-number where a route does not give it.

    Attributes
    ----------
    name, pattern, ions
        Constant, strained component and treatment of the ions.
    exact_gpa
        Second derivative of the energy.
    from_energy_gpa
        Second difference of the energy at the smallest strain.
    from_stress_gpa
        Central difference of the stress at the smallest strain.
    """

    name: str
    pattern: str
    ions: str
    exact_gpa: float
    from_energy_gpa: float
    from_stress_gpa: float

    @property
    def largest_gpa(self) -> float:
        """The larger of the two differences from the exact value, with its sign."""
        gaps = np.array([self.from_energy_gpa, self.from_stress_gpa]) - self.exact_gpa
        known = gaps[np.isfinite(gaps)]
        return float(known[np.argmax(np.abs(known))]) if len(known) else float("nan")


def deviations(result: ElasticResult) -> tuple[Deviation, ...]:
    """Compare every constant that the strains give with the exact one, at the smallest strain.

    Empty for results of versions that did not keep stresses: their strains were not in
    the axes of the tensor.
    """
    if not len(result.strain_stress_relaxed_gpa):
        return ()
    found = []
    for pattern, column in enumerate(map(int, result.strain_energy_voigt)):
        for kind in (1, 0):
            for row in _active(result, column):
                found.append(_deviation(result, pattern, kind, row, column))
    return tuple(found)


def _deviation(
    result: ElasticResult, pattern: int, kind: int, row: int, column: int
) -> Deviation:
    stiffness = (result.stiffness_clamped_gpa, result.stiffness_gpa)[kind]
    energies = (result.strain_energy_clamped_ev, result.strain_energy_relaxed_ev)[kind]
    stresses = (result.strain_stress_clamped_gpa, result.strain_stress_relaxed_gpa)[kind]
    minus, centre, plus = _smallest(result.strain_energy_strain)
    step = float(result.strain_energy_strain[plus])
    from_energy = float("nan")
    if row == column:
        second = energies[pattern, [minus, plus]].sum() - 2 * energies[pattern, centre]
        from_energy = float(second) / step**2 * _gpa_per_ev(result, pattern, kind)
    rise = stresses[pattern, plus, row] - stresses[pattern, minus, row]
    return Deviation(
        constant(row, column),
        voigt.NAMES[column],
        IONS[kind],
        float(stiffness[row, column]),
        from_energy,
        float(rise) / (2 * step),
    )


def _smallest(strain: FloatArray) -> tuple[int, int, int]:
    """Places of the smallest negative strain, of zero, and of the smallest positive one."""
    centre = int(np.argmin(np.abs(strain)))
    return centre - 1, centre, centre + 1


def smallest_percent(result: ElasticResult) -> float:
    """The smallest strain, in percent."""
    return PERCENT * float(result.finite_strains.min())


def _gpa_per_ev(result: ElasticResult, pattern: int, kind: int) -> float:
    """One over the volume of the cell, from curvature and constant of the same pattern."""
    column = int(result.strain_energy_voigt[pattern])
    stiffness = (result.stiffness_clamped_gpa, result.stiffness_gpa)[kind]
    curvature = float(result.strain_energy_curvature_ev[pattern, kind])
    return float(stiffness[column, column]) / curvature
