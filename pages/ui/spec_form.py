"""The form that makes a Spec and submits it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from mlpcore import registry
from mlpcore.errors import SpecError
from mlpcore.model_info import ENGINES, Engine
from pages.ui import born_form, model_choice, model_view, session, stored, text
from properties.spec import MAX_PRESSURE_GPA, MAX_PRESSURES, PRESETS, Spec, pressure_range

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamlit.delta_generator import DeltaGenerator

    from pages.ui.source_form import Source
    from properties.crystal import Crystal
    from properties.vibrations.born import BornCharges

DEFAULT_PRESET = "quick"
PROPERTY_TITLES = {
    "elastic": "Elastic constants",
    "phonons": "Phonons",
    "thermal": "Thermal expansion",
}
ENGINE_TITLES: dict[Engine, str] = {
    "auto": "Fast engine (same numbers)",
    "upstream": "Upstream package",
}
PHONON_EXTRAS = {
    "soft_mode": (
        "Follow imaginary modes",
        True,
        "Where a frequency is imaginary, the crystal gains energy by distorting. The "
        "distortion is frozen in, relaxed, and the phase that it leads to is reported. Costs "
        "nothing where all frequencies are real.",
    ),
    "phonon_convergence": (
        "Convergence of the phonons",
        False,
        "Frequencies against the size of the supercell and of the displacement. Takes several "
        "times as long as the phonons themselves.",
    ),
}
"""Label, whether it is on at first, and what it means, of each stage on request."""

COMMITTEE = "committee"
OWN_CHARGES = (
    "The splitting of polar modes comes from this model's own electrostatics; Born charges "
    "from elsewhere would not fit its forces."
)
LONGEST_LABEL = 80
EMPTY_PRESSURE = "The pressure field is empty. Enter a number in GPa, such as 0."


def submit(source: Source) -> None:
    """Draw the form; on submit, queue the job and go to its page."""
    left, right = st.columns([3, 2], gap="large")
    with left:
        model = model_choice.any_model(source.crystal.symbols, key=session.MODEL)
        properties = _properties()
        pressures, others = _more_elasticity(model, source.crystal.symbols)
        further, born = _more_phonons(source.crystal, properties, model)
        preset = _preset()
        pressure, label = _pressure_and_label()
        committee = _committee(model)
        engine = _engine()
        pressed = st.button(
            "Compute",
            type="primary",
            icon=":material/play_arrow:",
            disabled=bool(registry.info(model).unsupported(source.crystal.symbols)),
        )
    with right:
        model_view.for_elements(registry.info(model), source.crystal.symbols)
    if pressed:
        if pressure is None:
            raise SpecError(EMPTY_PRESSURE)
        spec = Spec(
            structure=source.crystal,
            model=model,
            properties=("relax", *properties, *further),
            preset=preset,
            pressure_gpa=pressure,
            name=label.strip(),
            engine=engine,
            elastic_pressures_gpa=pressures,
            compare_models=others,
            born=born,
            committee=committee,
        )
        session.open_job(stored.store().submit(spec, source.name, source.data))


def _properties() -> list[str]:
    return st.pills(
        "Properties",
        tuple(PROPERTY_TITLES),
        selection_mode="multi",
        default=tuple(PROPERTY_TITLES),
        format_func=PROPERTY_TITLES.__getitem__,
        key=session.PROPERTIES,
        help="The crystal is relaxed in any case; with nothing chosen, only that is done.",
    )


def _more_elasticity(
    model: str, symbols: tuple[str, ...]
) -> tuple[tuple[float, ...], tuple[str, ...]]:
    """Let the user ask for elastic constants at other pressures and from other models."""
    with st.expander("More elastic constants", icon=":material/compress:"):
        pressures: tuple[float, ...] = ()
        if st.toggle("Over a range of pressures", key=session.SWEEP):
            pressures = _range_of_pressures()
        return pressures, tuple(_other_models(model, symbols))


def _range_of_pressures() -> tuple[float, ...]:
    first, last, count = st.columns(3)
    lowest = _pressure(first, "From (GPa)", 0.0, session.SWEEP_FROM)
    highest = _pressure(last, "To (GPa)", 20.0, session.SWEEP_TO)
    steps = count.number_input(
        "Pressures", min_value=2, max_value=MAX_PRESSURES, value=5, key=session.SWEEP_COUNT
    )
    if lowest is None or highest is None or steps is None:
        raise SpecError(EMPTY_PRESSURE)
    return pressure_range(lowest, highest, int(steps))


def _pressure(place: DeltaGenerator, label: str, value: float, key: str) -> float | None:
    return place.number_input(
        label,
        min_value=-MAX_PRESSURE_GPA,
        max_value=MAX_PRESSURE_GPA,
        value=value,
        step=1.0,
        format="%.2f",
        key=key,
    )


def _other_models(model: str, symbols: tuple[str, ...]) -> list[str]:
    known = [m.name for m in registry.models() if not m.unsupported(symbols)]
    return st.multiselect(
        "Compare with other models",
        [name for name in known if name != model],
        format_func=lambda name: registry.info(name).title,
        key=session.OTHERS,
        placeholder="none",
        help="Each relaxes the crystal by itself. How far they are apart is a disagreement "
        "between models, not an error bar: they learnt from similar data.",
    )


def _more_phonons(
    crystal: Crystal, properties: Sequence[str], model: str
) -> tuple[list[str], BornCharges | None]:
    """Let the user choose Born charges, and what follows after phonons."""
    if not set(properties) & {"phonons", "thermal"}:
        return [], None
    with st.expander("More about phonons", icon=":material/graphic_eq:"):
        further = [
            stage
            for stage, (label, default, words) in PHONON_EXTRAS.items()
            if st.toggle(label, default, key=f"{session.EXTRA}-{stage}", help=words)
        ]
        if registry.info(model).long_range:
            st.caption(OWN_CHARGES)
            return further, None
        return further, born_form.choose(crystal, key=session.BORN)


def _preset() -> str:
    preset = st.segmented_control(
        "Preset",
        tuple(PRESETS),
        default=DEFAULT_PRESET,
        required=True,
        key=session.PRESET,
    )
    chosen = PRESETS[str(preset)]
    st.caption(
        f"Forces below {text.short(chosen.fmax_ev_per_a)} eV/Å; phonons in a supercell at "
        f"least {chosen.supercell_length_a:.0f} Å wide (up to {chosen.max_supercell_atoms} "
        f"atoms); expansion from {chosen.n_volumes} volumes."
    )
    return str(preset)


def _pressure_and_label() -> tuple[float | None, str]:
    left, right = st.columns(2)
    pressure = _pressure(left, "Pressure (GPa)", 0.0, session.PRESSURE)
    label = right.text_input(
        "Label (optional)",
        max_chars=LONGEST_LABEL,
        placeholder="for the list of jobs",
        key=session.LABEL,
    )
    return pressure, label


def _committee(model: str) -> bool:
    """Let the user leave out the members of a model that has some."""
    count = registry.info(model).n_members
    if count < 2:
        return True
    return st.toggle(
        f"Uncertainty from the {count} members of the model",
        True,
        key=COMMITTEE,
        help="Each member is carried through the whole calculation, so that every number gets "
        "its ±. Takes longer by up to as many times as there are members.",
    )


def _engine() -> Engine:
    with st.expander("Advanced", icon=":material/settings:"):
        return st.radio(
            "Forces computed by",
            ENGINES,
            format_func=ENGINE_TITLES.__getitem__,
            key=session.ENGINE,
            help="The fast engine is our own program for the same model: forces agree to "
            "0.00001 eV/Å, many times sooner. It serves SevenNet on a CPU; for all else the "
            "package that the model comes from is used in any case.",
        )
