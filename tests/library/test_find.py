from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.library.folders import ir
from tui.engine.errors import ModelNotFound
from tui.library.find import STARTER, Places, Source, find_model, find_models, hugging_face_cache, name_of
from tui.library.own import listed


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    monkeypatch.chdir(tmp_path)
    starter = ir(tmp_path / "package" / "starter")
    return Places(starter=starter, models=tmp_path / "models", added=(), hugging_face=tmp_path / "hub")


@pytest.fixture
def full(places: Places) -> Places:
    ir(places.models / "Qwen3-8B-int4")
    ir(places.models / "mine" / "tiny")
    (places.models / "empty").mkdir()
    ir(places.models / "embedding", "model.xml")
    hub = places.hugging_face
    ir(hub / "models--OpenVINO--Phi-4-mini-int4-ov" / "snapshots" / "old")
    ir(hub / "models--OpenVINO--Phi-4-mini-int4-ov" / "snapshots" / "new")
    refs = hub / "models--OpenVINO--Phi-4-mini-int4-ov" / "refs"
    refs.mkdir()
    (refs / "main").write_text("old\n")
    ir(hub / "models--OpenVINO--whisper-ov" / "snapshots" / "a", "openvino_encoder_model.xml")
    ir(hub / "models--OpenVINO--clip" / "snapshots" / "a", "openvino_tokenizer.xml")
    ir(hub / "models--someone--whisper" / "snapshots" / "a", "openvino_encoder_model.xml")
    ir(hub / "models--someone--llama-ov" / "snapshots" / "a")
    ir(hub / "datasets--someone--texts" / "snapshots" / "a")
    (hub / "models--someone--torch-only" / "snapshots" / "a").mkdir(parents=True)
    return places


def test_the_starter_is_always_there_under_its_name(places: Places) -> None:
    (model,) = find_models(places)
    assert (model.name, model.source) == (STARTER, Source.BUILT_IN)
    assert find_model("starter", places) == places.starter


def test_a_models_folder_with_a_link_to_itself_lists_its_models_once(full: Places) -> None:
    before = find_models(full)
    (full.models / "self").symlink_to(full.models)
    (full.models / "again").symlink_to(".")
    assert find_models(full) == before


def test_by_default_the_starter_is_the_packages_own() -> None:
    assert find_models()[0].path == Path(__file__).parents[2] / "tui" / "starter"


def test_models_of_every_place_are_found(full: Places) -> None:
    assert [model.name for model in find_models(full)] == [
        "starter",
        "Qwen3-8B-int4",
        "mine/tiny",
        "OpenVINO/Phi-4-mini-int4-ov",
        "OpenVINO/whisper-ov",
        "someone/llama-ov",
        "someone/whisper",
    ]


def test_the_snapshot_is_that_of_the_main_branch_else_the_newest(full: Places) -> None:
    repository = full.hugging_face / "models--OpenVINO--Phi-4-mini-int4-ov"
    assert find_model("OpenVINO/Phi-4-mini-int4-ov", full) == repository / "snapshots" / "old"
    (repository / "refs" / "main").write_text("gone")
    os.utime(repository / "snapshots" / "old", (1, 1))
    assert find_model("OpenVINO/Phi-4-mini-int4-ov", full) == repository / "snapshots" / "new"


@pytest.mark.parametrize("asked", ["Qwen3-8B-int4", "qwen3-8b-INT4"])
def test_a_name_in_any_case(full: Places, asked: str) -> None:
    assert find_model(asked, full) == full.models / "Qwen3-8B-int4"


def test_a_name_without_its_owner(full: Places) -> None:
    assert find_model("llama-OV", full).parent.parent.name == "models--someone--llama-ov"
    assert find_model("tiny", full) == full.models / "mine" / "tiny"


def test_an_end_that_two_models_have_names_both(full: Places) -> None:
    ir(full.hugging_face / "models--other--llama-ov" / "snapshots" / "a")
    with pytest.raises(ModelNotFound, match="other/llama-ov, someone/llama-ov") as raised:
        find_model("llama-ov", full)
    assert "whole name" in raised.value.next_step


def test_another_owners_model_of_that_name_is_not_meant(full: Places) -> None:
    with pytest.raises(ModelNotFound):
        find_model("nobody/llama-ov", full)


def test_names_that_differ_only_in_case_are_both_reachable(full: Places) -> None:
    ir(full.models / "QWEN3-8b-int4")
    assert find_model("QWEN3-8b-int4", full).name == "QWEN3-8b-int4"
    assert find_model("Qwen3-8B-int4", full).name == "Qwen3-8B-int4"


def test_a_folder_by_its_path_or_that_of_its_xml(full: Places, tmp_path: Path) -> None:
    folder = ir(tmp_path / "here" / "starter")
    assert find_model(str(folder), full) == folder
    assert find_model(str(folder / "openvino_model.xml"), full) == folder
    assert find_model("here/starter", full) == folder


def test_a_name_comes_before_a_folder_and_a_dot_turns_it_round(full: Places, tmp_path: Path) -> None:
    folder = ir(tmp_path / "starter")
    assert find_model("starter", full) == full.starter
    assert find_model("./starter", full) == folder
    assert find_model("starter/", full) == folder


