"""Entry of the web application: page settings and the menu."""

from __future__ import annotations

import streamlit as st

from pages.ui import guard, session

st.set_page_config(page_title="Lattice Lab", page_icon=":material/grain:", layout="wide")

pages = [
    st.Page(
        "pages/structure.py",
        title="New calculation",
        icon=":material/add_circle:",
        default=True,
    ),
    st.Page("pages/jobs.py", title="Jobs", icon=":material/list:", url_path="jobs"),
    st.Page("pages/result.py", title="Result", icon=":material/insights:", url_path="result"),
    st.Page("pages/models.py", title="Models", icon=":material/hub:", url_path="models"),
]
page = st.navigation(pages, position="top")

with guard.sentences():
    session.follow_job_address(page.url_path)
    page.run()
