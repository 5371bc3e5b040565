"""Phonons against supercell and displacement: what it would take, and what came out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import streamlit as st

from mlpcore import registry
from pages.ui import components, follow_up, text
from properties.plots import convergence as plots
from properties.results import RelaxResult
from properties.vibrations import estimate

if TYPE_CHECKING:
    from jobs.store import Job
    from properties.results import ConvergenceResult, PhononResult

STAGE = "phonon_convergence"
POINT = "convergence_point"

WHAT = (
    "The same modes from several supercells and several displacements tell whether those of "
    "the preset are enough. This is what it would take, by the time that the phonons of this "
    "calculation took:"
)
LENGTHS = (
    "Filled symbols: the supercell holds this point of the zone, so its frequencies are exact; "
    "open ones are interpolated. The recommended supercell is the smallest whose modes are "
    "within 0.05 THz or 1 % of those of the largest. All without the non-analytic term of "
    "polar crystals."
)


def draw(
    job: Job, found: ConvergenceResult | None, phonons: PhononResult, why_missing: str | None
) -> None:
    """Draw the estimate and the button, or the result."""
    if found is None:
        _offer(job, phonons, why_missing)
        return
    components.check_badges(found.checks)
    components.failed_notice([check for check in found.checks if not check.passed])
    components.figures(_figures(found))
    st.markdown("**Supercell**")
    point = str(
        st.segmented_control(
            "Point of the zone",
            found.point_label,
            default=found.point_label[0],
            required=True,
            key=POINT,
        )
    )
    left, right = st.columns(2, gap="large")
    with left:
        components.plot(plots.against_length(found, point), key="convergence-length")
    with right:
        components.plot(plots.deviations(found), key="convergence-deviation")
    st.caption(LENGTHS)
    components.table(_supercell_rows(found))
    st.markdown("**Displacement**, in the preset's supercell")
    left, right = st.columns(2, gap="large")
    with left:
        components.plot(plots.against_displacement(found, point), key="convergence-distance")
    with right:
        components.plot(plots.residual(found), key="convergence-residual")
    components.table(_displacement_rows(found))


def _offer(job: Job, phonons: PhononResult, why_missing: str | None) -> None:
    """Show what the test would take, and offer it."""
    if why_missing:
        components.nothing(why_missing, icon=":material/stacked_line_chart:")
        return
    relaxed = job.result("relax")
    if not isinstance(relaxed, RelaxResult):
        components.nothing("This needs the relaxed crystal, which is not there yet.")
        return
    st.markdown(WHAT)
    costs = _costs(job, relaxed, phonons)
    components.table([_cost_row(cost) for cost in costs])
    seconds, memory = estimate.total(costs)
    components.figures(
        [
            components.Figure("Time", _about(seconds), "On the machine of this calculation"),
            components.Figure("Memory", text.fixed(memory, 0, "MB"), "Of the worker, at most"),
        ]
    )
    follow_up.button(
        job,
        "Compute the convergence",
        key="compute-convergence",
        icon=":material/stacked_line_chart:",
        **follow_up.with_stage(job, STAGE),
    )


def _costs(job: Job, relaxed: RelaxResult, phonons: PhononResult) -> tuple[estimate.Cost, ...]:
    model = registry.info(job.spec.model)
    upstream = job.spec.engine == "upstream"
    memory = model.upstream_memory_per_atom_mb if upstream else model.memory_per_atom_mb
    planned = estimate.plan(relaxed.primitive, job.spec.settings, memory)
    measured = job.stages["phonons"].seconds if "phonons" in job.stages else None
    return estimate.costs(
        planned,
        phonons.n_displacements,
        estimate.seconds_per_atom(measured, phonons.n_displacements, phonons.supercell_n_atoms),
        memory,
        job.spec.settings,
    )


def _cost_row(cost: estimate.Cost) -> dict[str, str]:
    return {
        "Part": "Supercell" if cost.name == "supercell" else "Other displacements",
        "Length (Å)": text.fixed(cost.length_a, 1),
        "Atoms": f"{cost.n_atoms}",
        "Displaced supercells": f"{cost.n_displaced}" if cost.n_displaced else "there already",
        "Time": _about(cost.seconds) if cost.n_displaced else text.NOTHING,
        "Memory (MB)": text.fixed(cost.memory_mb, 0),
    }


def _about(seconds: float) -> str:
    return text.duration(seconds) if math.isfinite(seconds) else "not known"


def _took(seconds: float) -> str:
    return text.duration(seconds) if math.isfinite(seconds) else "there already"


def _figures(found: ConvergenceResult) -> list[components.Figure]:
    best, own = found.recommended, found.own
    return [
        components.Figure(
            "Recommended supercell",
            f"{found.supercell_n_atoms[best]} atoms",
            "The smallest whose modes agree with those of the largest",
        ),
        components.Figure("Its length", text.fixed(found.supercell_length_a[best], 1, "Å")),
        components.Figure("The preset's", f"{found.supercell_n_atoms[own]} atoms"),
        components.Figure(
            "Deviation of the preset's",
            text.fixed(float(found.supercell_deviation_thz[own].max()), 3, "THz"),
            "Largest, from the largest supercell",
        ),
    ]


def _supercell_rows(found: ConvergenceResult) -> list[dict[str, str]]:
    return [
        {
            "Length (Å)": text.fixed(found.supercell_length_a[k], 2),
            "Atoms": f"{found.supercell_n_atoms[k]}",
            **{
                f"at {name} (THz)": text.fixed(float(apart), 3)
                for name, apart in zip(
                    found.point_label, found.supercell_deviation_thz[k], strict=True
                )
            },
            "Sum rule (THz)": text.short(float(found.supercell_residual_thz[k]), digits=2),
            "Time": _took(float(found.supercell_seconds[k])),
            "": _role(found, k),
        }
        for k in range(len(found.supercell_n_atoms))
    ]


def _role(found: ConvergenceResult, index: int) -> str:
    roles = {"recommended": found.recommended, "preset": found.own}
    return ", ".join(role for role, place in roles.items() if place == index)


def _displacement_rows(found: ConvergenceResult) -> list[dict[str, str]]:
    return [
        {
            "Displacement (Å)": text.fixed(float(distance), 3),
            **{
                f"at {name} (THz)": text.fixed(float(apart), 4)
                for name, apart in zip(
                    found.point_label, found.displacement_deviation_thz[k], strict=True
                )
            },
            "Sum rule (THz)": text.short(float(found.displacement_residual_thz[k]), digits=2),
            "": "preset" if k == found.own_displacement else "",
        }
        for k, distance in enumerate(found.displacement_a)
    ]
