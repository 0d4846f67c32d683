"""The local models with what their files say: odd folders are listed with what is wrong, and nothing is read twice."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tui.engine.errors import ModelBroken, TokenizerMissing
from tui.library import local
from tui.library.find import STARTER, Places
from tui.library.local import LocalModel, LocalModels

TinyModel = Callable[[str], Path]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The models folder."""
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


@pytest.fixture
def models(folder: Path) -> LocalModels:
    return LocalModels(Places(models=folder, hugging_face=folder.parent / "hub"))


def one(models: LocalModels, name: str) -> LocalModel:
    """A model by its name, read."""
    return models.read(next(model for model in models.find() if model.name == name))


def test_what_is_really_here(models: LocalModels, folder: Path, tiny_model: TinyModel) -> None:
    shutil.copytree(tiny_model("llama"), folder / "llama")
    found = models.find()
    assert [model.name for model in found] == [STARTER, "llama"]
    assert not any(model.is_read for model in found)
    llama = models.read(found[1])
    assert llama.problem is None
    assert llama.files is not None
    assert llama.files.size_bytes == sum(path.stat().st_size for path in (folder / "llama").iterdir())


def test_broken_ones_are_listed_with_what_is_wrong(models: LocalModels, folder: Path, tiny_model: TinyModel) -> None:
    shutil.copytree(tiny_model("llama"), folder / "cut off")
    weights = folder / "cut off" / "openvino_model.bin"
    weights.write_bytes(weights.read_bytes()[:100])
    (folder / "empty").mkdir()
    (folder / "empty" / "openvino_model.xml").touch()
    (folder / "pointer").mkdir()
    (folder / "pointer" / "openvino_model.xml").write_text("version https://git-lfs.github.com/spec/v1\n")
    for name, said in (("cut off", "is cut off"), ("empty", "does not begin like one"), ("pointer", "git-lfs pointer")):
        model = one(models, name)
        assert isinstance(model.problem, ModelBroken)
        assert said in str(model.problem)
        assert model.problem.next_step
        assert not model.is_other_kind


def test_a_model_of_another_kind_is_whole_and_cannot_chat(
    models: LocalModels, folder: Path, tiny_model: TinyModel
) -> None:
    shutil.copytree(tiny_model("bert"), folder / "bert")
    assert one(models, "bert").is_other_kind


def test_without_its_tokenizer_a_model_has_facts_and_a_problem(
    models: LocalModels, folder: Path, tiny_model: TinyModel
) -> None:
    shutil.copytree(tiny_model("llama"), folder / "mute")
    (folder / "mute" / "openvino_detokenizer.bin").unlink()
    model = one(models, "mute")
    assert isinstance(model.problem, TokenizerMissing)
    assert model.files is not None


def test_odd_names(models: LocalModels, folder: Path, tiny_model: TinyModel) -> None:
    names = ["with space", "[b]bold[/b]", "\N{ROBOT FACE}", "quote'\"", "-rf", "a\nb"]
    for name in names:
        shutil.copytree(tiny_model("llama"), folder / name)
    for name in names:
        assert one(models, name).problem is None


def test_a_link_is_read_and_a_link_to_nowhere_hides_nothing(
    models: LocalModels, folder: Path, tiny_model: TinyModel
) -> None:
    (folder / "link").symlink_to(tiny_model("llama"))
    (folder / "gone").symlink_to(folder / "nowhere")
    copy = shutil.copytree(tiny_model("llama"), folder / "dangling")
    (copy / "README.md").symlink_to(copy / "nowhere")
    assert [model.name for model in models.find()] == [STARTER, "dangling", "link"]
    assert one(models, "link").problem is None
    assert one(models, "dangling").problem is None


def test_a_folder_that_goes_away_is_a_problem_not_a_crash(
    models: LocalModels, folder: Path, tiny_model: TinyModel
) -> None:
    shutil.copytree(tiny_model("llama"), folder / "llama")
    found = models.find()[1]
    shutil.rmtree(folder / "llama")
    assert models.read(found).problem is not None


def test_what_the_system_refuses_while_reading_is_a_problem(
    models: LocalModels, folder: Path, tiny_model: TinyModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(tiny_model("llama"), folder / "llama")

    def refused(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(local, "inspect", refused)
    problem = one(models, "llama").problem
    assert problem is not None
    assert "Permission denied" in str(problem)
    assert "chmod" in problem.next_step


def test_nothing_is_read_twice_until_its_files_change(
    models: LocalModels, folder: Path, tiny_model: TinyModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(tiny_model("llama"), folder / "llama")
    read: list[Path] = []
    inspect = local.inspect
    monkeypatch.setattr(local, "inspect", lambda path: (read.append(path), inspect(path))[1])
    one(models, "llama")
    one(models, "llama")
    assert len(read) == 1
    config = folder / "llama" / "config.json"
    os.utime(config, (1, 1))
    one(models, "llama")
    assert len(read) == 2
    config.unlink()
    model = one(models, "llama")
    assert len(read) == 3
    assert model.files is not None
    assert model.files.architecture == ""


def test_what_was_read_before_is_known_when_they_are_found_again(
    models: LocalModels, folder: Path, tiny_model: TinyModel
) -> None:
    shutil.copytree(tiny_model("llama"), folder / "llama")
    read = one(models, "llama")
    assert models.find()[1] == read


def test_a_look_sees_models_that_come_go_and_change(
    models: LocalModels, folder: Path, tiny_model: TinyModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changed() -> bool:
        """Whether it has; then everything is read again, as a list of models does."""
        found = models.has_changed()
        for model in models.find():
            models.read(model)
        return found

    assert changed(), "nobody has looked before"
    assert not changed()
    shutil.copytree(tiny_model("llama"), folder / "llama")
    assert changed()
    assert not changed()
    with (folder / "llama" / "openvino_model.bin").open("ab") as weights:
        weights.write(b"still being copied")
    assert changed()
    (folder / "llama").rename(folder / "renamed")
    assert changed()
    shutil.copytree(folder / "renamed", folder / ".partial")
    assert not changed()
    shutil.rmtree(folder / "renamed")
    assert changed()
    monkeypatch.setattr(local, "inspect", None)
    assert not changed(), "nothing is read to see that"


def test_facts_stay_with_a_folder_whatever_it_is_called(
    models: LocalModels, folder: Path, tiny_model: TinyModel
) -> None:
    shutil.copytree(tiny_model("llama"), folder / "llama")
    read = one(models, "llama")
    renamed = LocalModel("another", read.path, read.source, read.place)
    assert models.read(renamed).name == "another"
    assert models.read(renamed).files == read.files


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have only names in UTF-8")
def test_a_name_that_is_not_utf_8(models: LocalModels, folder: Path, tiny_model: TinyModel) -> None:
    shutil.copytree(tiny_model("llama"), os.fsdecode(os.fsencode(folder) + b"/\xff"))
    assert one(models, "\udcff").problem is None
