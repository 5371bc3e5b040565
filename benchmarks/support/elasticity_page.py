"""The elasticity benchmark as one HTML file: parity plots and a table to sort, offline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from benchmarks.support.elasticity_report import title
from benchmarks.support.elasticity_run import Case
from benchmarks.support.elasticity_scores import IONS, MODULI, Found, failure, known

COLOURS = ("#c2410c", "#1d4ed8", "#15803d", "#7c3aed", "#0e7490", "#a16207")
ENDS = (1.0, 1000.0)

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem; color: #1f2937; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 0.2rem 0.7rem; text-align: right; border-bottom: 1px solid #e5e7eb; }
td { white-space: nowrap; }
td:last-child { white-space: normal; }
th { cursor: pointer; position: sticky; top: 0; background: #f3f4f6; }
td:nth-child(-n+4), th:nth-child(-n+4), td:last-child, th:last-child { text-align: left; }
"""

SORT = """
document.querySelectorAll("th").forEach((head, column) => {
  let sign = -1;
  head.onclick = () => {
    sign = -sign;
    const body = document.querySelector("tbody");
    const text = row => row.cells[column].textContent;
    const number = row => parseFloat(text(row).replace("\\u2212", "-"));
    [...body.rows].sort((a, b) => {
      const [x, y] = [number(a), number(b)];
      if (isNaN(x) && isNaN(y)) return sign * text(a).localeCompare(text(b));
      if (isNaN(x)) return 1;
      return isNaN(y) ? -1 : sign * (x - y);
    }).forEach(row => body.appendChild(row));
  };
});
"""

HEADER = (
    *("model", "crystal", "Laue class", "id", "K PBE", "K", "K clamped", "G PBE", "G"),
    *("G clamped", "volume, %", "seconds", "failed, or checks that failed"),
)


def write(path: Path, found: Found, cases: Sequence[Case]) -> None:
    """Write the page, whole or not at all."""
    plot = figure(found, cases).to_html(full_html=False, include_plotlyjs=True)
    text = (
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>Elasticity</title>"
        f"<style>{STYLE}</style><h1>K and G of {len(cases)} crystals against PBE</h1>"
        f"<p>GPa, Hill averages. Click a model in the legend to show or hide it, a column's "
        f"head to sort. PBE: Materials Project, CC BY 4.0.</p>{plot}{table(found, cases)}"
        f"<script>{SORT}</script></html>"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def figure(found: Found, cases: Sequence[Case]) -> go.Figure:
    """Return parity plots of K and G; the first model is shown, the others wait."""
    chart = make_subplots(1, 2, subplot_titles=("Bulk modulus K", "Shear modulus G"))
    for number, (model, records) in enumerate(found.items()):
        for ions in IONS:
            for column, modulus in enumerate(MODULI, start=1):
                trace = _points(model, ions, modulus, records, cases)
                trace.update(
                    marker=_marker(COLOURS[number % len(COLOURS)], ions),
                    showlegend=column == 1,
                    visible=True if number == 0 else "legendonly",
                )
                chart.add_trace(trace, 1, column)
    for column in (1, 2):
        line = go.Scatter(x=ENDS, y=ENDS, mode="lines", hoverinfo="skip", showlegend=False)
        chart.add_trace(line.update(line={"color": "#6b7280", "width": 1}), 1, column)
    limits = [0.0, 3.0]
    chart.update_xaxes(type="log", range=limits, title="PBE, GPa")
    chart.update_yaxes(type="log", range=limits, title="model, GPa")
    chart.update_layout(height=620, template="plotly_white")
    return chart


def _points(
    model: str,
    ions: str,
    modulus: str,
    records: Mapping[str, dict[str, Any]],
    cases: Sequence[Case],
) -> go.Scatter:
    good = [case for case in cases if case.id in records and not failure(records[case.id])]
    return go.Scatter(
        x=[known(case, modulus) for case in good],
        y=[records[case.id][ions][MODULI[modulus]] for case in good],
        text=[f"{case.formula} ({case.id})" for case in good],
        mode="markers",
        name=f"{title(model)}, {ions}",
        legendgroup=f"{model} {ions}",
        hovertemplate="%{text}<br>PBE %{x:.1f}, model %{y:.1f} GPa",
    )


def _marker(colour: str, ions: str) -> dict[str, Any]:
    symbol = "circle" if ions == "relaxed" else "circle-open"
    return {"color": colour, "symbol": symbol, "size": 8}


def table(found: Found, cases: Sequence[Case]) -> str:
    """Return all records, failed ones too, as an HTML table."""
    rows = [
        _row(title(model), case, records[case.id])
        for model, records in found.items()
        for case in cases
        if case.id in records
    ]
    head = "".join(f"<th>{escape(name)}</th>" for name in HEADER)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _row(model: str, case: Case, record: Mapping[str, Any]) -> list[str]:
    cells = [model, case.formula, record.get("laue_class", "–"), case.id]
    for modulus, key in MODULI.items():
        cells.append(f"{known(case, modulus):.1f}")
        cells += [_number(record.get(ions, {}).get(key), ".1f") for ions in IONS]
    change = record.get("volume_change")
    cells.append(_number(None if change is None else 100 * change, "+.1f"))
    cells.append(f"{record['seconds']:.1f}")
    reason = failure(record)
    checks = ", ".join(record.get("failed_checks", ()))
    return [*cells, f"failed: {record['error'] or reason}" if reason else checks]


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form).replace("-", "−")
