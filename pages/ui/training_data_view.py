"""Where the data of a training come from, and what is in them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from jobs.tasks import shipped_data
from mlpcore import dataset
from pages.ui import components, session, text, training_origin
from properties.plots import training_data as plots

if TYPE_CHECKING:
    from pathlib import Path

    import plotly.graph_objects as go

    from mlpcore.dataset import Dataset

SHIPPED, UPLOAD = "Comes with the project", "Upload a file"
FORMAT = """Lattice="5.64 0 0 0 5.64 0 0 0 5.64" \\
Properties=species:S:1:pos:R:3:forces:R:3 \\
energy=-27.46 stress="0.1 0 0 0 0.1 0 0 0 0.1" source="rattled a=5.64" """
MOST_SOURCES = 40
FIRST = "nacl_pbe.extxyz.xz"
SETTINGS = {
    "oracle": "Computed with",
    "functional": "Functional",
    "k_points": "k-points",
    "licence": "Licence",
    "citation": "Cite",
}
"""What the settings of a data set are called here, as far as they are shown."""


@dataclass(frozen=True)
class Data:
    """A chosen data set: the name of a shipped one, or the file as it was given."""

    dataset: Dataset
    title: str
    shipped: str = ""
    upload: bytes = b""

    @property
    def elements(self) -> str:
        """Chemical symbols in the order in which they come: ``Na–Cl``."""
        return "–".join(self.dataset.elements)


def choose() -> Data | None:
    """Let the user choose a data set; ``None`` until one is there."""
    ways = (SHIPPED, UPLOAD) if shipped_data() else (UPLOAD,)
    way = st.segmented_control(
        "Where are the data?",
        ways,
        default=ways[0],
        required=True,
        key=session.DATA_WAY,
        label_visibility="collapsed",
    )
    return _shipped() if way == SHIPPED else _upload()


def _shipped() -> Data:
    known = {path.name: _read_path(path, path.stat().st_mtime_ns) for path in shipped_data()}
    name = st.selectbox(
        "Data set",
        sorted(known, key=lambda name: (name != FIRST, _atoms(known[name]))),
        format_func=lambda name: _title(known[name]),
        key=session.DATA_NAME,
    )
    return Data(known[name], _title(known[name]), shipped=name)


def _atoms(dataset: Dataset) -> int:
    return sum(len(frame.atoms) for frame in dataset.frames)


def _title(dataset: Dataset) -> str:
    functional = dataset.settings.get("functional", "")
    parts = ("–".join(dataset.elements), functional, f"{len(dataset.frames)} structures")
    return " · ".join(part for part in parts if part)


def _upload() -> Data | None:
    file = st.file_uploader(
        "Extended XYZ with energies and forces",
        type=["extxyz", "xyz", "xz"],
        key=session.DATA_FILE,
        help="Energies of the whole cell in eV, forces in eV/Å, stress in eV/Å³ (optional).",
    )
    st.caption(
        f"At most {st.get_option('server.maxUploadSize')} MB: a file that gets a red sign here "
        "is larger and was not read. Pack it with xz and give the packed file."
    )
    with st.expander("What the file must look like"):
        st.markdown(
            "One block a structure: the number of atoms, a line of properties, a line an atom. "
            "Energies are of the whole cell in **eV**, forces in **eV/Å**, stresses in "
            "**eV/Å³**. `source` says where a frame comes from: frames of one source are never "
            "split between training and test."
        )
        st.code(FORMAT, language=None)
    if file is None:
        return None
    return Data(_read_bytes(file.getvalue(), file.name), file.name, upload=file.getvalue())


@st.cache_resource(show_spinner="Reading the data …", max_entries=8)
def _read_path(path: Path, _version: int) -> Dataset:
    return dataset.read(path)


@st.cache_resource(show_spinner="Reading the data …", max_entries=8)
def _read_bytes(data: bytes, name: str) -> Dataset:
    return dataset.read_bytes(data, name)


def invitation() -> None:
    """Say what a training does, while there are no data yet."""
    with st.container(border=True):
        st.markdown(
            "**Choose data on the left.**\n\n"
            "1. Each atom's surroundings become a list of numbers, its symmetry functions.\n"
            "2. A small network for each element turns them into an energy of that atom; the "
            "energies add up, the forces are their derivatives.\n"
            "3. The weights are changed until energies and forces fit the data. Frames that "
            "the networks never see say how good they are."
        )


def facts(data: Data) -> None:
    """Show what is in a data set: size, elements, spread of the labels, and its origin."""
    frames = data.dataset.frames
    sizes = [len(frame.atoms) for frame in frames]
    components.figures(
        (
            components.Figure("Structures", f"{len(frames)}"),
            components.Figure("Atoms in each", text.span(min(sizes), max(sizes), 0)),
            components.Figure("Elements", data.elements),
            components.Figure(
                "Forces known", f"{3 * _atoms(data.dataset)}", "Three numbers for each atom"
            ),
        )
    )
    components.plot(_figure(data.dataset.sha256, data.dataset), key="training-data")
    training_origin.draw(data.dataset.settings, SETTINGS)
    counts = Counter(frame.source for frame in frames)
    with st.expander(f"{len(counts)} sources"):
        components.table(
            [
                {"Source": source, "Structures": f"{count}"}
                for source, count in counts.most_common(MOST_SOURCES)
            ]
        )


@st.cache_resource(show_spinner=False, max_entries=8)
def _figure(sha256: str, _dataset: Dataset) -> go.Figure:
    return plots.labels(_dataset)