def test_a_folder_under_home(full: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    folder = ir(tmp_path / "here")
    assert find_model("~/here", full) == folder


@pytest.mark.parametrize(
    ("asked", "nearest"),
    [("startr", "starter"), ("qwen3-8b-int8", "Qwen3-8B-int4"), ("openvino/phi-4-mini-int4", "OpenVINO/Phi-4-mini-")],
)
def test_an_unknown_name_says_the_nearest_and_all_there_are(full: Places, asked: str, nearest: str) -> None:
    with pytest.raises(ModelNotFound) as raised:
        find_model(asked, full)
    assert f"There is no model '{asked}'. Did you mean {nearest}" in raised.value.sentence
    assert "There is: starter, Qwen3-8B-int4" in raised.value.next_step
    assert "openvino_model.xml" in raised.value.next_step


def test_a_name_like_no_other_has_no_suggestion(full: Places) -> None:
    with pytest.raises(ModelNotFound) as raised:
        find_model("zzz", full)
    assert raised.value.sentence == "There is no model 'zzz'."


def test_a_path_that_is_not_there_or_a_file_is_called_that(full: Places, tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match=r"There is no folder .*nowhere"):
        find_model(str(tmp_path / "nowhere"), full)
    with pytest.raises(ModelNotFound, match=r"There is no folder \./nowhere/\."):
        find_model("./nowhere/", full)
    with pytest.raises(ModelNotFound, match=r"There is no folder nowhere/\.") as raised:
        find_model("nowhere/", full)
    assert "pull" not in raised.value.next_step
    (tmp_path / "model.bin").touch()
    with pytest.raises(ModelNotFound, match="is a file"):
        find_model("model.bin", full)
    (tmp_path / "model.GGUF").touch()
    with pytest.raises(ModelNotFound, match="ovchat models convert ORG/NAME"):
        find_model("model.GGUF", full)


def test_an_unknown_name_with_an_owner_says_how_to_download_it(full: Places) -> None:
    with pytest.raises(ModelNotFound, match="ovchat models pull OpenVINO/Qwen3-8B-int4-ov"):
        find_model("OpenVINO/Qwen3-8B-int4-ov", full)


@pytest.mark.parametrize("asked", ["x" * 5000, "", " ", "~nobody-of-that-name/model"])
def test_odd_names_are_not_found_either(places: Places, asked: str) -> None:
    with pytest.raises(ModelNotFound):
        find_model(asked, places)


def test_of_many_names_a_dozen_is_said(places: Places) -> None:
    for n in range(20):
        ir(places.models / f"model-{n:02}")
    with pytest.raises(ModelNotFound, match="model-10 and 9 more"):
        find_model("zzz", places)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"HF_HUB_CACHE": "/a", "HF_HOME": "/b"}, "/a"),
        ({"HF_HOME": "/b", "XDG_CACHE_HOME": "/c"}, "/b/hub"),
        ({"XDG_CACHE_HOME": "/c"}, "/c/huggingface/hub"),
        ({}, "~/.cache/huggingface/hub"),
    ],
)
def test_the_cache_is_where_huggingface_hub_has_it(environment: dict[str, str], expected: str) -> None:
    assert hugging_face_cache(environment) == Path(expected).expanduser()


def test_what_may_not_be_looked_at_hides_itself_only(full: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders without permission, simulated: root, who runs containers' tests, may look everywhere."""
    hidden = {full.models / "private", full.hugging_face / "models--root--secret" / "snapshots"}
    for folder in hidden:
        ir(folder / "abc")
    (full.hugging_face / "models--root--secret" / "refs").mkdir()
    (full.hugging_face / "models--root--secret" / "refs" / "main").write_text("abc")
    visible = [model.name for model in find_models(full)]
    assert {"private/abc", "root/secret"} <= set(visible)
    scan = os.scandir

    def may_not(path: Any) -> Any:
        if hidden & {Path(path), *Path(path).parents}:
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", may_not)
    # In the models folder there are models only: what may not be looked into is none that has gone.
    assert {model.name for model in find_models(full)} == {*visible, "private"} - {"private/abc", "root/secret"}
    assert find_model("private", full) == full.models / "private"


@pytest.mark.parametrize("place", ["models", "hub", "tree/deep/down"])
def test_of_a_name_that_is_not_found_the_folders_that_may_not_be_looked_into_are_told(
    full: Places, tmp_path: Path, unreadable: Callable[[Path], None], place: str
) -> None:
    closed = tmp_path / place
    ir(closed / "wanted")
    ir(tmp_path / "tree" / "open")
    places = replace(full, added=(tmp_path / "tree",))
    with pytest.raises(ModelNotFound) as before:
        find_model("zzz", places)
    assert "look into" not in before.value.next_step
    unreadable(closed)
    told = f"You may not look into {closed}. Allow it (chmod -R u+rX {closed}). "
    for look in (find_model, listed):
        with pytest.raises(ModelNotFound, match="There is no model 'zzz'") as raised:
            look("zzz", places)
        assert raised.value.next_step.startswith(told)


def test_a_folder_is_called_by_the_name_it_is_found_by_else_by_its_own(full: Places, tmp_path: Path) -> None:
    assert name_of(find_model("llama-ov", full), full) == "someone/llama-ov"
    assert name_of(find_model("TINY", full), full) == "mine/tiny"
    assert name_of(full.models / "mine" / ".." / "Qwen3-8B-int4", full) == "Qwen3-8B-int4"
    assert name_of(ir(tmp_path / "elsewhere" / "own"), full) == "own"


def test_a_link_to_a_model_is_called_by_its_own_name(full: Places) -> None:
    (full.models / "A").symlink_to("Qwen3-8B-int4")
    for name in ("A", "Qwen3-8B-int4"):
        assert name_of(find_model(name, full), full) == name
