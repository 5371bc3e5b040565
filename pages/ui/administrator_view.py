"""The administrator's part of the page: adding potentials to the server and deleting them."""

from __future__ import annotations

import streamlit as st

from jobs import models
from jobs.administrator import Administrator
from mlpcore.errors import MLPError
from pages.ui import components, guard, session, stored, text

HOW_TO_ASK = (
    "Only an administrator of this server can add a potential for everybody, for the file is "
    "used by all. Send yours to whoever runs the server, made by `python -m mlpcore train` or "
    "on the page *Train*; a potential that you trained here you can use at once, from the page "
    "of its job."
)
NO_ADMINISTRATOR = (
    "This server was started without an administrator's password, so nobody can do it from "
    "the browser."
)


@st.cache_resource(show_spinner=False)
def _administrator() -> Administrator:
    return Administrator.from_environment()


def signed_in() -> bool:
    """Return whether this visitor gave the administrator's password."""
    return bool(st.session_state.get(session.ADMINISTRATOR)) and _administrator().exists


def draw() -> None:
    """Draw what a visitor may do: ask, sign in, or add and delete."""
    with st.expander("Add a potential", icon=":material/upload_file:", expanded=signed_in()):
        if not signed_in():
            st.markdown(HOW_TO_ASK)
            _sign_in()
            return
        with guard.sentences():
            _add()
        with guard.sentences():
            _delete()
        if st.button("Sign out", icon=":material/logout:", key="administrator-out"):
            st.session_state[session.ADMINISTRATOR] = False
            st.rerun()


def _sign_in() -> None:
    if not _administrator().exists:
        st.caption(NO_ADMINISTRATOR)
        return
    with st.form("administrator-form", clear_on_submit=True, border=False, width=420):
        password = st.text_input(
            "Administrator's password", type="password", autocomplete="current-password"
        )
        pressed = st.form_submit_button("Sign in", icon=":material/login:")
    if pressed:
        _administrator().admit(password)
        st.session_state[session.ADMINISTRATOR] = True
        st.rerun()


def _add() -> None:
    chosen = _chosen()
    if chosen is not None and st.button(
        "Examine and add", type="primary", icon=":material/add:", key="administrator-add"
    ):
        offer(*chosen)


def _chosen() -> tuple[bytes, str] | None:
    """Return the file that the administrator chose, and its name."""
    file = st.file_uploader(
        "Checkpoint (.safetensors)",
        type=["safetensors"],
        key="administrator-file",
        help="It is examined in a process of its own before it is listed. Files that can run "
        "code, such as .pt and .pkl, are never opened.",
    )
    return None if file is None else (file.getvalue(), file.name)


def offer(data: bytes, file_name: str) -> None:
    """Add a potential and say so, or say what is wrong with it."""
    with st.spinner("Examining the file …"):
        added = models.add(stored.store(), data, file_name)
    st.success(f"**{added.stem}** is now on the list for everybody.", icon=":material/check:")


def _delete() -> None:
    for path in models.added(stored.store()):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{path.stem}** · {text.megabytes(path.stat().st_size)}")
            with st.popover("Delete", icon=":material/delete:", key=f"delete-{path.stem}"):
                st.markdown("It will be gone for everybody; this cannot be undone.")
                pressed = st.button(
                    "Delete for good", type="primary", key=f"confirm-{path.stem}"
                )
        if pressed:
            _gone(path.stem)


def _gone(name: str) -> None:
    path = next(p for p in models.added(stored.store()) if p.stem == name)
    try:
        models.delete(stored.store(), path)
    except MLPError as error:
        components.nothing(str(error), icon=":material/block:")
    else:
        st.rerun()
