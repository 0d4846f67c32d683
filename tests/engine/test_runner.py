"""The engine thread: jobs in order, events at the reader's pace, cancelling from anywhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tui.engine.errors import ModelNotFound, OvchatError
from tui.engine.events import Finished, PrefillProgress, TextDelta
from tui.engine.generate import GenerationRequest
from tui.engine.language_model import LanguageModel
from tui.engine.options import EngineOptions
from tui.engine.runner import LoadProgress, Runner
from tui.engine.sampling import SamplingParams
from tui.engine.stopping import FinishReason

EXACT = EngineOptions(precision="f32", context=8192)


@pytest.fixture
def runner() -> Iterator[Runner]:
    with Runner() as runner:
        yield runner


def request(text: str = "A tiny model says", **sampling: object) -> GenerationRequest:
    values = {"temperature": 0.0, "ignore_eos": True, "max_tokens": 20, **sampling}
    return GenerationRequest(prompt=text, sampling=SamplingParams(**values))


def test_load_then_generate_then_unload(runner: Runner, tiny_model: Callable[[str], Path]):
    loading = runner.load(tiny_model("llama"), "CPU", EXACT)
    stages = list(loading)
    assert [type(stage) for stage in stages] == [LoadProgress] * len(stages)
    assert loading.result() is runner.model
    job = runner.generate(request())
    seen = list(job)
    assert isinstance(seen[-1], Finished)
    assert job.result() == seen[-1]
    runner.unload().result()
    assert runner.model is None


def test_a_prompt_sent_while_the_model_loads_is_answered_after(runner: Runner, tiny_model: Callable[[str], Path]):
    runner.load(tiny_model("llama"), "CPU", EXACT)
    first, second = runner.generate(request()), runner.generate(request(max_tokens=3))
    assert second.result().usage.completion_tokens == 3
    assert first.done


def test_events_wait_for_whoever_fetches_them(runner: Runner, tiny_model: Callable[[str], Path]):
    runner.load(tiny_model("llama"), "CPU", EXACT)
    job = runner.generate(request())
    job.result()
    events = job.drain()
    assert isinstance(events[0], PrefillProgress)
    assert isinstance(events[-1], Finished)
    assert job.drain() == []


def test_a_failed_load_raises_for_whoever_asked_and_the_thread_goes_on(runner: Runner, tiny_model, tmp_path):
    with pytest.raises(ModelNotFound, match="nowhere"):
        runner.load(tmp_path / "nowhere").result()
    with pytest.raises(OvchatError, match="No model is loaded"):
        list(runner.generate(request()))
    runner.load(tiny_model("llama"), "CPU", EXACT).result()
    assert runner.generate(request()).result().reason is FinishReason.LENGTH


@pytest.mark.parametrize("when", ["prefill", "decode"])
def test_cancel_ends_a_long_job_early_and_the_next_is_right(runner: Runner, tiny_model, when: str):
    """The 100 ms themselves are measured in tests/bench (cancel); here a cancelled job must not run to its end."""
    runner.load(tiny_model("llama"), "CPU", EXACT).result()
    expected = runner.generate(request()).result()
    long = " ".join(["tiny model"] * 2000)
    job = runner.generate(request(long if when == "prefill" else "Go", max_tokens=4000))
    for event in job:
        if isinstance(event, PrefillProgress if when == "prefill" else TextDelta):
            job.cancel()
            break
    end = job.result()
    assert end.reason is FinishReason.CANCELLED
    if when == "prefill":
        assert end.token_ids == ()
    assert len(end.token_ids) < 3000
    assert runner.generate(request()).result().token_ids == expected.token_ids


def test_close_ends_what_runs_and_refuses_what_waits(tiny_model):
    runner = Runner()
    runner.load(tiny_model("llama"), "CPU", EXACT).result()
    running, waiting = runner.generate(request(max_tokens=7000)), runner.generate(request())
    next(iter(running))
    runner.close()
    assert running.result().reason is FinishReason.CANCELLED
    with pytest.raises(OvchatError, match="closed"):
        waiting.result()
    with pytest.raises(OvchatError, match="closed"):
        runner.generate(request())
    assert not runner._thread.is_alive()


def test_a_load_gives_way_to_the_next_and_the_last_model_asked_for_stays(runner: Runner, tiny_model, monkeypatch):
    reading, go_on = threading.Event(), threading.Event()
    load = LanguageModel.load.__func__  # type: ignore[attr-defined]

    def slow(cls, folder, device, options, verdicts, progress, cache):
        if folder.name == "llama":
            reading.set()
            go_on.wait(30)
        return load(cls, folder, device, options, verdicts, progress, cache)

    monkeypatch.setattr(LanguageModel, "load", classmethod(slow))
    first = runner.load(tiny_model("llama"), "CPU", EXACT)
    assert reading.wait(30)
    second = runner.load(tiny_model("qwen2"), "CPU", EXACT)
    third = runner.load(tiny_model("gpt2"), "CPU", EXACT)
    go_on.set()
    for given_up in (first, second):
        with pytest.raises(OvchatError, match="given up"):
            given_up.result()
    assert third.result() is runner.model
    assert third.result().files.name == "gpt2"


def test_waiting_for_a_job_ends_with_its_first_event_or_its_end(runner: Runner, tiny_model):
    runner.load(tiny_model("llama"), "CPU", EXACT).result()
    job = runner.generate(request())
    assert job.wait(30)
    job.result()
    job.drain()
    assert job.wait(0)


def test_a_prompt_cancels_the_warm_up(runner: Runner, tiny_model, monkeypatch):
    began, ended = threading.Event(), threading.Event()

    def slow_warm_up(self: object, cancel: threading.Event) -> None:
        began.set()
        cancel.wait(60)
        ended.set()

    monkeypatch.setattr("tui.engine.language_model.LanguageModel.warm_up", slow_warm_up)
    runner.load(tiny_model("llama"), "CPU", EXACT).result()
    assert began.wait(10)
    start = time.monotonic()
    assert runner.generate(request()).result().reason is FinishReason.LENGTH
    assert ended.is_set()
    assert time.monotonic() - start < 30


def test_who_asks_at_once_finds_no_warm_up(runner: Runner, tiny_model, monkeypatch):
    monkeypatch.setattr("tui.engine.runner._WARM_UP_AFTER_S", 30.0)
    warmed: list[object] = []
    monkeypatch.setattr("tui.engine.language_model.LanguageModel.warm_up", lambda self, cancel: warmed.append(self))
    runner.load(tiny_model("llama"), "CPU", EXACT).result()
    assert runner.generate(request()).result().reason is FinishReason.LENGTH
    runner.unload().result()
    assert warmed == []


def test_closing_waits_for_a_compilation_under_way(tiny_model):
    runner = Runner()
    loading = runner.load(tiny_model("llama"), "CPU", EXACT)
    runner.close()
    assert loading.done
    assert runner.model is None


@pytest.fixture
def stuck(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """The model llama is compiled only when the event is set."""
    go_on = threading.Event()
    load = LanguageModel.load.__func__  # type: ignore[attr-defined]

    def slow(cls, folder, device, options, verdicts, progress, cache):
        if folder.name == "llama":
            progress = str  # it is past its last stage
            go_on.wait(60)
        return load(cls, folder, device, options, verdicts, progress, cache)

    monkeypatch.setattr(LanguageModel, "load", classmethod(slow))
    yield go_on
    go_on.set()


def test_a_load_that_takes_too_long_fails_and_the_next_does_not_wait_for_its_end(runner: Runner, tiny_model, stuck):
    slow = runner.load(tiny_model("llama"), "CPU", EngineOptions(precision="f32", context=300, load_timeout=1))
    with pytest.raises(OvchatError, match="not loaded within 1 s") as raised:
        slow.result()
    assert "engine.load_timeout" in raised.value.next_step
    assert runner.model is None
    other = runner.load(tiny_model("qwen2"), "CPU", EXACT).result()
    assert not stuck.is_set()
    assert runner.generate(request()).result().usage.completion_tokens == 20
    stuck.set()
    runner.close()
    assert other.files.name == "qwen2"


def test_what_is_loaded_too_late_is_closed(runner: Runner, tiny_model, stuck, monkeypatch):
    closed: list[str] = []
    close = LanguageModel.close
    monkeypatch.setattr(LanguageModel, "close", lambda self: (closed.append(self.files.name), close(self)))
    with pytest.raises(OvchatError, match="within 1 s"):
        runner.load(tiny_model("llama"), "CPU", EngineOptions(context=300, load_timeout=1)).result()
    stuck.set()
    runner.close()  # waits for it
    assert closed == ["llama"]


def test_a_load_in_time_and_one_that_fails_are_as_without_a_limit(runner: Runner, tiny_model, tmp_path):
    in_time = EngineOptions(precision="f32", context=300, load_timeout=60)
    assert runner.load(tiny_model("llama"), "CPU", in_time).result() is runner.model
    with pytest.raises(ModelNotFound, match="nowhere"):
        runner.load(tmp_path / "nowhere", "CPU", in_time).result()


def test_a_model_closed_twice_stays_closed_and_its_tokenizer_says_so(tiny_model):
    model = LanguageModel.load(tiny_model("llama"), "CPU", EXACT)
    model.close()
    model.close()
    with pytest.raises(OvchatError, match="unloaded"):
        model.tokenizer.encode("text", add_special_tokens=False)
