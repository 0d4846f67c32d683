"""Folders that the user adds: what they bring, what cannot be one, and that nothing in them changes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.library.folders import ir
from tui.engine.errors import ModelNotFound, OvchatError
from tui.library import folders
from tui.library.added import add, take_off, trouble
from tui.library.find import Source, added_folders, find_model, find_models
from tui.store.settings_file import SettingsFile


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OVCHAT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


def brought(folder: str) -> list[str]:
    return [model.name for model in add(folder, SettingsFile())]


@pytest.mark.parametrize("name", ["plain", "with space", "\N{ROBOT FACE}", 'it\'s "so"', "[b]x", "comma, colon:"])
def test_a_model_is_listed_where_it_is_until_it_is_taken_off(tmp_path: Path, name: str) -> None:
    if os.name == "nt" and '"' in name:
        pytest.skip("Windows has no such names")
    folder = ir(tmp_path / name)
    assert brought(name) == [name]
    assert find_model(name) == folder
    assert [model.source for model in find_models()] == [Source.BUILT_IN, Source.ADDED]
    take_off(folder, SettingsFile())
    assert [model.name for model in find_models()] == ["starter"]
    assert os.listdir(folder) == ["openvino_model.xml"]


def test_a_tree_brings_its_models(tmp_path: Path) -> None:
    ir(tmp_path / "tree" / "b")
    ir(tmp_path / "tree" / "a" / "deep")
    assert brought("tree/") == ["a/deep", "b"]
    assert brought("tree") == [], "a second time"
    assert brought("tree/b") == [], "it is one of a tree that was added"
    assert added_folders() == (tmp_path / "tree",)


def test_two_that_add_at_once_lose_nothing(tmp_path: Path) -> None:
    one, other = SettingsFile(), SettingsFile()
    for name, file in (("a", one), ("b", other), ("c", one)):
        add(str(ir(tmp_path / name)), file)
    take_off(tmp_path / "a", other)
    assert added_folders() == (tmp_path / "b", tmp_path / "c")


def test_the_xml_of_a_model_means_the_model(tmp_path: Path) -> None:
    ir(tmp_path / "m")
    assert brought("m/openvino_model.xml") == ["m"]


def test_what_is_listed_anyway_is_not_added(home: Path, tmp_path: Path) -> None:
    ir(home / "models" / "m")
    ir(tmp_path / "hub" / "models--a--b" / "snapshots" / "c")
    (tmp_path / "link").symlink_to(home / "models" / "m")
    for folder in (home / "models", home / "models" / "m", tmp_path / "hub", tmp_path / "link"):
        assert brought(str(folder)) == []
    assert not SettingsFile().path.exists()


def test_others_stay_as_they_are_written(home: Path, tmp_path: Path) -> None:
    home.mkdir()
    (home / "settings.toml").write_text('[storage]\n# mine\nmodel_folders = ["~/x", "beside", "nul\\u0000"]\n')
    ir(tmp_path / "m")
    ir(home / "beside" / "n")
    add("m", SettingsFile())
    text = (home / "settings.toml").read_text()
    assert '"~/x"' in text
    assert "# mine" in text
    assert home / "beside" in added_folders(), "a relative folder begins where the settings are"
    assert {model.name for model in find_models()} == {"starter", "m", "n"}
    take_off(tmp_path / "m", SettingsFile())
    assert SettingsFile().settings["storage.model_folders"] == ("~/x", "beside", "nul\0")


@pytest.mark.parametrize(
    ("folder", "why", "step"),
    [
        ("nowhere", "There is no folder", "Name the folder"),
        ("file", "is a file", "Name the folder"),
        ("model.gguf", "is a file", "safetensors"),
        ("empty", "There is no model in", "Name the folder"),
        ("torch", "not converted", ""),
        ("nul\0", "NUL", "Name the folder"),
        ("loop", "cannot be read", ""),
    ],
)
def test_what_has_no_models_is_refused_with_the_reason(tmp_path: Path, folder: str, why: str, step: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "model.gguf").touch()
    (tmp_path / "empty" / "inner").mkdir(parents=True)
    ir(tmp_path / "torch", "model.safetensors")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(OvchatError, match=why) as raised:
        add(folder, SettingsFile())
    assert step in raised.value.next_step
    assert not SettingsFile().path.exists()


def test_a_folder_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "private").mkdir()

    def refused(path: object) -> list[str]:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "listdir", refused)
    with pytest.raises(OvchatError, match="private cannot be read: Permission denied") as raised:
        add("private", SettingsFile())
    assert "chmod" in raised.value.next_step


def test_a_folder_with_everything_in_it_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        ir(tmp_path / "home dir" / "x" / str(number))
    monkeypatch.setattr(folders, "MOST_FOLDERS", 10)
    with pytest.raises(OvchatError, match="more than"):
        add("home dir", SettingsFile())


@pytest.mark.skipif(os.name == "nt", reason="other systems have only names in UTF-8")
def test_a_folder_whose_name_is_not_utf_8(tmp_path: Path) -> None:
    try:
        ir(tmp_path / "\udcff")
    except OSError:
        pytest.skip("this file system has only names in UTF-8")
    with pytest.raises(OvchatError, match="is not UTF-8"):
        add("\udcff", SettingsFile())


def test_what_has_gone_is_said(tmp_path: Path) -> None:
    assert trouble(ir(tmp_path / "here")) is None
    assert isinstance(trouble(tmp_path / "gone"), ModelNotFound)
