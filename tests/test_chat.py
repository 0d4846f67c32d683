"""A conversation keeps what was said, and nothing of a turn that came to nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tui.chat import ChatSession
from tui.engine.errors import ContextFull, OvchatError
from tui.engine.events import Finished, TextDelta
from tui.engine.options import EngineOptions
from tui.engine.runner import Runner

SHORT = {"temperature": 0.0, "max_tokens": 5}


@pytest.fixture(scope="module")
def runner(tiny_model: Callable[[str], Path]) -> Iterator[Runner]:
    with Runner() as opened:
        opened.load(tiny_model("llama"), "CPU", EngineOptions(context=256)).result()
        yield opened


def test_question_and_answer_become_part_of_the_conversation(runner: Runner):
    session = ChatSession(runner, system="Be brief.", user_sampling=SHORT)
    *_, first = session.ask("One?")
    *_, second = session.ask("Two?")
    assert [message["role"] for message in session.messages] == ["system", "user", "assistant", "user", "assistant"]
    assert session.messages[2]["content"] == first.text
    assert session.messages[4]["content"] == second.text
    assert second.usage.prompt_tokens > first.usage.prompt_tokens


def test_regenerating_replaces_the_answer(runner: Runner):
    session = ChatSession(runner, user_sampling={"temperature": 1.5, "max_tokens": 30})
    *_, first = session.ask("One?")
    *_, again = session.regenerate()
    assert again.seed != first.seed
    assert session.messages == [{"role": "user", "content": "One?"}, {"role": "assistant", "content": again.text}]


def test_there_is_nothing_to_regenerate_at_the_beginning(runner: Runner):
    with pytest.raises(OvchatError, match="no answer yet"):
        ChatSession(runner).regenerate()


def test_a_turn_that_fails_leaves_the_conversation_as_it_was(runner: Runner):
    session = ChatSession(runner, user_sampling=SHORT)
    list(session.ask("One?"))
    before = session.messages
    with pytest.raises(ContextFull):
        list(session.ask("word " * 5000))
    assert session.messages == before


def test_cancelled_before_the_first_word_nothing_was_said(runner: Runner):
    session = ChatSession(runner, user_sampling=SHORT)
    turn = session.ask("One?")
    turn.cancel()
    *_, end = turn
    assert isinstance(end, Finished)
    assert session.messages == [] or end.text


def test_a_cancelled_answer_keeps_what_was_said(runner: Runner):
    session = ChatSession(runner, user_sampling={"temperature": 0.0, "ignore_eos": True})
    turn = session.ask("Go on")
    for event in turn:
        if isinstance(event, TextDelta):
            turn.cancel()
    assert session.messages[-1] == {"role": "assistant", "content": event.text}
    assert event.text


def test_what_the_user_says_wins_and_the_turn_tells_who_said_what(runner: Runner):
    session = ChatSession(runner, app_sampling={"temperature": 0.7, "top_k": 40}, user_sampling={"temperature": 0.0})
    turn = session.ask("One?")
    turn.cancel()
    assert (turn.sampling.temperature, turn.sources["temperature"]) == (0.0, "user")
    assert (turn.sampling.top_k, turn.sources["top_k"]) == (40, "app")


def test_without_a_model_there_is_no_turn():
    with Runner() as empty, pytest.raises(OvchatError, match="No model"):
        ChatSession(empty).ask("One?")
