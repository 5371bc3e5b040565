"""The page of a new calculation: every way in, every refusal, and the submit."""

from __future__ import annotations

import pytest
from ase.build import bulk
from ase.io import write

from mlpcore import registry
from pages.ui import source_form
from properties import examples

POSCAR = source_form.PASTE_HINT


def texts(elements) -> str:
    return "\n".join(element.value for element in elements)


def upload(app, name: str, data: bytes):
    app.file_uploader[0].set_value((name, data, "application/octet-stream"))
    return app.run()


def choose(app, way: str):
    app.segmented_control(key="source").set_value(way)
    return app.run()


def test_empty_page_invites_and_offers_nothing_to_submit(page):
    app = page()
    assert app.title[0].value == "New calculation"
    assert "Drop a structure file" in texts(app.markdown)
    assert not app.button
    assert not app.error


def test_uploaded_crystal_is_shown_with_its_symmetry(page, tmp_path):
    path = tmp_path / "salt.cif"
    write(path, bulk("NaCl", "rocksalt", 5.64, cubic=True))
    app = upload(page(), path.name, path.read_bytes())
    values = {metric.label: metric.value for metric in app.metric}
    assert values["Formula"] == "NaCl"
    assert values["Space group"] == "Fm3\u0305m"
    assert values["Density"] == "2.164 g/cm³"
    assert values["Atoms"] == "2"
    wyckoff = app.dataframe[1].value
    assert set(wyckoff["Position"]) == {"4a", "4b"}
    assert app.dataframe[0].value["a (Å)"][0] == "5.6400"


def test_pasted_text_is_read(page):
    app = choose(page(), source_form.PASTE)
    app.text_area[0].set_value(POSCAR).run()
    assert app.metric[0].value == "Si"


@pytest.mark.parametrize("name", examples.example_names())
def test_every_example_is_drawn(page, name):
    app = choose(page(), source_form.EXAMPLE)
    app.selectbox(key="example").set_value(name).run()
    assert not app.error
    assert f"number {examples.example(name).space_group_number}" in texts(app.caption).replace(
        "space group ", "number "
    )


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("empty.cif", b""),
        ("junk.cif", bytes(range(256))),
        ("cut.cif", b"data_x\n_cell_length_a 5.4\n"),
        ("../../evil.vasp", b"not a structure"),
    ],
)
def test_bad_upload_is_one_sentence_and_the_page_survives(page, name, data):
    app = upload(page(), name, data)
    assert len(app.error) == 1
    assert "Traceback" not in app.error[0].value
    assert ".." not in app.error[0].value
    assert app.file_uploader
    assert not app.button


def test_several_structures_in_one_file_are_offered(page, tmp_path):
    path = tmp_path / "two.xyz"
    write(path, [bulk("Si", a=5.43), bulk("Cu", a=3.6)], format="extxyz")
    app = upload(page(), path.name, path.read_bytes())
    assert app.metric[0].value == "Si"
    app.selectbox(key="which").set_value(1).run()
    assert app.metric[0].value == "Cu"


def test_cell_switch_keeps_the_page(page):
    app = choose(page(), source_form.EXAMPLE)
    for cell in ("Primitive", "As given"):
        app.segmented_control(key="cell-input").set_value(cell).run()
        assert not app.error
    app.toggle(key="several_cells-input").set_value(True).run()
    assert not app.error


def test_submit_queues_what_was_chosen_and_opens_the_job(page, store):
    app = choose(page(), source_form.PASTE)
    app.text_area[0].set_value(POSCAR).run()
    app.selectbox(key="model").set_value("sevennet-0")
    app.segmented_control(key="preset").set_value("standard")
    app.pills(key="properties").set_value(["phonons"])
    app.number_input(key="pressure").set_value(5.0)
    app.radio(key="engine").set_value("upstream")
    app.text_input(key="label").set_value("beam time")
    app.button[0].click().run()
    (summary,) = store.list()
    spec = store.get(summary.id).spec
    assert (spec.model, spec.preset, spec.pressure_gpa) == ("sevennet-0", "standard", 5.0)
    assert spec.properties == ("relax", "phonons", "soft_mode")
    assert spec.born is None
    assert spec.engine == "upstream"
    assert spec.name == "beam time"
    assert app.query_params["job"] == summary.id
    assert app.title[0].value == "Si · beam time"
    assert (store.root / summary.id / "source").is_dir()


def test_charges_of_the_library_are_taken_unless_switched_off(page, store):
    app = choose(page(), source_form.EXAMPLE)
    app.selectbox(key="example").set_value("NaCl").run()
    assert "Source: " in texts(app.caption)
    app.button[0].click().run()
    app = choose(page(), source_form.EXAMPLE)
    app.selectbox(key="example").set_value("NaCl").run()
    app.segmented_control(key="born-way-NaCl").set_value("None").run()
    app.toggle(key="extra_stage-soft_mode").set_value(False)
    app.toggle(key="extra_stage-phonon_convergence").set_value(True).run()
    app.button[0].click().run()
    without, with_charges = (store.get(row.id).spec for row in store.list())
    assert len(with_charges.born.charges_e) == len(with_charges.structure)
    assert without.born is None
    assert without.properties[-1] == "phonon_convergence"


def test_nothing_but_relaxation_can_be_asked_for(page, store):
    app = choose(page(), source_form.EXAMPLE)
    app.pills(key="properties").set_value([]).run()
    app.button[0].click().run()
    spec = store.get(store.list()[0].id).spec
    assert spec.properties == ("relax",)
    assert spec.engine == "auto"


def test_element_unknown_to_the_model_is_said_and_cannot_be_submitted(page):
    app = choose(page(), source_form.PASTE)
    app.text_area[0].set_value(POSCAR.replace("Si", "Po")).run()
    assert "was not trained on Po" in texts(app.error)
    assert app.button[0].disabled


def test_preset_is_explained_in_numbers(page):
    app = choose(page(), source_form.EXAMPLE)
    app.segmented_control(key="preset").set_value("tight").run()
    assert "20 Å" in texts(app.caption)
    assert "9 volumes" in texts(app.caption)


def test_model_with_a_caution_shows_it(page):
    app = choose(page(), source_form.EXAMPLE)
    app.selectbox(key="model").set_value("chgnet-r2scan").run()
    assert registry.info("chgnet-r2scan").caution in texts(app.warning)
