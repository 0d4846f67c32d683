"""Names of models: one each, whatever lies where, and each finds its model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.library.folders import ir
from tests.library.test_find import full, places
from tui.library.find import FoundModel, Places, Source, find_model, find_models, name_of
from tui.library.names import meant, unique

__all__ = ["full", "places"]

_PARTS = st.sampled_from(
    ["a", "b", "A", "a/b", "starter", "x y", "\N{ROBOT FACE}", "it's", '"', "a (2)", "\n", "\udcff"]
)


@st.composite
def _models(draw: st.DrawFn) -> list[FoundModel]:
    found = []
    for number in range(draw(st.integers(0, 8))):
        place = Path("/", *draw(st.lists(_PARTS, max_size=3)))
        name = draw(_PARTS)
        path = draw(st.sampled_from([place, place / str(number) / name]))
        found.append(FoundModel(name, path, Source.ADDED, place))
    return found


@given(_models())
def test_every_model_has_a_name_of_its_own_by_which_it_is_found(models: list[FoundModel]) -> None:
    named = unique(models)
    assert [replace(each, name="") for each in named] == [replace(each, name="") for each in models]
    assert len({each.name for each in named}) == len(models)
    for each in named:
        assert meant(each.name, named) is each


@given(_models())
def test_names_end_as_their_folders_and_the_first_of_each_keeps_it(models: list[FoundModel]) -> None:
    before: set[str] = set()
    for plain, named in zip(models, unique(models), strict=True):
        if plain.name in before:
            assert named.name.endswith("/" + plain.name) or named.name.startswith(plain.name + " (")
        else:
            assert named.name == plain.name
        before.add(plain.name)


@given(_models(), st.integers(0, 8))
def test_names_are_the_same_at_every_look(models: list[FoundModel], count: int) -> None:
    """A model of a last place takes no name from those before, unless theirs were made longer to its own."""
    some, all_ = unique(models[:count]), unique(models)
    for plain, one, other in zip(models, some, all_, strict=False):
        if one.name == plain.name:
            assert other.name == one.name
    assert unique(models) == all_


def test_a_model_that_is_here_twice_is_called_by_the_folder_above(full: Places, tmp_path: Path) -> None:
    ir(full.models / "OpenVINO" / "Phi-4-mini-int4-ov")
    one, tree = ir(tmp_path / "disk" / "Qwen3-8B-int4"), tmp_path / "other disk"
    ir(tree / "Qwen3-8B-int4")
    ir(tree / "starter")
    with_added = replace(full, added=(one, tree))
    found = find_models(with_added)
    names = {model.name: model for model in found}
    assert names["OpenVINO/Phi-4-mini-int4-ov"].source == Source.MODELS
    assert names["hub/OpenVINO/Phi-4-mini-int4-ov"].source == Source.HUGGING_FACE
    assert names["disk/Qwen3-8B-int4"].path == one
    assert names["other disk/Qwen3-8B-int4"].path == tree / "Qwen3-8B-int4"
    assert names["other disk/starter"].source == Source.ADDED
    assert len(names) == len(found)
    for model in found:
        assert find_model(model.name, with_added) == model.path
        assert name_of(model.path, with_added) == model.name
    assert find_model("phi-4-mini-int4-ov", with_added).is_relative_to(full.models)


def test_folders_above_are_taken_until_the_name_is_new() -> None:
    def model(path: str) -> FoundModel:
        folder = Path(PurePosixPath(path))
        return FoundModel(folder.name, folder, Source.ADDED, folder)

    named = unique([model("/m"), model("/x/disk/m"), model("/y/disk/m"), model("/disk/m"), model("/y/disk/m")])
    assert [each.name for each in named] == ["m", "disk/m", "y/disk/m", "m (2)", "m (3)"]


@pytest.mark.parametrize("asked", ["8b/int4", "8B/INT4", "int4"])
def test_the_end_of_a_name_is_enough_where_only_one_has_it(places: Places, tmp_path: Path, asked: str) -> None:
    ir(tmp_path / "tree" / "qwen" / "8b" / "int4")
    ir(tmp_path / "tree" / "qwen" / "8b" / "not-int4")
    assert find_model(asked, replace(places, added=(tmp_path / "tree",))).name == "int4"
