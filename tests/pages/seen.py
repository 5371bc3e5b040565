"""What a person sees of a page under test: its words, its figures, its charts."""

from __future__ import annotations

import json


def words(app) -> str:
    """Every text of the page, a line each."""
    parts = (app.markdown, app.caption, app.warning, app.info, app.error, app.success)
    return "\n".join(element.value for kind in parts for element in kind)


def figures(app) -> dict[str, str]:
    """Value of each figure by its label."""
    return {metric.label: metric.value for metric in app.metric}


def charts(app) -> list[dict]:
    """Data and layout of every chart."""
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
