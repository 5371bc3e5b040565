"""Jobs: every calculation on this server, newest first."""

from __future__ import annotations

import streamlit as st

from pages.ui import jobs_view, menu

menu.require()

st.title("Jobs", anchor=False)
jobs_view.live_list()
