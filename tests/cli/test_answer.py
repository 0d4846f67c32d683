from __future__ import annotations

import signal
import sys
import threading

import pytest

from tests.cli.fakes import FakeTurn, events, fake_model, finished
from tui.cli.answer import cut_off, show_answer
from tui.cli.interrupt import interrupting
from tui.cli.loading import saying_after
from tui.engine.events import PrefillProgress
from tui.engine.reasoning import Channel
from tui.engine.sampling_params import SamplingParams
from tui.engine.stopping import FinishReason

THOUGHT = events((Channel.REASONING, "Well"), (Channel.REASONING, " then."), "It is", " 4.")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard error is a terminal without colours."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr("tui.cli.console.is_terminal", lambda stream: stream is sys.stderr)


def test_only_the_answer_goes_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert show_answer(THOUGHT).text == "It is 4."
    assert capsys.readouterr() == ("It is 4.\n", "")


@pytest.mark.usefixtures("terminal")
def test_somebody_at_a_terminal_sees_the_thinking_beside_the_answer(capsys: pytest.CaptureFixture[str]) -> None:
    show_answer(THOUGHT)
    assert capsys.readouterr() == ("It is 4.\n", "Thinking:\nWell then.\n\n")


@pytest.mark.usefixtures("terminal")
def test_thinking_that_was_stopped_ends_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    show_answer(events((Channel.REASONING, "Well"), reason=FinishReason.CANCELLED))
    assert capsys.readouterr() == ("", "Thinking:\nWell\n\n")


@pytest.mark.parametrize(("pieces", "out"), [((), ""), (("a\n",), "a\n"), (("a\n", "\n"), "a\n\n"), (("", "a"), "a\n")])
def test_the_output_ends_with_one_line_end_and_keeps_its_own(
    pieces: tuple[str, ...], out: str, capsys: pytest.CaptureFixture[str]
) -> None:
    show_answer(events(*pieces))
    assert capsys.readouterr().out == out


@pytest.mark.usefixtures("terminal")
def test_without_text_nothing_of_it_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert show_answer(THOUGHT, text=False).text == "It is 4."
    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("terminal")
def test_a_long_prompt_tells_how_far_it_is_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 1.0, 4.0, 5.0, 8.0])
    monkeypatch.setattr("tui.cli.answer.time.monotonic", lambda: next(clock))
    show_answer([*(PrefillProgress(n * 512, 4096, 0) for n in (1, 2, 3, 4)), finished("")])
    assert capsys.readouterr().err == (
        "Reading the prompt: 1,024 of 4,096 tokens\nReading the prompt: 2,048 of 4,096 tokens\n"
    )


@pytest.mark.parametrize(
    ("reason", "tokens", "limit", "source", "says"),
    [
        (FinishReason.STOP, 5, 5, "model", None),
        (FinishReason.CANCELLED, 5, None, "app", None),
        (FinishReason.LENGTH, 5, 5, "user", None),
        (FinishReason.LENGTH, 5, 5, "model", "5 tokens are the most"),
        (FinishReason.LENGTH, 5, 9, "user", "the context of 64 tokens is full"),
        (FinishReason.LENGTH, 5, None, "default", "the context of 64 tokens is full"),
    ],
)
def test_an_answer_that_was_cut_off_by_nobodys_wish_is_called_that(
    reason: FinishReason, tokens: int, limit: int | None, source: str, says: str | None
) -> None:
    turn = FakeTurn([], SamplingParams(max_tokens=limit), {"max_tokens": source})
    notices = cut_off(fake_model(64), turn, finished("a", reason, tokens))  # type: ignore[arg-type]
    assert len(notices) == (says is not None)
    assert says is None or says in notices[0]


@pytest.mark.usefixtures("terminal")
def test_somebody_at_a_terminal_is_reminded_of_the_limit_he_set() -> None:
    turn = FakeTurn([], SamplingParams(max_tokens=5), {"max_tokens": "user"})
    cut = cut_off(fake_model(64), turn, finished("a", FinishReason.LENGTH, 5))  # type: ignore[arg-type]
    assert cut == ["The answer is cut off after 5 tokens, as asked for (max_tokens)."]


def test_the_first_ctrl_c_stops_the_answer_and_the_second_the_program() -> None:
    stopped = threading.Event()
    with interrupting(stopped.set) as interrupted:
        assert not interrupted.is_set()
        signal.raise_signal(signal.SIGINT)
        assert interrupted.is_set()
        assert stopped.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_background_job_stays_deaf_to_ctrl_c() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interrupting(lambda: None) as interrupted:
            signal.raise_signal(signal.SIGINT)
        assert not interrupted.is_set()
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("terminal")
def test_what_takes_long_is_said_and_what_does_not_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    with saying_after(60, "never"):
        pass
    said = threading.Event()
    with saying_after(0, "Loading it ..."):
        said.wait(0.2)
    assert capsys.readouterr().err == "Loading it ...\n"
