"""The model in use: loaded behind the scenes, replaced on demand, kept where another cannot be had."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chat_app import choose
from tests.scripted import ScriptedRunner
from tests.waiting import wait_until
from tui.chat.active_model import ActiveModel, ModelStatus
from tui.chat.choice import Choice
from tui.engine.errors import DeviceNotFound, ModelNotFound, OvchatError
from tui.engine.generate import GenerationRequest
from tui.engine.sampling_params import SamplingParams
from tui.store.state import State

_made: list[ActiveModel] = []


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    while _made:
        assert _made.pop().close(10)


def active_model(tmp_path: Path, runner: ScriptedRunner, chooser=choose) -> ActiveModel:
    _made.append(ActiveModel(lambda: runner, chooser, State(tmp_path / "state.toml")))
    return _made[-1]


def test_a_model_is_loaded_shown_and_remembered_with_its_device(tmp_path: Path) -> None:
    active = active_model(tmp_path, ScriptedRunner(loaded=False, load_s=0.2))
    active.use("mine", "cpu")
    assert active.status.loading
    wait_until(lambda: active.status.model is not None)
    assert not active.status.loading
    assert active.status.choice is not None
    assert active.status.choice.name == "mine"
    state = State(tmp_path / "state.toml")
    assert (state.model, state.device, state.device_of("mine")) == ("mine", "CPU", "CPU")
    assert active.close()


def test_a_device_that_nobody_gave_is_not_remembered_for_the_model(tmp_path: Path) -> None:
    active = active_model(tmp_path, ScriptedRunner(loaded=False))
    active.use("mine")
    wait_until(lambda: active.status.model is not None)
    assert State(tmp_path / "state.toml").device_of("mine") is None


def test_of_several_asked_for_in_a_row_the_last_one_stays(tmp_path: Path) -> None:
    runner = ScriptedRunner(loaded=False, load_s=5)
    active = active_model(tmp_path, runner)
    active.use("first")
    wait_until(lambda: runner.loads)
    runner._load_s = 0.0
    active.use("second")
    active.use("third")
    wait_until(lambda: active.status.model is not None)
    assert active.status.choice is not None
    assert active.status.choice.name == "third"
    assert [folder.name for folder, _ in runner.loads] in (["first", "third"], ["first", "second", "third"])


def test_what_is_not_wanted_any_more_when_it_is_chosen_is_not_loaded(tmp_path: Path) -> None:
    looking, found = threading.Event(), threading.Event()

    def chooser(model: str | None, device: str | None) -> Choice:
        if model == "first":
            looking.set()
            assert found.wait(20)
        return choose(model, device)

    runner = ScriptedRunner(loaded=False)
    active = active_model(tmp_path, runner, chooser)
    active.use("first")
    assert looking.wait(20)
    active.use("second")
    found.set()
    wait_until(lambda: active.status.model is not None)
    assert [folder.name for folder, _ in runner.loads] == ["second"]


def test_the_one_before_goes_on_answering_where_another_is_not_there(tmp_path: Path) -> None:
    def chooser(model: str | None, device: str | None) -> Choice:
        if model == "gone":
            raise ModelNotFound("There is no model gone.", "There is: mine.")
        return choose(model, device)

    active = active_model(tmp_path, ScriptedRunner(loaded=False), chooser)
    active.use("mine")
    wait_until(lambda: active.status.model is not None)
    before = active.status.model
    active.use("gone")
    wait_until(lambda: active.status.error is not None)
    assert active.status.model is before
    assert active.status.choice is not None
    assert active.status.choice.name == "mine"


def test_a_model_that_fails_to_load_leaves_none_and_the_next_one_loads(tmp_path: Path) -> None:
    runner = ScriptedRunner(loaded=False)
    runner.load_error = OvchatError("It is broken.", "Get it again.")
    active = active_model(tmp_path, runner)
    active.use("broken")
    wait_until(lambda: active.status.error is not None)
    assert active.status.model is None
    runner.load_error = None
    active.use("whole")
    wait_until(lambda: active.status.model is not None)
    assert active.status.error is None


def test_a_device_that_is_gone_names_who_asked_for_it(tmp_path: Path) -> None:
    def chooser(model: str | None, device: str | None) -> Choice:
        return Choice("mine", Path("mine"), "mine", "GPU", "settings.toml names it.", choose(None, None).options)

    runner = ScriptedRunner(loaded=False)
    runner.load_error = DeviceNotFound("There is no GPU.", "There is: CPU.")
    active = active_model(tmp_path, runner, chooser)
    active.use()
    wait_until(lambda: active.status.error is not None)
    assert isinstance(active.status.error, DeviceNotFound)
    assert str(active.status.error) == "There is no GPU. settings.toml names it. There is: CPU."


def test_an_engine_that_cannot_be_started_is_an_error_not_a_crash(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def no_engine() -> ScriptedRunner:
        raise ImportError("libopenvino.so: cannot open shared object file")

    active = ActiveModel(no_engine, choose, State(tmp_path / "state.toml"))
    active.use()
    wait_until(lambda: active.status.error is not None)
    assert "libopenvino.so" in str(active.status.error)
    assert caplog.records


def test_closing_does_not_wait_for_a_load_that_cannot_be_stopped(tmp_path: Path) -> None:
    class Stubborn(ScriptedRunner):
        def close(self) -> None:
            self.go.wait()

    runner = Stubborn(loaded=False)
    active = active_model(tmp_path, runner)
    active.use("mine")
    wait_until(lambda: active.status.model is not None)
    runner.go.clear()
    assert not active.close(0.1)
    runner.go.set()


def test_unloading_drops_the_model_and_waking_loads_it_again(tmp_path: Path) -> None:
    runner = ScriptedRunner(loaded=False)
    active = active_model(tmp_path, runner)
    active.use("mine", "cpu")
    wait_until(lambda: active.status.model is not None)
    active.unload()
    assert active.status.model is None
    wait_until(lambda: not active.status.stage)
    assert active.status.unloaded
    assert not active.status.loading
    assert active.status.title == "mine"
    assert runner.model is None
    active.wake()
    wait_until(lambda: active.status.model is not None)
    assert not active.status.unloaded
    assert [folder.name for folder, _ in runner.loads] == ["mine", "mine"]


def test_waking_what_was_not_unloaded_does_nothing(tmp_path: Path) -> None:
    runner = ScriptedRunner(loaded=False)
    active = active_model(tmp_path, runner)
    active.wake()
    active.unload()
    assert not active.status.unloaded
    active.use("mine")
    wait_until(lambda: active.status.model is not None)
    active.wake()
    assert active.status.model is not None
    assert len(runner.loads) == 1


def test_unloading_gives_a_load_under_way_up(tmp_path: Path) -> None:
    runner = ScriptedRunner(loaded=False, load_s=500)
    active = active_model(tmp_path, runner)
    active.use("mine")
    wait_until(lambda: runner.loads)
    active.unload()
    wait_until(lambda: active.status.unloaded and not active.status.stage)
    assert active.status.error is None
    assert runner.model is None


def test_what_is_asked_for_while_unloading_is_loaded(tmp_path: Path) -> None:
    runner = ScriptedRunner(loaded=False)
    active = active_model(tmp_path, runner)
    active.use("mine")
    wait_until(lambda: active.status.model is not None)
    active.unload()
    active.use("other")
    wait_until(lambda: active.status.model is not None)
    assert active.status.title == "other"
    assert not active.status.unloaded


def test_unloading_waits_for_the_answer_under_way(tmp_path: Path) -> None:
    runner = ScriptedRunner(loaded=False)
    active = active_model(tmp_path, runner)
    active.use("mine")
    wait_until(lambda: active.status.model is not None)
    runner.go.clear()
    answer = runner.generate(GenerationRequest(prompt="Tell me more", sampling=SamplingParams()))
    active.unload()
    assert active.status.stage == "unloading"
    wait_until(lambda: active.status.answering)
    assert not answer.done
    runner.go.set()
    answer.result()
    wait_until(lambda: not active.status.stage)
    assert not active.status.answering
    assert runner.model is None


def test_a_model_that_takes_long_to_leave_is_not_answering(tmp_path: Path) -> None:
    runner = ScriptedRunner(loaded=False)
    active = active_model(tmp_path, runner)
    active.use("mine")
    wait_until(lambda: active.status.model is not None)
    closes, may_close = threading.Event(), threading.Event()

    def close() -> None:
        closes.set()
        may_close.wait(60)

    assert runner.model is not None
    runner.model.close = close  # type: ignore[method-assign]
    seen: list[ModelStatus] = []
    active.unload()
    assert closes.wait(60)
    wait_until(lambda: (seen.append(active.status), len({id(each) for each in seen}) > 2)[1])
    assert (seen[-1].stage, seen[-1].answering) == ("unloading", False)
    may_close.set()
    wait_until(lambda: not active.status.stage)


def test_a_device_is_given_and_taken_back(tmp_path: Path) -> None:
    active = active_model(tmp_path, ScriptedRunner(loaded=False))
    assert active.given_devices == {}
    active.give_device("mine", "GPU.1")
    assert active.given_devices == {"mine": "GPU.1"}
    active.give_device("mine", "")
    assert active.given_devices == {}
    assert State(tmp_path / "state.toml").device_of("mine") is None
