"""How the numbers were computed: model, engine, precision, settings, versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from mlpcore import registry
from pages.ui import text
from properties.spec import PRESETS

if TYPE_CHECKING:
    from jobs.store import Job

OWN_ENGINE = "lattice-lab"
OWN_TERMS = {
    "lattice-lab/symmetry-functions": "the element networks of Lattice Lab",
    "ewald": "the Ewald sum of Lattice Lab",
}
BITS = {"float32": "single", "float64": "double"}


def draw(job: Job) -> None:
    """Draw the provenance of a finished job; before that there is none."""
    found = (job.report() or {}).get("provenance")
    if not found:
        return
    with st.container(border=True, gap="xsmall", key="provenance"):
        st.markdown("**How this was computed**")
        st.markdown("  \n".join(f":gray[{title}:] {value}" for title, value in _facts(found)))
        st.caption("result.json, among the files, holds all of this and the whole Spec.")


def _facts(found: dict[str, Any]) -> list[tuple[str, str]]:
    model, spec, versions = found["model"], found["spec"], found["versions"]
    return [
        ("Model", f"{registry.info(model['name']).title}, weights {model['sha256'][:12]}…"),
        *_composition(model),
        *([("Born charges", found["born_source"])] if found.get("born_source") else []),
        ("Forces computed by", engine(model["engine"], versions)),
        ("Precision", _precision(model)),
        ("Preset", _preset(spec["preset"])),
        ("Pressure", text.fixed(spec["pressure_gpa"], 2, "GPa")),
        ("Versions", ", ".join(f"{name} {version}" for name, version in versions.items())),
    ]


def _composition(model: dict[str, Any]) -> list[tuple[str, str]]:
    """Members and terms of a model that has several."""
    rows = []
    if model.get("n_members", 1) > 1:
        rows.append(("Members", f"{model['n_members']}, of which the mean is the model"))
    if model.get("terms"):
        rows.append(("Sum of", ", ".join(model["terms"])))
    return rows


def engine(name: str, versions: dict[str, str]) -> str:
    """Name the code that evaluated the model, in words; terms of a sum one by one."""
    terms = [term.rpartition(" by ")[2] for term in name.split(" + ")]
    return " and ".join(dict.fromkeys(_engine(term, versions) for term in terms))


def _engine(name: str, versions: dict[str, str]) -> str:
    if name in OWN_TERMS:
        return OWN_TERMS[name]
    own, _, instructions = name.partition("/")
    if own == OWN_ENGINE:
        return f"the fast engine of Lattice Lab ({instructions} instructions)"
    return f"the upstream package {name} {versions.get(name, '')}".rstrip()


def _precision(model: dict[str, Any]) -> str:
    words = f"{BITS[model['dtype']]} on {model['device'].upper()}"
    displaced = model.get("supercell_dtype")
    if displaced in (None, model["dtype"]):
        return words
    return f"{words}; {BITS[displaced]} in phonon supercells, for their size"


def _preset(name: str) -> str:
    chosen = PRESETS[name]
    return (
        f"{name} (forces below {text.short(chosen.fmax_ev_per_a)} eV/Å, supercell at least "
        f"{chosen.supercell_length_a:.0f} Å, {chosen.n_volumes} volumes)"
    )
