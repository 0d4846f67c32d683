"""What GPUs and NPUs have compiled: kept while it may be, and the first to go."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.library.folders import ir
from tui.engine.errors import OvchatError
from tui.library import compiled_cache
from tui.library.compiled_cache import clear, forget, make_room, root, sizes, total, used
from tui.library.find import Places
from tui.library.remove import Deletion, delete, removal

MB = 10**6


@pytest.fixture(autouse=True)
def _disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVCHAT_HOME", str(tmp_path / "home"))
    free_disk(monkeypatch, 500)


def free_disk(monkeypatch: pytest.MonkeyPatch, free: int, of: int = 1000) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free * MB, total=of * MB))


@pytest.fixture
def models(tmp_path: Path) -> list[Path]:
    """Four models with 1 MB of weights each."""
    folders = [tmp_path / f"model {number}" for number in range(4)]
    for folder in folders:
        folder.mkdir()
        (folder / "openvino_model.bin").write_bytes(bytes(MB))
    return folders


def compiled(model: Path, device: str = "NPU", *, last_used: float = 0.0, limit: int = 100 * MB) -> Path:
    """Have a model compiled and loaded, as the engine and OpenVINO do it."""
    folder = make_room(model, limit)
    assert folder is not None
    (folder / device).mkdir(parents=True)
    (folder / device / "1.blob").write_bytes(bytes(MB))
    used(model)
    if last_used:
        os.utime(folder, (last_used, last_used))
    return folder


def test_the_size_is_told_by_model_and_device(models: list[Path]) -> None:
    compiled(models[0], "NPU")
    compiled(models[0], "GPU.1")
    assert sizes(models[0]) == {"GPU.1": MB, "NPU": MB}
    assert sizes(models[1]) == {}
    assert total() // MB == 2


def test_looking_for_room_writes_nothing_for_a_model(models: list[Path]) -> None:
    folder = make_room(models[0], 100 * MB)
    assert folder is not None
    assert folder.parent == root()
    used(models[0])
    assert not folder.exists()


def test_what_was_used_longest_ago_goes_first(models: list[Path]) -> None:
    first, second, third = (compiled(model, last_used=1000.0 + at) for at, model in enumerate(models[:3]))
    used(models[0])
    assert make_room(models[3], 3 * MB + MB // 2) is not None
    assert [folder.exists() for folder in (first, second, third)] == [True, False, True]


def test_a_model_that_is_compiled_already_needs_no_room(models: list[Path]) -> None:
    folders = [compiled(model, last_used=1000.0 + at) for at, model in enumerate(models[:3])]
    assert make_room(models[0], 3 * MB + MB // 2) == folders[0]
    assert all(folder.exists() for folder in folders)


def test_a_model_larger_than_the_limit_is_not_kept(models: list[Path]) -> None:
    assert make_room(models[0], MB - 1) is None


def test_a_tenth_of_the_disk_stays_free(models: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    folder = compiled(models[0])
    free_disk(monkeypatch, 100)
    assert make_room(models[1], 100 * MB) is None
    assert not folder.exists()  # it went first
    free_disk(monkeypatch, 101)
    assert make_room(models[1], 100 * MB) is not None


def test_without_a_limit_there_is_none(models: list[Path]) -> None:
    folders = [compiled(model) for model in models[:2]]
    assert make_room(models[0], 0) is None
    assert not any(folder.exists() for folder in folders)
    assert make_room(models[0], 0) is None


def test_what_was_compiled_of_a_model_that_is_gone_goes_too(models: list[Path]) -> None:
    gone, here = compiled(models[0]), compiled(models[1])
    shutil.rmtree(models[0])
    make_room(models[2], 100 * MB)
    assert not gone.exists()
    assert here.exists()


def test_what_another_process_is_making_stays(models: list[Path]) -> None:
    folder = compiled(models[0])
    (folder / "model").unlink()
    make_room(models[1], 100 * MB)
    assert folder.exists()


def test_models_of_one_name_are_kept_apart(tmp_path: Path) -> None:
    assert make_room(tmp_path / "a" / "model", 100 * MB) != make_room(tmp_path / "b" / "model", 100 * MB)


def test_it_is_deleted_with_its_model(tmp_path: Path) -> None:
    kept = compiled(ir(tmp_path / "models" / "mine"))
    deletion = removal("mine", Places(models=tmp_path / "models", added=(), hugging_face=tmp_path / "hub"))
    assert isinstance(deletion, Deletion)
    delete(deletion)
    assert not kept.exists()


def test_all_of_it_can_be_deleted(models: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    for model in models:
        compiled(model)
    assert clear() // MB == 4
    assert clear() == 0
    assert total() == 0
    compiled(models[0])
    forget(models[0])
    assert sizes(models[0]) == {}

    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(compiled_cache.shutil, "rmtree", refuse)
    with pytest.raises(OvchatError, match="cannot be deleted: Permission denied"):
        clear()
