"""Walking folders for models: how deep, not in circles, and past what cannot be looked at."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from tests.library.folders import ir
from tui.library import folders
from tui.library.find import DEPTH, Places, Source, find_models
from tui.library.folders import TooManyFolders, models_in


def names(folder: Path, depth: int = DEPTH) -> list[str]:
    return sorted(name for name, _ in models_in(folder, depth))


def test_a_folder_that_is_a_model_is_found_itself_and_what_is_in_it_is_its_own(tmp_path: Path) -> None:
    ir(tmp_path / "one")
    ir(tmp_path / "one" / "copy")
    assert list(models_in(tmp_path / "one", DEPTH)) == [("", tmp_path / "one")]


def test_a_tree_is_looked_through_so_many_folders_down(tmp_path: Path) -> None:
    for depth in range(1, DEPTH + 2):
        ir(tmp_path.joinpath(*"abcdefgh"[:depth], f"m{depth}"))
    assert names(tmp_path) == ["a/b/c/m3", "a/b/m2", "a/m1"]
    assert names(tmp_path, 2) == ["a/m1"]


def test_hidden_folders_and_parts_of_pipelines_are_no_models(tmp_path: Path) -> None:
    ir(tmp_path / ".partial" / "half")
    ir(tmp_path / "pipeline" / "text_encoder")
    (tmp_path / "pipeline" / "model_index.json").touch()
    ir(tmp_path / "speech", "openvino_encoder_model.xml")
    ir(tmp_path / "mute", "openvino_tokenizer.xml")
    assert names(tmp_path) == ["speech"]


def test_a_cache_of_hugging_faces_is_known_wherever_it_lies(tmp_path: Path) -> None:
    ir(tmp_path / "disk" / "hub" / "models--OpenVINO--Phi" / "snapshots" / "abc")
    (tmp_path / "disk" / "hub" / "models--someone--torch" / "snapshots" / "abc").mkdir(parents=True)
    assert list(models_in(tmp_path, DEPTH)) == [
        ("OpenVINO/Phi", tmp_path / "disk" / "hub" / "models--OpenVINO--Phi" / "snapshots" / "abc")
    ]


def test_links_in_circles_end(tmp_path: Path) -> None:
    ir(tmp_path / "a" / "m")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "a" / "here").symlink_to(".")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "to c").symlink_to(tmp_path / "c")
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "to b").symlink_to(tmp_path / "b")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert names(tmp_path) == ["a/m"]


def test_a_folder_with_two_names_goes_by_the_one_that_is_no_link(tmp_path: Path) -> None:
    ir(tmp_path / "real" / "m")
    (tmp_path / "alias").symlink_to(tmp_path / "real")
    assert names(tmp_path) == ["real/m"]


def test_a_link_to_a_model_is_a_model(tmp_path: Path) -> None:
    ir(tmp_path / "m")
    (tmp_path / "alias").symlink_to(tmp_path / "m")
    assert names(tmp_path) == ["alias", "m"]


def test_the_walk_ends_where_nobody_keeps_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ir(tmp_path / "first")
    for number in range(20):
        (tmp_path / f"other-{number}").mkdir()
    monkeypatch.setattr(folders, "MOST_FOLDERS", 10)
    with pytest.raises(TooManyFolders):
        list(models_in(tmp_path, DEPTH))
    none = tmp_path / "none"
    found = find_models(Places(models=none, added=(tmp_path,), hugging_face=none))
    assert [model.name for model in found] == ["starter", "first"]


def test_what_is_no_folder_has_no_models(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for each in ("file", "nowhere"):
        assert names(tmp_path / each) == []


def test_added_folders_are_models_or_trees_of_them(tmp_path: Path) -> None:
    one, tree = ir(tmp_path / "disk" / "one"), tmp_path / "tree"
    ir(tree / "owner" / "two")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "linked").symlink_to(tree / "owner" / "two")
    (tmp_path / "file").touch()
    found = find_models(
        Places(
            models=tmp_path / "models",
            added=(one, tmp_path / "gone", tmp_path / "file", tree, tmp_path / "disk"),
            hugging_face=tmp_path / "none",
        )
    )
    assert [(model.name, model.source, model.place) for model in found[1:]] == [
        ("linked", Source.MODELS, tmp_path / "models"),  # tree/owner/two is the same model
        ("one", Source.ADDED, one),
    ]


def test_a_models_folder_that_has_files_of_a_model_still_shows_its_models(tmp_path: Path) -> None:
    ir(tmp_path / "models")
    ir(tmp_path / "models" / "m")
    found = find_models(Places(models=tmp_path / "models", added=(), hugging_face=tmp_path / "none"))
    assert [model.name for model in found] == ["starter", "m"]


def test_finding_200_models_looks_into_every_folder_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(200):
        ir(tmp_path / "models" / f"m{number}")
    looked: Counter[str] = Counter()
    scan = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: (looked.update([str(path)]), scan(path))[1])
    assert len(find_models(Places(models=tmp_path / "models", added=(), hugging_face=tmp_path / "none"))) == 201
    assert set(looked.values()) == {1}
    assert len(looked) == 202  # and the models folder, and the cache


def test_a_link_that_goes_away_while_it_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ir(tmp_path / "here")
    (tmp_path / "gone").mkdir()
    real = os.path.realpath

    def realpath(path: Path) -> str:
        if path == tmp_path / "gone":
            raise FileNotFoundError(2, "No such file or directory")
        return real(path)

    monkeypatch.setattr(os.path, "realpath", realpath)
    assert names(tmp_path) == ["here"]
