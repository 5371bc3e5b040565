"""Where the crystal comes from: a file, pasted text, or a shipped example."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import session, text
from properties import examples, structure

if TYPE_CHECKING:
    from properties.crystal import Crystal

UPLOAD, PASTE, EXAMPLE = "Upload a file", "Paste text", "Example"
EXAMPLE_KEY = "example"
PASTE_HINT = """Si2
1.0
0.000 2.715 2.715
2.715 0.000 2.715
2.715 2.715 0.000
Si
2
Direct
0.00 0.00 0.00
0.25 0.25 0.25"""


@dataclass(frozen=True)
class Source:
    """The chosen crystal, with the file as it was given."""

    crystal: Crystal
    name: str
    data: bytes


def choose(first: str = UPLOAD) -> Source | None:
    """Let the user choose a crystal; ``None`` until one is there.

    Parameters
    ----------
    first
        The way that is offered before another one is chosen.
    """
    way = st.segmented_control(
        "Where is the crystal?",
        (UPLOAD, PASTE, EXAMPLE),
        default=first,
        required=True,
        key=session.SOURCE,
        label_visibility="collapsed",
    )
    return {UPLOAD: _upload, PASTE: _paste, EXAMPLE: _example}[str(way)]()


def _upload() -> Source | None:
    file = st.file_uploader(
        "CIF, POSCAR or CONTCAR, extended XYZ, and others",
        help=f"The format is recognised by the content. Readable: {structure.READABLE}.",
    )
    return None if file is None else _pick_one(file.getvalue(), file.name)


def _paste() -> Source | None:
    pasted = st.text_area(
        "Content of a structure file",
        height=240,
        placeholder=PASTE_HINT,
        help=f"The format is recognised by the content. Readable: {structure.READABLE}.",
    )
    if not pasted.strip():
        return None
    return _pick_one(pasted.encode(), "pasted text")


def _example() -> Source | None:
    names = examples.example_names()
    name = st.selectbox(
        "Shipped example",
        names,
        format_func=lambda key: examples.example(key).title,
        key=EXAMPLE_KEY,
    )
    chosen = examples.example(name)
    st.caption(chosen.note)
    return Source(chosen.crystal, chosen.name, b"")


def _pick_one(data: bytes, name: str) -> Source:
    """Let the user choose where a file holds several structures."""
    found = _read(data, name)
    if len(found) == 1:
        return Source(found[0], name, data)
    st.info(f"This file holds {len(found)} structures. Choose the one to compute.")
    index = st.selectbox(
        "Structure",
        range(len(found)),
        format_func=lambda k: (
            f"{k + 1}: {text.formula(found[k].formula)}, {len(found[k])} atoms, "
            f"{text.fixed(found[k].volume_a3, 2, 'Å³')}"
        ),
        key=session.WHICH,
    )
    return Source(found[index], name, data)


@st.cache_resource(show_spinner="Reading the file …", max_entries=32)
def _read(data: bytes, name: str) -> tuple[Crystal, ...]:
    return structure.read_all(data, name)
