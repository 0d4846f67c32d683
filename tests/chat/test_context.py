"""What the model is given, how much that is, and what has to go where it is too much."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tui.chat.context import ContextUse
from tui.chat.session import ChatSession
from tui.engine.errors import ContextFull

# The scripted template: a message is its words and two tokens more, the beginning of an answer is two, the last line's
# end is one.
TEN = "one two three four five six seven eight"


def filled(session: Callable[..., ChatSession], exchanges: int, limit: int) -> ChatSession:
    """A conversation of exchanges with 20 tokens each."""
    chat = session(TEN, context_limit=limit)
    for _ in range(exchanges):
        chat.ask(TEN).result()
    return chat


def test_the_use_is_that_of_the_rendered_template_with_what_is_typed(session: Callable[..., ChatSession]) -> None:
    chat = filled(session, 3, 400)
    assert chat.use() == ContextUse(61, 400)
    assert chat.use("one two") == ContextUse(60 + 4 + 2, 400)
    chat.set_system("Be brief.")
    assert chat.use() == ContextUse(65, 400)
    usage = chat.ask("one two").result().usage
    assert usage.prompt_tokens == 70


def test_an_empty_conversation_uses_nothing_and_without_a_model_nothing_is_told(
    session: Callable[..., ChatSession],
) -> None:
    chat = session(context_limit=400)
    assert chat.use() == ContextUse(0, 400)
    chat.runner = None
    assert (chat.use("x"), chat.overflow("x")) == (None, None)


def test_no_more_than_needed_is_dropped_and_what_is_left_fits(session: Callable[..., ChatSession]) -> None:
    chat = filled(session, 9, 200)  # 180 of 200
    overflow = chat.overflow("one two")
    assert overflow is not None
    assert (overflow.tokens, overflow.limit) == (186, 200)
    # 6 and room for 50: seven exchanges of 20 may stay.
    assert overflow.exchanges == 2
    assert overflow.start == chat.messages[4].id
    chat.drop_oldest(overflow)
    assert [chat.in_context(each.id) for each in chat.messages] == [False] * 4 + [True] * 14
    assert chat.overflow("one two") is None
    assert chat.ask("one two").result().usage.prompt_tokens == 7 * 20 + 6


def test_with_a_short_answer_less_has_to_go(session: Callable[..., ChatSession]) -> None:
    chat = filled(session, 9, 200)
    chat.set_sampling({"max_tokens": 10})
    assert chat.overflow("one two") is None
    overflow = chat.overflow(TEN)
    assert overflow is not None
    assert overflow.exchanges == 1


def test_where_everything_has_to_go_the_context_begins_with_the_new_message(
    session: Callable[..., ChatSession],
) -> None:
    chat = filled(session, 3, 100)
    long = " ".join(["word"] * 80)
    overflow = chat.overflow(long)
    assert overflow is not None
    assert overflow.exchanges == 3
    chat.drop_oldest(overflow)
    assert not any(chat.in_context(each.id) for each in chat.messages)
    turn = chat.ask(long)
    assert chat.message(turn.message_id).parent == overflow.start
    assert turn.result().usage.prompt_tokens == 84
    assert [chat.in_context(each.id) for each in chat.messages] == [False] * 6 + [True] * 2


def test_what_does_not_fit_even_alone_is_called_that(session: Callable[..., ChatSession]) -> None:
    chat = filled(session, 2, 100)
    overflow = chat.overflow(" ".join(["word"] * 200))
    assert overflow is not None
    assert (overflow.exchanges, overflow.start) == (None, None)
    assert session(context_limit=100).overflow(" ".join(["word"] * 200)) is not None
    with pytest.raises(ContextFull):
        chat.ask(" ".join(["word"] * 200)).result()


def test_on_another_branch_all_of_that_branch_is_in_context(session: Callable[..., ChatSession]) -> None:
    chat = filled(session, 9, 200)
    overflow = chat.overflow("one two")
    assert overflow is not None
    chat.drop_oldest(overflow)
    chat.edit(chat.messages[2].id, "one two").result()
    assert all(chat.in_context(each.id) for each in chat.messages)
