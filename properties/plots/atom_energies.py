"""A crystal coloured by what a committee says of its atoms, and how that grows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from ase.data import chemical_symbols
from numpy.typing import NDArray

from properties.atom_energies import AtomEnergies
from properties.plots import structure, style

FloatArray = NDArray[np.float64]
MEV = 1e3
SMALLEST = 1e-3
DECADES, ABOVE = 3.5, 0.15
"""Powers of ten of a logarithmic scale, and how far its axis goes beyond."""

ALL_BUT_FEW = 0.98
TICKS, ENDS = 5, (1.0, 1.2, 1.6, 2.0, 2.4, 3.2, 4.0, 6.0, 8.0, 10.0)
CLOSER, HEIGHT = 1.2, 460
"""A supercell is looked at from nearer than a cell; its corners hold no atoms beyond it. The
height alone sets the scale, and both together are chosen so that a telephone is wide enough."""

COARSE_ABOVE = 30
"""More atoms than this are drawn with coarser spheres, so that the slider answers quickly."""


@dataclass(frozen=True)
class Quantity:
    """Something to colour atoms by.

    Attributes
    ----------
    title, unit
        For the colour bar and the hover text.
    diverging
        Whether zero is in the middle of the colours.
    logarithmic
        Whether the colours follow the logarithm, over :data:`DECADES` powers of ten.
    meaning
        A sentence for the reader.
    """

    title: str
    unit: str
    diverging: bool
    logarithmic: bool
    meaning: str


QUANTITIES = {
    "energy": Quantity(
        "energy of the atom",
        "meV",
        True,
        False,
        "Each network gives its atom a share of the energy; here it is the difference from the "
        "mean of the same element in the crystal at rest. Only the sum over all atoms has a "
        "meaning in physics: how it is shared out is the networks' own choice.",
    ),
    "energy_spread": Quantity(
        "spread of the atom's energy",
        "meV",
        False,
        True,
        "Standard deviation of an atom's share of the energy between the members. Members may "
        "share the same sum out differently, so compare atoms rather than trust the figure.",
    ),
    "force_spread": Quantity(
        "spread of the force",
        "eV/Å",
        False,
        True,
        "How far the members' forces on an atom are apart. Forces are what a potential is used "
        "for, and unlike shares of the energy they can be measured: this is the better guide.",
    ),
    "excess": Quantity(
        "outside of the training data",
        "of the range",
        False,
        False,
        "By how much the surroundings of an atom lie outside of everything that the networks "
        "were trained on, in units of the range of the training data. Zero is inside.",
    ),
}


def offered(result: AtomEnergies) -> tuple[str, ...]:
    """Return the quantities that a result can be coloured by."""
    there = {
        "energy": result.energy_ev.size > 0,
        "energy_spread": result.energy_ev.size > 0 and result.n_members > 1,
        "force_spread": result.n_members > 1,
        "excess": result.excess.size > 0,
    }
    return tuple(name for name, known in there.items() if known)


def values(result: AtomEnergies, name: str) -> FloatArray:
    """Return a quantity for each amplitude and atom, (k, n), in the unit shown."""
    match name:
        case "energy":
            return MEV * result.from_rest_ev
        case "energy_spread":
            return MEV * result.energy_spread_ev
        case "force_spread":
            return result.force_spread_ev_per_a
        case _:
            return result.excess


def figure(result: AtomEnergies, index: int, name: str, height: int = HEIGHT) -> go.Figure:
    """Draw the supercell at one amplitude, its atoms coloured on the scale of all of them.

    Parameters
    ----------
    index
        Which amplitude.
    name
        Which of :data:`QUANTITIES`.
    """
    crystal = result.crystal_at(index)
    drawn = structure.atoms_in_view(crystal)
    everything = values(result, name)
    quantity, (low, high) = QUANTITIES[name], _range(everything, name)
    shades = everything[index]
    if quantity.logarithmic:
        shades = np.log10(np.maximum(shades, 10.0**low))
    plot = go.Figure()
    for number in dict.fromkeys(drawn.numbers):
        plot.add_trace(_element(drawn, everything[index], shades, quantity, int(number)))
    structure.framed(plot, drawn, crystal, height)
    ratio = plot.layout.scene.aspectratio
    for axis in "xyz":
        ratio[axis] *= CLOSER
    plot.update_layout(
        uirevision=result.supercell.sha256,
        showlegend=False,
        coloraxis={
            "cmin": low,
            "cmax": high,
            "colorscale": style.DIVERGING if quantity.diverging else style.SEQUENTIAL,
            "colorbar": _colour_bar(quantity, low, high, float(np.abs(everything).max())),
        },
    )
    return plot


def _range(everything: FloatArray, name: str) -> tuple[float, float]:
    """Return the ends of the colours, the same at every amplitude; powers of ten if so scaled.

    Without a logarithm, the few largest values share the last colour.
    """
    quantity = QUANTITIES[name]
    if quantity.logarithmic:
        last = np.log10(max(float(everything.max()), SMALLEST))
        return last - DECADES, last
    sizes = np.abs(everything)
    usual = _round(max(float(np.quantile(sizes, ALL_BUT_FEW)), SMALLEST))
    highest = min(usual, max(float(sizes.max()), SMALLEST))
    return (-highest, highest) if quantity.diverging else (0.0, highest)


def _round(value: float) -> float:
    """Return the next larger number whose quarters are short."""
    decade = 10.0 ** np.floor(np.log10(value))
    return float(decade * next(step for step in ENDS if step * decade >= value * (1 - 1e-9)))


def _element(
    drawn: structure.Drawn,
    value: FloatArray,
    shades: FloatArray,
    quantity: Quantity,
    number: int,
) -> go.Mesh3d:
    """Spheres of one element, which the hover text names."""
    mesh = structure.solid(drawn, drawn.numbers == number, COARSE_ABOVE)
    x, y, z = mesh.vertices.T.astype(np.float32)
    i, j, k = mesh.triangles.T.astype(np.int32)
    owner = drawn.origin[mesh.owner]
    return go.Mesh3d(
        x=x, y=y, z=z, i=i, j=j, k=k,
        intensity=shades[owner].astype(np.float32),
        coloraxis="coloraxis",
        flatshading=False,
        lighting=style.LIGHT,
        lightposition=style.LIGHT_FROM,
        customdata=np.column_stack([owner + 1, value[owner]]).astype(np.float32),
        hovertemplate=(
            f"<b>{chemical_symbols[number]} %{{customdata[0]:.0f}}</b><br>{quantity.title} "
            f"%{{customdata[1]:.3g}} {quantity.unit}<extra></extra>"
        ),
    )  # fmt: skip


def _ticks(quantity: Quantity, low: float, high: float, largest: float) -> dict[str, Any]:
    """Marks of the colours; the last one says that it stands for larger values as well."""
    if quantity.logarithmic:
        powers = np.arange(np.ceil(low), high + 1e-9)
        return {"tickvals": powers, "ticktext": [f"{10.0**power:g}" for power in powers]}
    if largest <= high:
        return {}
    places = np.linspace(low, high, TICKS)
    written = [f"{place:.3g}".replace("-", "−") for place in places]
    written[-1] = f"≥ {written[-1]}"
    if quantity.diverging:
        written[0] = f"≤ {written[0]}"
    return {"tickvals": places, "ticktext": written}


def _colour_bar(quantity: Quantity, low: float, high: float, largest: float) -> dict[str, Any]:
    return {
        **_ticks(quantity, low, high, largest),
        "title": {"text": f"{quantity.title} ({quantity.unit})", "side": "top"},
        "orientation": "h",
        "thickness": 12,
        "len": 0.7,
        "y": -0.02,
        "yanchor": "top",
        "outlinewidth": 0,
    }


def growth(result: AtomEnergies, name: str, index: int, height: int = 340) -> go.Figure:
    """Draw the mean and the largest value over the atoms against the amplitude."""
    quantity = QUANTITIES[name]
    sizes = np.abs(values(result, name))
    low, high = _range(sizes, name)
    if quantity.logarithmic:
        sizes = np.where(sizes < 10.0**low, np.nan, sizes)
    plot = go.Figure()
    for title, line, colour in (
        ("largest of all atoms", sizes.max(axis=1), style.RED),
        ("mean of all atoms", sizes.mean(axis=1), style.BLUE),
    ):
        plot.add_scatter(
            x=result.amplitudes_a,
            y=line,
            name=title,
            mode="lines+markers",
            line=style.line(colour),
            hovertemplate=style.hover(
                "displacement:.2f", f"{quantity.title}:.3g", "Å", quantity.unit
            ),
        )
    plot.add_vline(
        x=float(result.amplitudes_a[index]), line={"color": style.NEUTRAL, "dash": "dot"}
    )
    plot.update_xaxes(title="root mean square displacement (Å)", rangemode="tozero")
    plot.update_yaxes(title=f"{quantity.title} ({quantity.unit})", rangemode="tozero")
    if quantity.logarithmic:
        plot.update_yaxes(type="log", dtick=1, range=[low, high + ABOVE])
    return style.finish(plot, height)
