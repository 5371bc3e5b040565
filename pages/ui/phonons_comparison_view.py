"""Several dispersions on one path: other calculations, volumes, files, experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from mlpcore import registry
from mlpcore.errors import MLPError
from pages.ui import components, stored, text
from properties import reference_vibrations
from properties.plots import phonons as bands
from properties.plots import phonons_overlay as plots
from properties.results import PhononResult, RelaxResult
from properties.vibrations import band_files, band_overlay, band_paths

if TYPE_CHECKING:
    from jobs.store import Job, JobSummary
    from properties.results import ThermalResult
    from properties.vibrations.band_overlay import Placed, PlacedPoints

LOOKED_THROUGH = 200
MOST_OFFERED = 12
PRIMITIVE, CONVENTIONAL = "primitive cell", "conventional cell"
EVIDENCE = {"stored": "", "textbook": "Recalled: good to 1 or 2 %."}
HOW = (
    "Compared band by band in order of frequency, where both are known. A difference between "
    "models is no error bar."
)


def draw(
    job: Job,
    result: PhononResult,
    relaxed: RelaxResult,
    thermal: ThermalResult | None,
    unit: str,
) -> None:
    """Let the user choose what to compare with, and draw it."""
    left, right = st.columns(2, gap="large")
    with left:
        others = [*_other_runs(job, result, relaxed), *_volumes(result, thermal)]
    with right:
        placed, points = _files(result, relaxed)
    others += placed
    points += _measured(result, relaxed)
    name = registry.info(job.spec.model).title
    chart = plots.overlay(result, f"{name} (this one)", others, points, unit)
    components.plot(chart, key="bands-compared")
    if others:
        components.table([_row(other, result) for other in others])
        st.caption(" ".join([HOW, *dict.fromkeys(o.note for o in others if o.note)]))
    for found in points:
        st.caption(f"**{found.name}**: {found.source}")


def _other_runs(job: Job, result: PhononResult, relaxed: RelaxResult) -> list[Placed]:
    known = _same_crystal(job, relaxed)
    chosen = st.multiselect(
        "Other calculations of this crystal",
        list(known),
        format_func=lambda job_id: _title(known[job_id]),
        key="phonon-other-runs",
        placeholder="Choose" if known else "There is none",
        disabled=not known,
    )
    placed = []
    for job_id in chosen:
        other = stored.store().get(job_id)
        found, crystal = stored.result(other, "phonons"), stored.result(other, "relax")
        if isinstance(found, PhononResult) and isinstance(crystal, RelaxResult):
            lattice = crystal.primitive.lattice_a
            path = band_files.of_result(_title(known[job_id]), found, lattice)
            placed.append(band_paths.place(path, result, relaxed.primitive))
    return placed


def _same_crystal(job: Job, relaxed: RelaxResult) -> dict[str, JobSummary]:
    """Return the newest other jobs with phonons of the same formula and space group."""
    found: dict[str, JobSummary] = {}
    for summary in stored.store().list(LOOKED_THROUGH):
        alike = summary.formula == job.spec.structure.formula and summary.id != job.id
        if alike and "phonons" in summary.properties and summary.state == "finished":
            other = stored.store().get(summary.id)
            crystal = stored.result(other, "relax")
            if (
                isinstance(crystal, RelaxResult)
                and crystal.space_group_number == relaxed.space_group_number
                and stored.stage_version(other, "phonons")
            ):
                found[summary.id] = summary
        if len(found) == MOST_OFFERED:
            break
    return found


def _title(summary: JobSummary) -> str:
    model = registry.info(summary.model).title
    return " · ".join(part for part in (model, summary.preset, summary.name) if part)


def _volumes(result: PhononResult, thermal: ThermalResult | None) -> list[Placed]:
    """Offer the dispersions at the volumes of the expansion, where they were kept."""
    if thermal is None or not len(getattr(thermal, "band_volume_frequency_thz", ())):
        return []
    if not st.toggle("Volumes sampled for the expansion", key="phonon-volumes"):
        return []
    return [
        band_overlay.on_same_points(text.fixed(float(volume), 2, "Å³/atom"), result, frequency)
        for volume, frequency in zip(
            thermal.sampled_volume_per_atom_a3, thermal.band_volume_frequency_thz, strict=True
        )
    ]


def _files(
    result: PhononResult, relaxed: RelaxResult
) -> tuple[list[Placed], list[PlacedPoints]]:
    given = st.file_uploader(
        "Your own dispersion or measured points",
        accept_multiple_files=True,
        key="phonon-files",
        help=f"{band_files.FORMATS} A table with q1, q2, q3 and one frequency is drawn as "
        "points.",
    )
    if not given:
        return [], []
    with st.container(horizontal=True, vertical_alignment="bottom"):
        unit = str(
            st.selectbox("Unit in the files", list(bands.FREQUENCY_UNITS), key="file-unit")
        )
        basis = st.selectbox("q of tables in", (PRIMITIVE, CONVENTIONAL), key="file-basis")
    placed: list[Placed] = []
    points: list[PlacedPoints] = []
    for file in given:
        try:
            found = band_files.read(file.getvalue(), file.name, bands.in_thz(1.0, unit))
            if basis == CONVENTIONAL:
                found = band_paths.from_conventional(
                    found, relaxed.conventional, relaxed.primitive
                )
            if found.is_points:
                points.append(band_paths.place_all_points(found, result, relaxed.primitive))
            else:
                placed.append(band_paths.place(found, result, relaxed.primitive))
        except MLPError as error:
            st.error(str(error), icon=":material/error:")
    return placed, points


def _measured(result: PhononResult, relaxed: RelaxResult) -> list[PlacedPoints]:
    """Offer what was measured on this crystal, as far as it lies on the path."""
    primitive = relaxed.primitive
    known = reference_vibrations.points(primitive.formula, relaxed.space_group_number)
    if not known or not st.toggle("Measured points", value=True, key="phonon-measured"):
        return []
    found = (
        band_paths.place_points(
            f"{entry.label}, {text.fixed(entry.temperature_k, 0, 'K')}",
            entry.q,
            entry.frequency_thz,
            result,
            primitive,
            ". ".join(filter(None, (entry.source, EVIDENCE[entry.evidence]))),
        )
        for entry in known
    )
    return [points for points in found if points is not None]


def _row(other: Placed, result: PhononResult) -> dict[str, str]:
    found = band_overlay.difference(other, result)
    return {
        "Compared with": other.name,
        "Mean |Δ| (THz)": text.fixed(found.mean_absolute, 3),
        "Mean Δ (THz)": text.fixed(found.mean, 3),
        "Largest |Δ| (THz)": text.fixed(found.largest, 2),
        "Highest frequency (THz)": text.fixed(found.highest, 2),
        "Of the path": f"{found.common:.0%}".replace("%", " %"),
    }
