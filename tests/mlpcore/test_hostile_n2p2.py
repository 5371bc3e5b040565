"""Files of n2p2 that cannot be meant: refused with file and keyword before they are built."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from ase.build import bulk

from mlpcore import __main__ as command
from mlpcore import checkpoint, n2p2, registry
from mlpcore.checkpoint_header import MAX_MEMBERS
from mlpcore.errors import CheckpointError

if TYPE_CHECKING:
    from pathlib import Path

INPUT = """number_of_elements 1
elements Si
cutoff_type 2
scale_symmetry_functions
scale_min_short 0.0
scale_max_short 1.0
global_hidden_layers_short 1
global_nodes_short 2
global_activation_short t l
symfunction_short Si 2 Si 0.01 0.0 12.0
symfunction_short Si 3 Si Si 0.01 1 1.0 12.0
"""
SCALING = "1 1 0.0 1.0 0.5 0.1\n1 2 0.0 1.0 0.5 0.1\n"
WEIGHTS = """0.2 a 1 0 1 1 1
0.3 a 2 0 1 1 2
0.5 a 3 0 2 1 1
0.6 a 4 0 2 1 2
-0.8 b 5 1 1
-0.9 b 6 1 2
0.2 a 7 1 1 2 1
0.3 a 8 1 2 2 1
-0.5 b 9 2 1
"""


def potential(folder: Path) -> Path:
    folder.mkdir()
    files = {"input.nn": INPUT, "scaling.data": SCALING, "weights.014.data": WEIGHTS}
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def spoilt(tmp_path):
    folder = potential(tmp_path / "tiny")

    def change(old: str, new: str, name: str = "input.nn") -> Path:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1))
        return folder

    return change


def test_the_tiny_potential_is_read_and_used(tmp_path):
    out = tmp_path / "tiny.safetensors"
    folder = potential(tmp_path / "tiny")
    assert command.main(["import", str(folder), str(out)]) == command.DONE
    (found,) = registry.load(str(out), device="cpu").evaluate([bulk("Si")])
    assert abs(found.energy_ev) < 100


LINES = "\nsymfunction_short Si 3 Si Si 0.01 1 1.0 12.0"


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("nodes_short 2", "nodes_short 1000000000", "global_nodes_short: .* from 1 to 1024"),
        ("nodes_short 2", "nodes_short 2.5", "global_nodes_short: '2.5' should be whole"),
        ("nodes_short 2", "nodes_short", "global_nodes_short: '' should be whole numbers"),
        ("nodes_short 2", "nodes_short 2 2", "global_nodes_short: 2 numbers are given; 1 hid"),
        ("layers_short 1", "layers_short 0", "global_hidden_layers_short: .* from 1 to 8"),
        ("layers_short 1", "layers_short 1e9", "global_hidden_layers_short: .* from 1 to 8"),
        ("elements Si", "elements Si\nconv_energy 0", "conv_energy: it is 0; a number from"),
        ("elements Si", "elements Si\nconv_energy -1", "conv_energy: it is -1; a number from"),
        ("elements Si", "elements Si\nmean_energy 1e300", "mean_energy: '1e300' should be"),
        ("elements Si", "elements X", "keyword elements: 'X' should be chemical symbols"),
        ("of_elements 1", "of_elements 0", "number_of_elements: 0 are stated, .* names 1"),
        ("of_elements 1", "of_elements 2", "number_of_elements: 2 are stated, .* names 1"),
        (
            "0.0 12.0",
            "0.0 0",
            r"line 10, keyword symfunction_short: .* cut-off is 0\.0 Å; 0\.1",
        ),
        ("0.0 12.0", "0.0 1e6", "symfunction_short: .* cut-off is 529177.* Å; 0.1 to 20 Å"),
        ("0.01 1 1.0", "0.01 1 1e300", "symfunction_short: '0.01 1 1e300 12.0' should be"),
        ("0.01 1 1.0", "0.01 1 200", "symfunction_short: .* ζ is 200.0; 0.01 to 100"),
        ("0.01 1 1.0", "-0.01 1 1.0", "symfunction_short: .* η is -0.03.* 0 to 1000"),
        ("0.01 0.0", "0.01 13", "symfunction_short: .* r_s is 6.8.* within the cut-off"),
        ("Si 2 Si", "Si ² Si", "symfunction_short: .* is not a symmetry function of type"),
        ("Si 2 Si", f"Si {'9' * 5000} Si", "symfunction_short: .* not a symmetry function"),
        ("scale_max_short 1.0", "scale_max_short 0", "scale_max_short 0; the second must be"),
        ("12.0", "12.0\natom_energy Si 1\natom_energy Si 1", "Si was given already"),
        ("12.0", "12.0" + LINES * 5000, "Si has 5002 lines symfunction_short; 1 to"),
        ("12.0", "12.0" + LINES * 40_000, "there are 40002 of these lines; up to 40000"),
        ("symfunction_short Si 2 Si", "elements_unknown", "keyword elements_unknown"),
    ],
)
def test_a_keyword_that_cannot_be_meant_is_named(old, new, sentence, spoilt):
    with pytest.raises(CheckpointError, match=f"tiny/input.nn.*{sentence}") as told:
        n2p2.read(spoilt(old, new))
    assert len(str(told.value)) < 500


@pytest.mark.parametrize(
    ("name", "old", "new", "sentence"),
    [
        ("scaling.data", "1 2 0.0 1.0", "1 2 1.0 0.0", "scaling.data, line 2"),
        ("scaling.data", "1 2 0.0 1.0", "1 2 1.0 1.0", "function 2 of element 1 does not vary"),
        ("scaling.data", "1 2 0.0 1.0", "1 2 0.0 1e300", "scaling.data, line 2"),
        ("weights.014.data", "0.5 a 3 0 2 1 1", "0.5 a 3 0 2 1 0", "weights.014.data, line 3"),
        ("weights.014.data", "-0.8 b", "1e300 b", "weights.014.data, line 5"),
    ],
)
def test_a_number_that_cannot_be_meant_is_named(name, old, new, sentence, spoilt):
    with pytest.raises(CheckpointError, match=f"tiny/.*{sentence}"):
        n2p2.read(spoilt(old, new, name))


def test_networks_that_no_checkpoint_holds_are_refused_before_they_are_built(spoilt):
    nodes = "nodes_short" + " 1024" * 8
    folder = spoilt("nodes_short 2", nodes)
    spoilt("layers_short 1", "layers_short 8")
    spoilt("short t l", "short" + " t" * 8 + " l")
    words = r"global_nodes_short: .* → 1024 → 1 for each element .* 56 MiB; .* room for 32 MiB"
    (folder.parent / "many").mkdir()
    for name in ("member-1", "member-2"):
        (folder.parent / "many" / name).symlink_to(folder)
    with pytest.raises(CheckpointError, match=words):
        n2p2.read(folder.parent / "many")


def test_a_committee_has_so_many_members(tmp_path):
    for number in range(MAX_MEMBERS + 1):
        potential(tmp_path / f"member-{number}")
    with pytest.raises(CheckpointError, match=r"holds 65 potentials; .* up to 64 members"):
        n2p2.read(tmp_path)


def test_the_command_writes_nothing_that_cannot_be_read(spoilt, tmp_path, capsys):
    """A small but possible scaling of one member makes weights of the other too large."""
    out = tmp_path / "out.safetensors"
    folder = spoilt("0.2 a 7", "9e8 a 7", "weights.014.data")
    found = n2p2.read(folder)
    checkpoint.write(out, found)
    assert checkpoint.read(out).header() == found.header()
    out.unlink()
    spoilt("1 1 0.0 1.0", "1 1 0.0 1e-12", "scaling.data")
    other = potential(tmp_path / "committee").rename(tmp_path / "member-2")
    (tmp_path / "all").mkdir()
    other.rename(tmp_path / "all" / "member-1")
    folder.rename(tmp_path / "all" / "member-2")
    status = command.main(["import", str(tmp_path / "all"), str(out)])
    assert status == command.BAD_INPUT
    assert "larger than 1e+09" in capsys.readouterr().err
    assert not out.exists()
