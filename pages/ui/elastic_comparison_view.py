"""The computed constants beside experiment, PBE and other models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from mlpcore import registry
from pages.ui import components, elastic_reference, text
from properties.plots import elastic_series as plots

if TYPE_CHECKING:
    from properties.elasticity.series import SpreadResult
    from properties.results import ElasticResult, RelaxResult

NOT_ASKED = (
    "No other model was asked for. Under *More elastic constants* of a new calculation you can "
    "choose some; each relaxes the crystal by itself, and all are drawn here."
)
AT_ZERO = (
    "The values that come with the project are for zero pressure, and this calculation is at "
    "{}. Compute the crystal without pressure to compare."
)
NO_ERROR_BAR = (
    "Disagreement between models is the largest less the smallest value, and that in percent "
    "of their mean size. It is not an error bar: the models learnt from similar data with "
    "similar methods, and may all be wrong in the same way."
)


def draw(
    result: ElasticResult,
    relaxed: RelaxResult | None,
    spread: SpreadResult | None,
    why_missing: str | None,
) -> None:
    """Draw known values, and below them the models."""
    st.markdown("**What is known of this crystal**")
    if relaxed is None:
        components.nothing("The relaxed crystal is not there yet.")
    elif result.pressure_gpa:
        components.nothing(AT_ZERO.format(text.fixed(result.pressure_gpa, 2, "GPa")))
    else:
        elastic_reference.draw(
            relaxed.primitive.formula, relaxed.space_group_number, _values(result)
        )
    st.markdown("**Disagreement between models**")
    if spread is None:
        components.nothing(why_missing or NOT_ASKED, icon=":material/hub:")
    else:
        _models(spread)


def _values(result: ElasticResult) -> dict[str, float]:
    moduli = result.moduli
    averages = {"B": moduli.bulk_vrh_gpa, "G": moduli.shear_vrh_gpa}
    return {**result.independent_constants, **(averages if result.born_stable else {})}


def _models(spread: SpreadResult) -> None:
    components.failed_notice([check for check in spread.checks if not check.passed])
    titles = tuple(registry.info(name).title for name in spread.models)
    left, right = st.columns([2, 3], gap="large")
    with left:
        components.plot(plots.models(spread, titles), key="models")
    with right:
        components.table(_rows(spread, titles))
        st.caption(NO_ERROR_BAR)
        others = sorted(set(spread.functionals))
        if len(others) > 1:
            st.caption(
                f"The models were trained on different functionals: {', '.join(others)}."
            )


def _rows(spread: SpreadResult, titles: tuple[str, ...]) -> list[dict[str, str]]:
    apart, percent = spread.disagreement_gpa, spread.disagreement_percent
    return [
        {
            "GPa": name,
            "Apart by": text.fixed(apart[name], 1),
            "… in percent": text.fixed(percent[name], 0, "%"),
            **{
                title: text.fixed(float(value), 1)
                for title, value in zip(titles, values, strict=True)
            },
        }
        for name, values in spread.constants_gpa.items()
    ]
