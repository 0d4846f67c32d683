"""What only computing shows: with tiny models on the CPU, and with answers that are made up."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tui.engine.errors import BadLogits, Cancelled, DeviceNotFound, NotEnoughMemory
from tui.engine.language_model import LanguageModel
from tui.engine.options import EngineOptions
from tui.engine.sampling import Sampled
from tui.library import deep_check
from tui.library.deep_check import TOKENS, _Answer, compare, examine_deeply
from tui.library.find import Places
from tui.library.findings import Examination, Severity
from tui.library.progress import Progress

TinyModel = Callable[[str], Path]


def deep(folder: Path, device: str = "CPU", **given: object) -> tuple[Examination, list[Progress]]:
    said: list[Progress] = []
    options = EngineOptions(precision="f32", kv_cache="f32")
    arguments = {"report": said.append, "stop": threading.Event(), "verdicts": {}} | given
    return examine_deeply(folder, device, options, **arguments), said


def test_a_healthy_model_answers_as_the_cpu_does(tiny_model: TinyModel) -> None:
    verdicts: dict[str, str] = {}
    found, said = deep(tiny_model("llama"), verdicts=verdicts)
    assert found.findings == ()
    assert found.checked == (
        "paged attention on CPU",
        "32 tokens on CPU (f32, paged)",
        "compared with CPU (f32, stateful)",
    )
    assert list(verdicts.values()) == ["ok"]
    doing = [each.doing for each in said if not each.detail]
    assert doing == [
        "checking paged attention (CPU)",
        "loading (CPU)",
        "answering (CPU)",
        "loading (CPU)",
        "answering (CPU)",
    ]
    assert [each.done for each in said if not each.detail] == [0, 1, 2, 3, 4]
    assert {each.total for each in said} == {5}


def test_paged_attention_that_is_wrong_is_found_though_another_verdict_is_remembered(tiny_model: TinyModel) -> None:
    verdicts: dict[str, str] = {}
    found, _ = deep(tiny_model("mpt"), verdicts=verdicts)
    assert [(each.code, each.severity) for each in found.findings] == [("paged-wrong", Severity.WARNING)]
    assert list(verdicts.values()) == ["failed"]
    verdicts = dict.fromkeys(verdicts, "ok")
    assert deep(tiny_model("mpt"), verdicts=verdicts)[0].findings == found.findings
    assert list(verdicts.values()) == ["failed"]


def test_a_model_without_a_paged_form_is_compared_all_the_same(tiny_model: TinyModel) -> None:
    found, _ = deep(tiny_model("lfm2"))
    assert found.findings == ()
    assert found.checked == ("32 tokens on CPU (f32, stateful)", "compared with CPU (f32, stateful)")


def test_too_little_memory_for_the_check(tiny_model: TinyModel, monkeypatch: pytest.MonkeyPatch) -> None:
    from tui.engine import self_check

    monkeypatch.setattr(self_check, "available_bytes", lambda: 1000)
    assert [each.code for each in deep(tiny_model("llama"))[0].findings] == ["paged-unchecked"]


def test_a_device_that_refuses_the_model(healthy: Path) -> None:
    # An edge to a port that the operation does not have: only OpenVINO itself sees that.
    xml = healthy / "openvino_model.xml"
    xml.write_text(xml.read_text().replace('to-layer="40" to-port="1"', 'to-layer="40" to-port="7"', 1))
    found, _ = deep(healthy)
    assert [(each.code, each.severity) for each in found.findings] == [("device-fails", Severity.ERROR)]
    assert not found.is_usable


def test_a_tokenizer_of_another_model_is_no_fault_of_the_device(healthy: Path) -> None:
    for name in ("openvino_tokenizer", "openvino_detokenizer"):
        for end in ("xml", "bin"):
            shutil.copy(Places().starter / f"{name}.{end}", healthy)
    (found,) = deep(healthy)[0].findings
    assert (found.code, found.severity) == ("tokenizer-foreign", Severity.ERROR)
    assert found.sentence.startswith("The tokenizer of healthy is another model's: Token id ")
    assert found.fix.startswith("Get the model again; or put its own tokenizer.json")
    assert found.fix.endswith(f"ovchat models convert {healthy} --tokenizer-only")


@pytest.mark.parametrize("failing", [1, 2])
def test_every_failure_says_what_to_do(failing: int, tiny_model: TinyModel, monkeypatch: pytest.MonkeyPatch) -> None:
    load, asked = LanguageModel.load, []

    def fail(*args: object) -> LanguageModel:
        asked.append(args)
        if len(asked) == failing:
            raise BadLogits("The model's output is not a number.")
        return load(*args)

    monkeypatch.setattr(LanguageModel, "load", fail)
    (found,) = deep(tiny_model("lfm2"))[0].findings
    assert found.code == ("device-fails" if failing == 1 else "not-compared")
    assert found.fix.startswith("Try another device (ovchat devices lists them)")


def test_a_device_that_fails_while_computing(tiny_model: TinyModel, monkeypatch: pytest.MonkeyPatch) -> None:
    from tui.engine import generate

    def fail(*_: object) -> None:
        raise BadLogits("The model's output is not a number.", "Take another device.")

    monkeypatch.setattr(generate, "generate", fail)
    assert [each.code for each in deep(tiny_model("llama"))[0].findings] == ["device-fails"]


def test_a_cpu_without_room_for_the_comparison(tiny_model: TinyModel, monkeypatch: pytest.MonkeyPatch) -> None:
    load, asked = LanguageModel.load, []

    def once(*args: object) -> LanguageModel:
        asked.append(args)
        if len(asked) == 2:
            raise NotEnoughMemory("There is not enough memory.")
        return load(*args)

    monkeypatch.setattr(LanguageModel, "load", once)
    found, _ = deep(tiny_model("lfm2"))
    assert [(each.code, each.severity) for each in found.findings] == [("not-compared", Severity.NOTE)]
    assert found.checked == ("32 tokens on CPU (f32, stateful)",)


def test_no_such_device(tiny_model: TinyModel) -> None:
    with pytest.raises(DeviceNotFound):
        deep(tiny_model("llama"), device="XPU")


def test_every_model_is_freed_before_the_next(tiny_model: TinyModel, monkeypatch: pytest.MonkeyPatch) -> None:
    log = []
    load, close = LanguageModel.load, LanguageModel.close
    monkeypatch.setattr(LanguageModel, "load", lambda *args: log.append("load") or load(*args))
    monkeypatch.setattr(LanguageModel, "close", lambda self: log.append("close") or close(self))
    deep(tiny_model("llama"))
    assert log == ["load", "close", "load", "close"]


@pytest.mark.parametrize("at", ["checking paged attention (CPU)", "loading (CPU)", "answering (CPU)"])
def test_stopped_at_any_stage(at: str, tiny_model: TinyModel) -> None:
    stop, before = threading.Event(), set(threading.enumerate())
    said = []

    def report(progress: Progress) -> None:
        said.append(progress.doing)
        if progress.doing == at:
            stop.set()

    with pytest.raises(Cancelled):
        deep(tiny_model("llama"), report=report, stop=stop)
    for left in set(threading.enumerate()) - before:
        left.join()
    assert said.count(at) == 1
    assert said[-1] == at


def test_stopping_does_not_wait_for_what_cannot_be_stopped(
    tiny_model: TinyModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiling, stop = threading.Event(), threading.Event()

    def never_ends(*_: object) -> None:
        stop.set()
        compiling.wait()
        raise Cancelled

    monkeypatch.setattr(LanguageModel, "load", never_ends)
    with pytest.raises(Cancelled):
        deep(tiny_model("lfm2"), stop=stop)
    compiling.set()


def answer(device: str, ids: list[int], top: list[tuple[int, float]], precision: str = "f16") -> _Answer:
    sampled = tuple(Sampled(each, top[0][1], tuple(top)) for each in ids)
    return _Answer(device, precision, "paged", sampled, tuple(f"<{each}>" for each in ids))


@pytest.mark.parametrize(("other", "said"), [(-0.8, "That is rounding"), (-3.0, "That is more than rounding")])
def test_the_first_difference_is_told_with_what_it_means(other: float, said: str) -> None:
    ours = answer("CPU", [1, 2, 3], [(3, -0.5), (4, other)])
    theirs = answer("GPU.0", [1, 2, 4], [(4, -0.5)])
    (finding,) = compare(ours, theirs)
    assert (finding.code, finding.severity) == ("tokens-differ", Severity.WARNING)
    assert finding.sentence == (
        "GPU.0 (f16, paged) answers otherwise than the CPU with f32 from token 3 of 32 on: '<4>' (4) for '<3>' (3), "
        "after '<1><2>'."
    )
    assert finding.fix.startswith(said)
    assert compare(ours, ours) == []


def test_a_token_that_the_cpu_does_not_think_of_at_all() -> None:
    (finding,) = compare(answer("CPU", [1], [(1, -0.1)]), answer("NPU", [9], [(9, -0.1)]))
    assert "0% as likely" in finding.fix


def test_as_many_tokens_are_compared_as_is_said(tiny_model: TinyModel, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(deep_check, "compare", lambda ours, theirs: seen.extend([ours, theirs]) or [])
    deep(tiny_model("llama"))
    assert [len(each.sampled) for each in seen] == [TOKENS, TOKENS]
