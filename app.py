"""Entry of the web application."""

from __future__ import annotations

from pages.ui import guard, menu, session

page = menu.draw()
with guard.sentences():
    session.follow_job_address(page.url_path)
    page.run()
