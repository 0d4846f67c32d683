"""A summary is written by the model, in as many parts as it takes, and begins another conversation."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.scripted import ScriptedRunner
from tui.chat.context import use_of
from tui.chat.session import ChatSession
from tui.chat.summary import Summary, continued
from tui.engine.errors import OvchatError
from tui.store.records import Conversation, Role

TEN = "one two three four five six seven eight"
Make = Callable[..., ChatSession]


def filled(session: Make, exchanges: int, limit: int, *answers: str) -> ChatSession:
    """Numbered exchanges of 20 tokens each; then the model answers `answers`, and the context holds `limit`."""
    chat = session(*[TEN] * exchanges, *answers, context_limit=4096)
    for number in range(exchanges):
        chat.ask(f"q{number} " + TEN.partition(" ")[2]).result()
    model = chat.runner.model  # type: ignore[union-attr]
    assert model is not None
    model.context_limit = limit  # type: ignore[misc]
    return chat


def requests(chat: ChatSession) -> list[str]:
    """What the model was given for each part."""
    assert isinstance(chat.runner, ScriptedRunner)
    return [
        " ".join(message["content"] for message in each.messages)
        for each in chat.runner.requests
        if "Write a summary" in each.messages[-1]["content"]
    ]


def write(summary: Summary) -> str:
    summary.plan()
    while (turn := summary.begin()) is not None:
        turn.wait(10)
        summary.take(turn)
    return summary.text


def test_one_that_fits_is_summarised_at_once_and_stays_as_it_is(session: Make) -> None:
    chat = filled(session, 3, 400, "  All about numbers. ")
    chat.set_system("Be brief.")
    before = chat.messages
    summary = Summary(chat, "next")
    assert write(summary) == "All about numbers."
    assert (summary.parts, summary.left_out) == (1, 0)
    (given,) = requests(chat)
    assert given.startswith("Be brief. q0 ")
    assert "q2" in given
    assert chat.messages == before


def test_the_first_part_begins_as_the_conversation_so_that_it_is_computed_already(session: Make) -> None:
    chat = filled(session, 3, 400, "Short.")
    assert isinstance(chat.runner, ScriptedRunner)
    summary = Summary(chat, "next")
    summary.plan()
    turn = summary.begin()
    assert turn is not None
    assert turn.result().usage.cached_tokens > 50


def test_one_that_does_not_fit_is_summarised_in_parts_each_with_the_summary_before(session: Make) -> None:
    chat = filled(session, 14, 300, "first", "second", "third", "fourth")
    summary = Summary(chat, "next")
    text = write(summary)
    given = requests(chat)
    assert summary.parts == len(given) > 1
    assert text == ["first", "second", "third", "fourth"][summary.parts - 1]
    assert "q0 " in given[0]
    assert "summary of our conversation so far:\n\nfirst" in given[1]
    assert "q0 " not in given[1]
    # Each message is in one part, in order.
    assert [sum(f"q{number} " in each for each in given) for number in range(14)] == [1] * 14
    assert isinstance(chat.runner, ScriptedRunner)
    for request in chat.runner.requests[14:]:
        assert request.sampling.max_tokens is not None
        used = use_of(chat.runner.model, "", (), " ".join(each["content"] for each in request.messages))  # type: ignore[arg-type]
        assert used is not None
        assert used.tokens + request.sampling.max_tokens <= 300


def test_of_what_is_longer_than_the_context_the_middle_is_left_out(session: Make) -> None:
    chat = filled(session, 2, 4096, "long answer", "of the first", "the end")
    chat.ask("begin " + "long " * 400 + "finish").result()
    chat.runner.model.context_limit = 300  # type: ignore[misc, union-attr]
    summary = Summary(chat, "next")
    assert write(summary) == "the end"
    assert (summary.shortened, summary.left_out, summary.parts) == (1, 0, 2)
    last = requests(chat)[-1]
    assert "begin long" in last
    assert "\n[...]\n" in last
    assert "long finish" in last


def test_what_cannot_be_made_short_enough_is_left_out(session: Make) -> None:
    chat = filled(session, 2, 4096, "x", "the end")
    chat.ask("a " * 150).result()
    chat.runner.model.context_limit = 160  # type: ignore[misc, union-attr]
    summary = Summary(chat, "next")
    assert write(summary) == "the end"
    assert summary.left_out >= 2


def test_where_nothing_fits_it_is_said(session: Make) -> None:
    chat = filled(session, 2, 60)
    with pytest.raises(OvchatError, match="too small for a summary"):
        Summary(chat, "next").plan()
    chat.runner = None
    with pytest.raises(OvchatError, match="No model"):
        Summary(chat, "next").plan()


def test_only_what_is_in_context_and_before_the_edited_message(session: Make) -> None:
    chat = filled(session, 4, 400, "Short.")
    chat.update(context_start=chat.messages[2].id)
    write(Summary(chat, "next", chat.messages[6].id))
    (given,) = requests(chat)
    assert [f"q{number} " in given for number in range(4)] == [False, True, True, False]


def test_the_summary_leaves_room_for_the_message(session: Make) -> None:
    chat = filled(session, 3, 400, "word " * 300)
    write(Summary(chat, "next"))
    write(Summary(chat, "word " * 320))
    assert isinstance(chat.runner, ScriptedRunner)
    limits = [each.sampling.max_tokens for each in chat.runner.requests[-2:]]
    assert limits[0] == 100
    assert limits[1] is not None
    assert limits[1] <= 40


def test_what_was_stopped_before_its_first_word_leaves_the_part_before(session: Make) -> None:
    chat = filled(session, 14, 300, "first", "second")
    assert isinstance(chat.runner, ScriptedRunner)
    summary = Summary(chat, "next")
    summary.plan()
    turn = summary.begin()
    assert turn is not None
    turn.wait(10)
    summary.take(turn)
    chat.runner.go.clear()
    turn = summary.begin()
    assert turn is not None
    turn.cancel()
    turn.wait(10)
    summary.take(turn)
    assert summary.text == "first"


def test_the_new_conversation_has_what_the_old_one_had_and_the_summary_goes_with_the_next_message(
    session: Make, scripted: Callable[..., ScriptedRunner]
) -> None:
    before = Conversation("c", "Rivers", system="Be brief.", sampling={"top_k": 3}, model="m", pinned=True)
    conversation, messages = continued(before, " It was about rivers. ")
    assert (conversation.title, conversation.system, conversation.model) == ("Rivers (continued)", "Be brief.", "m")
    assert (conversation.sampling, conversation.pinned) == ({"top_k": 3}, False)
    chat = ChatSession(conversation, runner=scripted("Yes."), messages=messages)
    chat.ask("And lakes?").result()
    assert isinstance(chat.runner, ScriptedRunner)
    _, given = chat.runner.requests[0].messages
    assert given["content"].endswith("so far:\n\nIt was about rivers.\n\nAnd lakes?")
    assert [each.role for each in chat.messages] == [Role.USER, Role.USER, Role.ASSISTANT]
    assert continued(conversation, "x")[0].title == "Rivers (continued)"
