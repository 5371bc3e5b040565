"""Figure of what our own potentials make of their crystals: dispersion and expansion."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from benchmarks.support.plots import _save

INK = ("#888888", "#c2410c", "#1d4ed8")
"""The universal model and two of our own."""

TEMPERATURES_K = (0, 600)
THINNED = 2
"""Every other point of a band is drawn, which still looks smooth."""


def curves(results: dict[str, Any]) -> dict[str, Any]:
    """Return bands, expansion and their calibrated spread, as plain values to keep."""
    phonons, thermal = results["phonons"], results.get("thermal")
    committee = results.get("committee")
    found: dict[str, Any] = {
        "distance": phonons.band_distance,
        "starts": phonons.band_segment_start,
        "ticks": phonons.band_tick_distance,
        "bands_thz": phonons.band_frequency_thz,
        "bands_doubt_thz": committee.band_doubt_thz if committee else None,
    }
    if thermal is not None:
        inside = thermal.temperatures_k <= thermal.valid_up_to_k
        found["temperatures_k"] = thermal.temperatures_k[inside]
        found["alpha_per_k"] = thermal.alpha_volume_per_k[inside] / 3
        if committee:
            doubt = np.interp(
                found["temperatures_k"],
                committee.temperatures_k,
                committee.thermal_doubt("alpha_volume_per_k") / 3,
            )
            found["alpha_doubt_per_k"] = np.where(np.isfinite(doubt), doubt, 0.0)
    plain = {name: _plain(values) for name, values in found.items()}
    return plain | {"labels": list(phonons.band_tick_label)}


def _plain(values: Any) -> list[Any] | None:
    return None if values is None else np.asarray(values).round(10).tolist()


def draw(
    crystals: dict[str, dict[str, Any]],
    reference: dict[str, Any],
    measured: dict[str, Any],
    path: Path,
) -> None:
    """Draw a row for each crystal.

    Parameters
    ----------
    crystals
        By crystal and model, what :func:`curves` kept.
    reference
        ``points_thz`` and ``thermal`` of the labels' own functional, by crystal.
    measured
        Temperatures in K and linear expansion in 1/K, by crystal; ``None`` where unknown.
    """
    figure = Figure(figsize=(9, 3.4 * len(crystals)), layout="constrained")
    rows = figure.subplots(len(crystals), 2, width_ratios=(1.5, 1), squeeze=False)
    for (crystal, models), (bands, expansion) in zip(crystals.items(), rows, strict=True):
        for ink, (name, kept) in zip(INK, models.items(), strict=False):
            _bands(bands, kept, ink, name)
            _expansion(expansion, kept, ink)
        _points(bands, next(iter(models.values())), reference[crystal]["points_thz"])
        _known(expansion, reference[crystal]["thermal"], measured[crystal])
        bands.set(ylabel=f"{crystal}: frequency, THz", ylim=(0, None))
        expansion.set(xlabel="temperature, K", xlim=TEMPERATURES_K)
        expansion.set_ylabel("linear expansion α, 10⁻⁶/K")
        _frame(expansion)
        for panel in (bands, expansion):
            panel.legend(
                loc="lower center",
                bbox_to_anchor=(0.5, 1.0),
                ncols=4,
                frameon=False,
                fontsize=8,
            )
    _save(figure, path)


def _bands(panel: Any, kept: dict[str, Any], ink: str, name: str) -> None:
    """Draw all segments, on a path of length 1, with the band of doubt."""
    distance = np.array(kept["distance"]) / kept["distance"][-1]
    values = np.array(kept["bands_thz"])
    doubt = None if kept["bands_doubt_thz"] is None else np.array(kept["bands_doubt_thz"])
    ends = [*kept["starts"][1:], len(distance)]
    for start, end in zip(kept["starts"], ends, strict=True):
        part = np.unique(np.append(np.arange(start, end, THINNED), end - 1)).astype(int)
        for band in range(values.shape[1]):
            first = start == kept["starts"][0] and band == 0
            line = values[part, band]
            panel.plot(distance[part], line, color=ink, lw=1, label=name if first else None)
            if doubt is not None:
                low, high = line - doubt[part, band], line + doubt[part, band]
                panel.fill_between(distance[part], low, high, color=ink, alpha=0.15, lw=0)


def _points(panel: Any, kept: dict[str, Any], known: dict[str, list[float]]) -> None:
    ticks = np.array(kept["ticks"]) / kept["distance"][-1]
    panel.set_xticks(ticks, kept["labels"])
    panel.set_xlim(0, 1)
    label = "PBE of the labels"
    for tick, name in zip(ticks, kept["labels"], strict=True):
        if name in known:
            look = {"ms": 4, "clip_on": False, "zorder": 5, "label": label}
            panel.plot([tick] * len(known[name]), known[name], "ko", **look)
            label = "_again"


def _expansion(panel: Any, kept: dict[str, Any], ink: str) -> None:
    if "alpha_per_k" not in kept:
        return
    kelvin, alpha = np.array(kept["temperatures_k"]), 1e6 * np.array(kept["alpha_per_k"])
    panel.plot(kelvin, alpha, color=ink, lw=1)
    if "alpha_doubt_per_k" in kept:
        doubt = 1e6 * np.array(kept["alpha_doubt_per_k"])
        panel.fill_between(kelvin, alpha - doubt, alpha + doubt, color=ink, alpha=0.15, lw=0)


def _frame(panel: Any) -> None:
    """Leave out what only the doubt reaches."""
    values = np.concatenate([line.get_ydata() for line in panel.get_lines()])
    low, high = float(np.min(values)), float(np.max(values))
    margin = 0.25 * (high - low)
    panel.set_ylim(low - margin, high + margin)


def _known(panel: Any, thermal: dict[str, Any], measured: Any) -> None:
    alpha = 1e6 * np.array(thermal["alpha_linear_per_k"])
    panel.plot(
        thermal["temperatures_k"], alpha, "ko", ms=4, label="PBE of the labels, small cells"
    )
    if measured is not None:
        kelvin, values = (np.array(column) for column in measured)
        inside = (kelvin >= TEMPERATURES_K[0]) & (kelvin <= TEMPERATURES_K[1])
        look = {"marker": "x", "ms": 4, "ls": "", "color": "#16a34a", "label": "experiment"}
        panel.plot(kelvin[inside], 1e6 * values[inside], **look)
