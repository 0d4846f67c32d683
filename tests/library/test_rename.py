"""Renaming: what may be a name, and that what is remembered of a model goes with it."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import pytest

from tests.library.folders import ir
from tui.engine.errors import ModelNotFound, OvchatError
from tui.library.find import Places, find_model
from tui.library.rename import rename
from tui.store.conversations import Conversations
from tui.store.errors import StoreError
from tui.store.records import Change, Conversation, new_conversation_id
from tui.store.settings_file import SettingsFile
from tui.store.state import State


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    monkeypatch.setenv("OVCHAT_HOME", str(tmp_path / "home"))
    models = tmp_path / "models"
    ir(models / "mine")
    ir(models / "org" / "theirs")
    ir(tmp_path / "tree" / "a")
    ir(tmp_path / "hub" / "models--OpenVINO--Phi" / "snapshots" / "abc")
    return Places(models=models, added=(tmp_path / "tree",), hugging_face=tmp_path / "hub")


@pytest.mark.parametrize(
    "name",
    ["new", "with space", "\N{ROBOT FACE}", 'it\'s "so"', "owner/new", "org/new", "[b]x[/b]", "a.b", "Mine", "nulls"],
)
def test_a_model_is_found_by_its_new_name(places: Places, name: str) -> None:
    if os.name == "nt" and '"' in name:
        pytest.skip("Windows has no such names")
    renamed = rename("mine", name, places)
    assert (renamed.model.name, renamed.notices) == (name, ())
    assert find_model(name, places) == places.models.joinpath(*name.split("/")) == renamed.model.path
    assert (renamed.model.path / "openvino_model.xml").exists()


def test_a_model_that_is_called_so_keeps_its_settings(places: Places) -> None:
    SettingsFile().put("models.mine.sampling", {"top_k": 7})
    with pytest.raises(OvchatError, match="mine is called so already"):
        rename("mine", "mine", places)
    assert SettingsFile().settings.for_model("mine") == {"top_k": 7}


def test_an_owner_goes_with_its_last_model(places: Places) -> None:
    renamed = rename("theirs", "ours", places)
    assert sorted(os.listdir(places.models)) == ["mine", "ours"]
    assert renamed.notices == ("org is no part of its name any more; with it, it would be org/ours.",)


def test_a_model_is_not_called_as_the_folder_that_it_is_in(places: Places) -> None:
    with pytest.raises(OvchatError, match="org is an owner already: org/theirs is in "):
        rename("org/theirs", "org", places)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("a/b/c", "more than one /"),
        ("/a", "a space or a /"),
        ("a/", "a space or a /"),
        (" a", "a space or a /"),
        ("..", "dot"),
        ("../a", "dot"),
        (".partial", "dot"),
        ("a/.", "dot"),
        ("a\nb", "control character"),
        ("a\x1b[2J", "control character"),
        ("a\0", "control character"),
        ("\udcff", "not UTF-8"),
        ("starter", "comes with ovchat"),
        ("Starter", "comes with ovchat"),
        ("con", "reserved"),
        ("a/NUL.txt", "reserved"),
        ("models--a--b", "reserved"),
        ("theirs" * 100, "more than 255 bytes"),
        ("org/theirs", "already"),
        ("ORG/THEIRS", "already"),
        ("a", "already"),
        ("OpenVINO/Phi", "already"),
        ("mine/inside", "is a model"),
        ("org", "org is an owner already: org/theirs is in "),
    ],
)
def test_what_cannot_be_a_name_changes_nothing(places: Places, name: str, why: str) -> None:
    before = sorted(places.models.rglob("*"))
    with pytest.raises(OvchatError, match=why) as raised:
        rename("org/theirs" if why == "is a model" else "mine", name, places)
    assert raised.value.next_step
    assert sorted(places.models.rglob("*")) == before


@pytest.mark.parametrize(
    ("asked", "why"),
    [("starter", "is part of ovchat"), ("a", "which you have added"), ("OpenVINO/Phi", "Hugging Face cache")],
)
def test_others_models_keep_their_names(places: Places, asked: str, why: str) -> None:
    with pytest.raises(OvchatError, match=why):
        rename(asked, "new", places)


def test_of_a_linked_model_the_link_is_renamed(places: Places, tmp_path: Path) -> None:
    outside = ir(tmp_path / "outside" / "m")
    (places.models / "linked").symlink_to(outside)
    assert rename("linked", "owner/new", places).model.path.resolve() == outside
    (places.models / "relative").symlink_to("../outside/m")
    rename("relative", "also", places)
    with pytest.raises(OvchatError, match="leads nowhere"):
        rename("also", "owner/also", places)
    assert os.listdir(outside.parent) == ["m"]


def test_no_name_leads_out_of_the_models_folder(places: Places, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    ir(outside / "m")
    (places.models / "way out").symlink_to(outside)
    with pytest.raises(OvchatError, match="way out is a link"):
        rename("way out/m", "new", places)
    with pytest.raises(OvchatError, match="link out of the models folder"):
        rename("mine", "way out/mine", places)
    assert os.listdir(outside) == ["m"]


def test_what_is_remembered_of_a_model_follows(places: Places) -> None:
    state, settings = State(), SettingsFile()
    state.used("MINE", "CPU")
    state.give_device("mine", "GPU")
    state.give_device(str(places.models / "mine"), "NPU")
    state.give_device("theirs", "CPU")
    for name in ("mine", "org/theirs"):
        settings.put(f"models.{name}.sampling", {"temperature": 0.25, "top_k": 7})
    held, other = (Conversation(new_conversation_id(), model=name, title=name) for name in ("mine", "theirs"))
    with closing(Conversations.open()) as store:
        store.save(held, other)
        store.save(Change(held.id, {"archived": True}))
    new = 'it\'s "new" \N{ROBOT FACE} v1.5'
    assert rename("mine", new, places).notices == ()
    assert state.model == new
    assert state.devices == {new: "NPU", "theirs": "CPU"}
    settings = SettingsFile()
    assert settings.settings.for_model(new) == {"temperature": 0.25, "top_k": 7}
    assert settings.settings.for_model("mine") == {}
    assert settings.settings.for_model("org/theirs") != {}
    with closing(Conversations.open()) as store:
        assert {each.id: each.model for each in store.listing(archived=True)} == {held.id: new, other.id: "theirs"}


def test_what_cannot_follow_is_said(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    SettingsFile().put("models.mine.sampling", {"top_k": 7})
    Conversations.open().close()

    def fail(*_: object) -> None:
        raise StoreError("The disk is full.")

    monkeypatch.setattr(SettingsFile, "put", fail)
    monkeypatch.setattr(Conversations, "save", fail)
    notices = rename("mine", "new", places).notices
    assert notices == (
        "Its sampling settings are those of mine still: The disk is full.",
        "Conversations held with it name mine still: The disk is full.",
    )
    assert find_model("new", places)


def test_without_conversations_none_are_made(places: Places, tmp_path: Path) -> None:
    rename("mine", "new", places)
    assert not (tmp_path / "home" / "conversations.db").exists()


def test_a_folder_that_cannot_be_renamed_is_said(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "rename", fail)
    with pytest.raises(OvchatError, match="mine cannot be renamed: Permission denied"):
        rename("mine", "owner/new", places)
    assert sorted(os.listdir(places.models)) == ["mine", "org"]


def test_of_a_model_that_is_not_listed_the_nearest_names_are_said_and_no_pull(places: Places) -> None:
    with pytest.raises(ModelNotFound) as error:
        rename("org/their", "new", places)
    assert error.value.sentence == "There is no model 'org/their'. Did you mean org/theirs?"
    assert error.value.next_step == "See the list: ovchat models"


def test_what_a_link_to_nowhere_is_called_is_taken(places: Places) -> None:
    (places.models / "gone").symlink_to(places.models / "nowhere")
    (places.models / "loop").symlink_to("loop")
    for name in ("gone", "loop"):
        with pytest.raises(OvchatError, match=f"There is .*{name} already"):
            rename("mine", name, places)
