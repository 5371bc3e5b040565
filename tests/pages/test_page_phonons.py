"""The sections of the phonons tab, of results old and new."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pages.ui import phonons_view, session
from properties.vibrations.born import BornCharges
from tests.pages import jobs_on_disk, sample

OLD = {"relax": sample.relax(), "phonons": sample.phonons()}
NEW = {"relax": sample.relax(), "phonons": sample.phonons_with_modes()}


def texts(elements) -> str:
    return "\n".join(element.value for element in elements)


def section(page, store, stages, name, **fields):
    job = jobs_on_disk.ended(store, "finished", stages, properties=tuple(stages), **fields)
    app = page(job=job)
    app.session_state[session.TAB] = "Phonons"
    app.session_state[phonons_view.SECTION] = name
    return app.run()


@pytest.mark.parametrize("stages", [OLD, NEW], ids=["older", "newer"])
@pytest.mark.parametrize("name", phonons_view.SECTIONS)
def test_every_section_draws_old_and_new_results(page, store, name, stages):
    app = section(page, store, stages, name)
    assert not app.exception
    assert not app.error


def test_bands_can_be_coloured_and_states_projected(page, store):
    app = section(page, store, {**NEW, "thermal": sample.thermal()}, "Dispersion & modes")
    assert len(app.selectbox(key="phonon-colour").options) == 3
    app.selectbox(key="phonon-colour").select("Group velocity")
    app.selectbox(key="phonon-dos").select("by element").run()
    drawn = app.get("plotly_chart")[0].proto.spec
    assert "group velocity (km" in drawn
    assert "all atoms" in drawn


def test_older_result_offers_no_colours_and_says_what_was_not_kept(page, store):
    app = section(page, store, OLD, "Dispersion & modes")
    assert app.selectbox(key="phonon-colour").disabled
    assert "Compute it again" in texts(app.info)
    assert "not kept" in texts(section(page, store, OLD, "Γ point").caption)


def test_modes_at_gamma_have_symmetry_and_activity(page, store):
    app = section(page, store, NEW, "Γ point")
    rows = app.dataframe[0].value
    assert list(rows["Symmetry"]) == ["T₁u", "T₂g"]
    assert list(rows["Active in"]) == ["acoustic", "Raman"]
    assert "nothing to split" in texts(app.info)


def test_limits_are_drawn_where_there_are_charges(page, store):
    born = BornCharges(12.0 * np.eye(3), np.stack([np.eye(3), -np.eye(3)]), "a test")
    modes = sample.phonons_with_modes()
    split = np.array([[0, 0, 0, 12.5, 12.5, 14.25]])
    polar = replace(
        modes,
        born=born,
        direction_uvw=np.array([[1, 0, 0]]),
        limit_direction=np.eye(3)[:1],
        limit_frequency_thz=split,
        gamma_modes=tuple(
            replace(m, infrared_active=not m.acoustic) for m in modes.gamma_modes
        ),
    )
    app = section(page, store, {**NEW, "phonons": polar}, "Γ point")
    assert not app.error
    assert "14.25" in app.get("plotly_chart")[0].proto.spec
    assert "Source: a test" in texts(app.caption)


def test_another_calculation_is_laid_on_the_same_path(page, store):
    higher = replace(
        NEW["phonons"], band_frequency_thz=NEW["phonons"].band_frequency_thz + 0.25
    )
    other = jobs_on_disk.ended(
        store, "finished", {**NEW, "phonons": higher}, name="other", properties=tuple(NEW)
    )
    app = section(page, store, NEW, "Comparison")
    app.multiselect(key="phonon-other-runs").set_value([other]).run()
    assert not app.error
    row = app.dataframe[0].value.iloc[0]
    assert row["Mean |Δ| (THz)"] == row["Mean Δ (THz)"] == "0.250"
    assert row["Of the path"] == "100 %"


def test_zone_lists_the_points_of_the_path(page, store):
    app = section(page, store, NEW, "Brillouin zone")
    assert list(app.dataframe[0].value["Point"])[:2] == ["Γ", "X"]
    assert "14 faces" in texts(app.caption)
