"""Title, logo and menu, and the way back to it for a page that is opened first of all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import session

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage

PICTURES = Path(__file__).parent
_DRAWN = "menu_drawn"


def draw() -> StreamlitPage:
    """Set up the page, draw the menu and return the page that the address names."""
    icon = str(PICTURES / "icon.svg")
    st.set_page_config(page_title="Lattice Lab", page_icon=icon, layout="wide")
    st.logo(str(PICTURES / "logo.svg"), size="large")
    st.session_state[_DRAWN] = True
    pages = [
        st.Page(
            session.STRUCTURE_PAGE,
            title="New calculation",
            icon=":material/add_circle:",
            default=True,
        ),
        st.Page(session.JOBS_PAGE, title="Jobs", icon=":material/list:", url_path="jobs"),
        st.Page(
            session.RESULT_PAGE, title="Result", icon=":material/insights:", url_path="result"
        ),
        st.Page(
            session.TENSOR_PAGE,
            title="Elastic tensor",
            icon=":material/grid_on:",
            url_path="tensor",
        ),
        st.Page(
            session.TRAINING_PAGE,
            title="Train",
            icon=":material/model_training:",
            url_path="training",
        ),
        st.Page(
            session.MODELS_PAGE, title="Potentials", icon=":material/hub:", url_path="models"
        ),
    ]
    return st.navigation(pages, position="top")


def require() -> None:
    """Go through ``app.py`` if Streamlit runs a page without it.

    It does so for the first address asked of a new server, because it takes the
    folder ``pages`` for the menu until the menu is drawn once.
    """
    if not st.session_state.get(_DRAWN):
        draw()
        st.rerun()
