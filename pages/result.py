"""Result: one job, found by its address, live while it runs."""

from __future__ import annotations

from pages.ui import guard, job_view, menu, result_view, session

menu.require()

job_id = session.job_in_address()
if job_id is None:
    job_view.no_job("No job is chosen.")
else:
    job = job_view.find(job_id)
    if job is not None:
        job_view.header(job)
        with guard.sentences():
            result_view.draw(job)
