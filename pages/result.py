"""Result: one job, found by its address, live while it runs."""

from __future__ import annotations

from pages.ui import guard, job_view, menu, result_tabs, session, stored

menu.require()

job_id = session.job_in_address()
if job_id is None:
    job_view.no_job("No job is chosen.")
else:
    job = job_view.find(job_id)
    if job is not None:
        job_view.header(job)
        job_view.live(job)
        with guard.sentences():
            result_tabs.headline(job, stored.results(job))
            result_tabs.draw(job, stored.results(job))
