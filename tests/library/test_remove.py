"""Removing: only what lies in the models folder is deleted, never through a link, never half."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.library.folders import ir
from tui.engine.errors import ModelNotFound, OvchatError
from tui.library.find import STARTER, Places, find_models
from tui.library.remove import Deletion, TakenOff, delete, removal

Snapshot = dict[str, str | bytes]


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """A models folder with a model of 3 + 40 + 2 bytes, and others around it."""
    model = ir(tmp_path / "models" / "mine")
    (model / "openvino_model.xml").write_text("<x>")
    (model / "openvino_model.bin").write_bytes(b"w" * 40)
    (model / "sub").mkdir()
    (model / "sub" / "notes").write_text("no")
    ir(tmp_path / "models" / "other")
    ir(tmp_path / "models" / "org" / "theirs")
    ir(tmp_path / "outside" / "precious")
    ir(tmp_path / "tree" / "a")
    ir(tmp_path / "tree" / "b")
    ir(tmp_path / "hub" / "models--OpenVINO--Phi" / "snapshots" / "abc")
    return Places(
        models=tmp_path / "models",
        added=(tmp_path / "outside" / "precious", tmp_path / "tree"),
        hugging_face=tmp_path / "hub",
    )


def deletion(asked: str, places: Places) -> Deletion:
    found = removal(asked, places)
    assert isinstance(found, Deletion)
    return found


def names(places: Places) -> list[str]:
    return [model.name for model in find_models(places)]


def everything(folder: Path) -> Snapshot:
    """All that is in a folder: what its files hold, and where its links lead."""
    found: Snapshot = {}
    for path in sorted(folder.rglob("*")):
        found[str(path)] = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else ""
    return found


def test_a_model_is_deleted_whole_and_says_before_what_that_frees(places: Places) -> None:
    before = everything(places.models.parent)
    found = deletion("MINE", places)
    assert (found.model.name, found.files, found.freed, found.is_link) == ("mine", 3, 45, False)
    assert everything(places.models.parent) == before, "asking deletes nothing"
    delete(found)
    gone = str(places.models / "mine")
    assert everything(places.models.parent) == {
        path: what for path, what in before.items() if not path.startswith(gone)
    }


def test_with_its_last_model_an_owner_goes(places: Places) -> None:
    delete(deletion("org/theirs", places))
    assert not (places.models / "org").exists()


def test_the_folder_of_a_model_means_it(places: Places) -> None:
    assert deletion(str(places.models / "org" / ".." / "mine"), places).model.name == "mine"


def test_of_a_linked_model_the_link_goes(places: Places) -> None:
    outside = places.models.parent / "outside"
    (places.models / "linked").symlink_to(outside / "precious")
    (places.models / "alias").symlink_to("other")
    before = everything(outside)
    for name in ("linked", "alias"):
        found = deletion(name, places)
        assert (found.is_link, found.freed) == (True, 0)
        delete(found)
        assert not os.path.lexists(places.models / name)
    assert everything(outside) == before
    assert "other" in names(places)


def test_what_may_not_be_looked_into_is_not_deleted(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulated: root may look everywhere."""
    scan = os.scandir

    def may_not(path: Any) -> Any:
        if Path(path) == places.models / "mine":
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", may_not)
    with pytest.raises(OvchatError, match="mine cannot be read") as raised:
        removal("mine", places)
    assert "chmod -R u+rX" in raised.value.next_step
    assert (places.models / "mine").exists()


def test_links_in_a_model_lead_nowhere(places: Places) -> None:
    mine, outside = places.models / "mine", places.models.parent / "outside"
    (mine / "folder").symlink_to(outside)
    (mine / "file").symlink_to(outside / "precious" / "openvino_model.xml")
    (mine / "other").symlink_to(places.models / "other")
    (mine / "up").symlink_to("..")
    before = everything(outside), everything(places.models / "other")
    found = deletion("mine", places)
    assert (found.files, found.freed) == (7, 45)
    delete(found)
    assert (everything(outside), everything(places.models / "other")) == before
    assert not mine.exists()


def test_what_is_behind_a_link_out_of_the_models_folder_stays(places: Places) -> None:
    tree = places.models.parent / "elsewhere"
    ir(tree / "m")
    (places.models / "way out").symlink_to(tree)
    before = everything(tree)
    with pytest.raises(OvchatError, match="way out is a link to") as raised:
        removal("way out/m", places)
    assert f"rm '{places.models / 'way out'}'" in raised.value.next_step
    assert everything(tree) == before


def test_a_folder_that_has_become_a_link_since_the_question_is_not_followed(places: Places) -> None:
    outside = places.models.parent / "outside"
    found, org = deletion("mine", places), deletion("org/theirs", places)
    (places.models / "mine").rename(places.models / "moved")
    (places.models / "mine").symlink_to(outside)
    (places.models / "org").rename(places.models / "org2")
    ir(outside / "theirs")
    (places.models / "org").symlink_to(outside)
    before = everything(outside)
    with pytest.raises(OvchatError, match="is another folder than it was"):
        delete(found)
    with pytest.raises(OvchatError, match="is a link to"):
        delete(org)
    assert everything(outside) == before


def test_another_model_that_has_the_name_by_now_stays(places: Places) -> None:
    found = deletion("mine", places)
    (places.models / "mine").rename(places.models / "kept")
    (places.models / "other").rename(places.models / "mine")
    before = everything(places.models)
    with pytest.raises(OvchatError, match=r"mine is another folder than it was, or has gone. Nothing is deleted"):
        delete(found)
    assert everything(places.models) == before


