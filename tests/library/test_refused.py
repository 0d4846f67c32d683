"""What to do where the system does not rename or delete: who may, not whether something is in use."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.library.folders import ir
from tui.engine.errors import OvchatError
from tui.library import compiled_cache, refused
from tui.library.find import Places
from tui.library.refused import step_after
from tui.library.remove import Deletion, delete, removal
from tui.library.rename import rename


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVCHAT_HOME", str(tmp_path / "home"))


@pytest.fixture
def mine(places: Places) -> Path:
    return ir(places.models / "mine")


def refuse(monkeypatch: pytest.MonkeyPatch, code: int, *closed: Path) -> None:
    """Renaming fails so, and nothing may be written in these folders."""

    def fail(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    access = os.access
    monkeypatch.setattr(os, "rename", fail)
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) not in closed and access(path, mode))


def renaming(places: Places) -> OvchatError:
    with pytest.raises(OvchatError, match="mine cannot be renamed") as raised:
        rename("mine", "other", places)
    return raised.value


def deleting(places: Places) -> OvchatError:
    deletion = removal("mine", places)
    assert isinstance(deletion, Deletion)
    with pytest.raises(OvchatError, match="mine cannot be deleted") as raised:
        delete(deletion)
    return raised.value


def test_a_models_folder_that_may_not_be_written_is_to_be_allowed(
    places: Places, mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, errno.EACCES, places.models)
    assert renaming(places).next_step == f"Nothing is changed. Allow it: chmod u+rwx {places.models}"
    assert deleting(places).next_step == f"Nothing is deleted. Allow it: chmod u+rwx {places.models}"


def test_of_anothers_folder_the_owner_is_said(mine: Path, places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch, errno.EACCES, mine)
    monkeypatch.setattr(os, "geteuid", lambda: mine.stat().st_uid + 1)
    step = deleting(places).next_step
    assert step.startswith(f"Nothing is deleted. {mine} belongs to ")
    assert step.endswith(", who can allow it.")


def test_an_owner_without_a_name_is_said_by_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "stat", lambda _: SimpleNamespace(st_uid=4_000_000_001))
    assert refused.allow(tmp_path) == f"{tmp_path} belongs to the user 4000000001, who can allow it."


@pytest.mark.parametrize("name", ["other/mine", "new/mine"])
def test_of_a_model_that_moves_the_folders_on_the_way_are_looked_at(
    places: Places, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    mine = ir(places.models / "own" / "mine")
    ir(places.models / "other" / "theirs")
    refuse(monkeypatch, errno.EACCES, mine)
    with pytest.raises(OvchatError) as raised:
        rename("own/mine", name, places)
    assert raised.value.next_step == f"Nothing is changed. Allow it: chmod u+rwx {mine}"


def test_a_read_only_disk_is_named(places: Places, mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch, errno.EROFS, places.models, mine)  # there nothing may be written, whoever asks
    for error in (renaming(places), deleting(places)):
        assert "Read-only file system" in error.sentence
        assert "The disk is read-only" in error.next_step
        assert "in use" not in error.next_step


@pytest.mark.parametrize(
    ("platform", "code", "asks"),
    [("linux", errno.EBUSY, True), ("win32", errno.EACCES, True), ("linux", errno.EPERM, False)],
)
def test_only_where_the_system_says_so_it_is_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str, code: int, asks: bool
) -> None:
    monkeypatch.setattr(refused.sys, "platform", platform)
    assert ("in use" in step_after(OSError(code, ""), tmp_path)) is asks


def test_compiled_models_that_may_not_be_deleted_are_named(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = compiled_cache.root() / "model-1234" / "GPU"
    closed.mkdir(parents=True)
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != closed and access(path, mode))

    def fail(_: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(compiled_cache.shutil, "rmtree", fail)
    with pytest.raises(OvchatError) as raised:
        compiled_cache.clear()
    assert raised.value.next_step == f"Allow it: chmod u+rwx {closed}"
