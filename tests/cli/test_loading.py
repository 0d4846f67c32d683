from __future__ import annotations

from pathlib import Path

import pytest

from tests.scripted import ScriptedRunner
from tui.chat.choice import remember_options
from tui.cli import loading
from tui.engine.errors import ModelNotFound
from tui.engine.options import EngineOptions
from tui.store.settings import load_settings
from tui.store.state import State


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OVCHAT_HOME", str(tmp_path))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "models" / "mine"
    folder.mkdir(parents=True)
    (folder / "openvino_model.xml").touch()
    return tmp_path


def choose(model: str | None = None, device: str | None = None, *options: str) -> loading.Choice:
    return loading.choose(model, device, options, load_settings(), State())


def test_a_newcomer_gets_the_starter_on_the_cpu(home: Path) -> None:
    choice = choose()
    assert (choice.name, choice.folder.name, choice.device) == ("starter", "starter", "CPU")
    assert choice.options == EngineOptions()


def test_what_was_used_last_is_used_again(home: Path) -> None:
    State().used("mine", "CPU")
    assert (choose().name, choose().folder) == ("mine", home / "models" / "mine")
    assert choose("starter").name == "starter"


def test_a_model_that_is_gone_is_said_and_the_starter_taken(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    State().used("gone", "CPU")
    assert choose().name == "starter"
    assert "Note: The model used last, gone, is not there any more" in capsys.readouterr().err
    for asked in ("gone", ""):
        with pytest.raises(ModelNotFound):
            choose(asked)


def test_a_folder_is_remembered_by_its_whole_path_and_a_name_as_it_is(home: Path) -> None:
    assert choose("./models/mine").name == str(home / "models" / "mine")
    assert choose("models/mine").name == str(home / "models" / "mine")
    assert choose("models/mine/openvino_model.xml").name == str(home / "models" / "mine")
    assert choose("MINE").name == "MINE"


def test_the_device_asked_for_goes_before_that_of_the_model_before_the_setting_before_auto(home: Path) -> None:
    assert choose("mine").device == "auto"
    (home / "settings.toml").write_text("[engine]\ndevice = 'gpu'\n")
    assert choose("mine").device == "gpu"
    assert choose("starter").device == "gpu"
    State().give_device("mine", "NPU")
    assert choose("mine").device == "NPU"
    assert choose("mine", "cpu").device == "cpu"


def test_engine_options_are_the_settings_and_over_them_those_given(home: Path) -> None:
    (home / "settings.toml").write_text("[engine]\nthreads = 2\nprecision = 'f32'\n")
    assert choose("mine", None, "threads=1", "context=512").options == EngineOptions(
        precision="f32", threads=1, context=512
    )


def test_the_users_bad_settings_are_said(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "settings.toml").write_text("[engine]\nthreads = 'many'\n")
    loading.read_settings()
    assert capsys.readouterr().err.startswith(f"Note: {home / 'settings.toml'}, line 2: engine.threads is 'many', ")


def test_what_is_compiled_is_kept_beside_the_cpu_and_within_the_limit(home: Path) -> None:
    kept = choose("mine", "npu").make_room()
    assert kept is not None
    assert kept.parent == home / "cache" / "compiled"
    assert choose("mine").make_room() == kept  # auto may be a GPU
    assert choose("mine", "cpu").make_room() is None
    (home / "settings.toml").write_text("[storage]\ncompiled_cache = 0\n")
    assert choose("mine", "npu").make_room() is None


def test_a_loaded_model_was_used_last(home: Path) -> None:
    runner = ScriptedRunner(loaded=False)
    choice = choose("mine", "npu")
    kept = choice.make_room()
    assert kept is not None
    (kept / "NPU").mkdir(parents=True)
    loading.load(runner, choice, State())
    assert (kept / "model").read_text() == str(home / "models" / "mine")
    assert runner.caches == [kept]
    runner.close()


def test_options_that_a_model_was_given_are_taken_again_below_those_asked_for_now(home: Path) -> None:
    remember_options(State(), "mine", ["kv_cache = U8", "context=300"])
    assert choose("mine").options == EngineOptions(kv_cache="u8", context=300)
    assert choose("mine", None, "context=400").options == EngineOptions(kv_cache="u8", context=400)
    assert choose("starter").options == EngineOptions()
    remember_options(State(), "mine", ["context=auto"])
    assert choose("mine").options == EngineOptions(kv_cache="u8")
    remember_options(State(), "mine", [])
    assert choose("mine").options == EngineOptions(kv_cache="u8")


def test_remembered_options_that_can_no_longer_be_are_left_out(home: Path) -> None:
    State().give_options("mine", {"kv_cache": "f32"})
    (home / "settings.toml").write_text("[engine]\nprecision = 'bf16'\n")
    assert choose("mine").options == EngineOptions(precision="bf16")
    State().give_options("mine", {"no_more": "1"})
    assert choose("mine").options == EngineOptions(precision="bf16")
