"""What of a finished calculation holds for another one that differs a little."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpcore.errors import SpecError

if TYPE_CHECKING:
    from properties.spec import Spec

DECIDES_EVERYTHING = ("structure", "model", "preset", "pressure_gpa", "engine")

DECIDES = {
    "born": ("phonons", "thermal", "soft_mode", "phonon_convergence", "committee"),
    "elastic_pressures_gpa": ("elastic_pressure",),
    "compare_models": ("elastic_models",),
}
"""Stages that a part of the Spec decides on; the forces on displaced atoms stay the same."""

LOOKS_AT = {"thermal": ("elastic",), "committee": ("elastic", "phonons", "thermal")}
"""Stages that use the result of others, where it is there."""


def stages_that_hold(old: Spec, new: Spec) -> tuple[str, ...]:
    """Return the stages of `old` whose results `new` would find again.

    All other pieces of work of `old` hold for `new` too.

    Raises
    ------
    SpecError
        Nothing holds, for crystal, model, preset, pressure or engine differ.
    """
    before, after = old.to_dict(), new.to_dict()
    before["structure"], after["structure"] = old.structure.sha256, new.structure.sha256
    differ = [name for name in DECIDES_EVERYTHING if before[name] != after[name]]
    if differ:
        raise SpecError(
            f"The two calculations differ in {', '.join(differ)}: nothing of the first holds "
            "for the second. Submit it as a calculation of its own."
        )
    anew = {
        stage
        for key, stages in DECIDES.items()
        if before[key] != after[key]
        for stage in stages
    }
    anew |= {
        stage
        for stage, others in LOOKS_AT.items()
        if any((other in old.properties) != (other in new.properties) for other in others)
    }
    return tuple(stage for stage in old.properties if stage not in anew)