def test_a_models_folder_that_is_a_link_itself_is_the_models_folder(places: Places, tmp_path: Path) -> None:
    (tmp_path / "models").rename(tmp_path / "big disk")
    (tmp_path / "models").symlink_to(tmp_path / "big disk")
    delete(deletion("mine", places))
    assert not (tmp_path / "big disk" / "mine").exists()


def test_another_file_system_in_a_model_is_not_deleted(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    mounted = SimpleNamespace(mountpoint=str(places.models / "mine" / "sub"))
    monkeypatch.setattr(psutil, "disk_partitions", lambda all: [SimpleNamespace(mountpoint="/"), mounted])
    before = everything(places.models)
    with pytest.raises(OvchatError, match="mounted"):
        delete(deletion("mine", places))
    assert everything(places.models) == before


@pytest.mark.parametrize(
    ("asked", "why", "step"),
    [
        (STARTER, "is part of ovchat", ""),
        ("OpenVINO/Phi", "other programs share", "cache rm model/OpenVINO/Phi"),
        ("b", "which you have added", "with that: ovchat models remove"),
    ],
)
def test_what_is_not_ours_is_not_deleted(places: Places, asked: str, why: str, step: str) -> None:
    before = everything(places.models.parent)
    with pytest.raises(OvchatError, match=why) as raised:
        removal(asked, places)
    assert step in raised.value.next_step
    assert everything(places.models.parent) == before


def test_an_added_folder_is_taken_off_the_list(places: Places) -> None:
    one, tree = places.added
    assert removal("precious", places) == TakenOff(one, 1)
    assert removal(str(one), places) == TakenOff(one, 1)
    assert removal(f"{tree}/", places) == TakenOff(tree, 2)
    shutil.rmtree(tree)
    assert removal(str(tree), places) == TakenOff(tree, 0)


@pytest.mark.parametrize("asked", ["nothing", "..", ".", "/", "~", ""])
def test_what_is_no_model_of_the_list_is_left_alone(places: Places, asked: str) -> None:
    before = everything(places.models.parent)
    with pytest.raises(ModelNotFound):
        removal(asked, places)
    assert everything(places.models.parent) == before


def test_a_model_beside_the_list_is_left_alone(places: Places, tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match="not on the list"):
        removal(str(ir(tmp_path / "unlisted")), places)


def failing(name: str, monkeypatch: pytest.MonkeyPatch, module: Any) -> None:
    def fail(*arguments: Any, **options: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(module, name, fail)


def test_what_cannot_be_moved_is_not_touched(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    before = everything(places.models)
    found = deletion("mine", places)
    failing("rename", monkeypatch, os)
    with pytest.raises(OvchatError, match="mine cannot be deleted: Permission denied") as raised:
        delete(found)
    assert "Nothing is deleted" in raised.value.next_step
    assert everything(places.models) == before


def test_of_what_others_have_put_into_a_model_nothing_is_deleted(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, theirs, access = everything(places.models), str(places.models / "mine" / "sub"), os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path != theirs and access(path, mode))
    with pytest.raises(OvchatError, match=r"mine cannot be deleted: you may not delete what is in .*sub") as raised:
        delete(deletion("mine", places))
    assert "Nothing is deleted" in raised.value.next_step
    assert everything(places.models) == before


def test_what_is_half_deleted_is_no_model_and_goes_with_the_next(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        failing("rmtree", broken, shutil)
        with pytest.raises(OvchatError, match="is off the list, but") as raised:
            delete(deletion("mine", places))
    assert "mine" not in names(places)
    (left,) = places.models.glob(".removed-*")
    assert str(left) in raised.value.next_step
    delete(deletion("other", places))
    assert not left.exists()


def test_two_that_delete_the_same_left_over_are_both_right(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    real = shutil.rmtree
    seen: list[Path] = []

    def with_another(path: Path) -> None:
        seen.append(path)
        if len(seen) > 1:
            return real(path)
        (path / "openvino_model.bin").unlink()
        raise FileNotFoundError(errno.ENOENT, "No such file or directory")

    monkeypatch.setattr(shutil, "rmtree", with_another)
    delete(deletion("mine", places))
    assert sorted(os.listdir(places.models)) == ["org", "other"]


def test_a_hidden_folder_of_the_users_is_no_left_over(places: Places) -> None:
    (places.models / ".removed-for-now").mkdir()
    (places.models / ".removed-for-now" / "precious").write_text("x")
    delete(deletion("mine", places))
    assert (places.models / ".removed-for-now" / "precious").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="names with quotes")
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["outside", "models/other", "..", ".", "mine", "nowhere", "/"]), max_size=6))
def test_wherever_its_links_lead_only_the_model_goes(tmp_path_factory: Callable[..., Any], leads: list[str]) -> None:
    """Whatever links a model's folder and the folders in it have."""
    root = tmp_path_factory.mktemp("links")  # type: ignore[attr-defined]
    mine = ir(root / "models" / 'it\'s "mine" \N{ROBOT FACE}')
    (mine / "sub").mkdir()
    ir(root / "models" / "other")
    (root / "outside").mkdir()
    (root / "outside" / "file").write_text("precious")
    for number, lead in enumerate(leads):
        target = lead if lead.startswith((".", "/")) else root / lead
        ((mine / "sub") if number % 2 else mine).joinpath(str(number)).symlink_to(target)
    before = {path: what for path, what in everything(root).items() if not path.startswith(str(mine))}
    places = Places(models=root / "models", added=(), hugging_face=root / "none")
    delete(deletion(mine.name, places))
    assert everything(root) == before
