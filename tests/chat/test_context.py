"""What the model is given, how much that is, and what has to go where it is too much."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tui.chat.context import ContextUse
from tui.chat.session import ChatSession
from tui.engine.errors import ContextFull
from tui.store.records import Ended

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


def test_a_system_prompt_alone_is_counted_as_it_would_be_sent(session: Callable[..., ChatSession]) -> None:
    chat = session(context_limit=400)
    chat.set_system("Be brief.")
    with_a_word = chat.use("one")
    assert with_a_word is not None
    assert chat.use() == ContextUse(with_a_word.tokens - 1, 400)


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


def test_for_an_edited_message_what_was_before_it_counts(session: Callable[..., ChatSession]) -> None:
    chat = filled(session, 9, 200)  # 180 of 200
    assert chat.overflow(TEN) is not None
    third, last = chat.messages[4].id, chat.messages[16].id
    assert chat.overflow(TEN, instead_of=third) is None
    overflow = chat.overflow(" ".join(["word"] * 150), instead_of=third)
    assert overflow is not None
    assert (overflow.tokens, overflow.exchanges) == (2 * 20 + 154, 2)
    long = f"{TEN} {TEN}"
    overflow = chat.overflow(long, instead_of=last)
    assert overflow is not None
    assert (overflow.tokens, overflow.exchanges, overflow.start) == (8 * 20 + 20, 2, chat.messages[4].id)
    chat.drop_oldest(overflow)
    assert chat.edit(last, long).result().usage.prompt_tokens == 6 * 20 + 20


def test_what_is_out_of_context_stays_out_for_an_edited_message(session: Callable[..., ChatSession]) -> None:
    chat = filled(session, 9, 200)
    overflow = chat.overflow("one two")
    assert overflow is not None
    chat.drop_oldest(overflow)
    assert chat.overflow(TEN, instead_of=chat.messages[16].id) is None


def test_before_another_answer_and_before_more_of_one_it_is_told_what_has_to_go(
    session: Callable[..., ChatSession],
) -> None:
    chat = filled(session, 4, 100)  # the last answer began at 72
    overflow = chat.overflow_of_answer()
    assert overflow is None  # as much room as it had
    chat.runner._answers = [" ".join(["word"] * 90)]  # type: ignore[union-attr]
    chat.regenerate().result()
    cut_off = chat.messages[-1]
    assert cut_off.ended is Ended.LENGTH
    assert len(cut_off.token_ids) == 28
    assert chat.overflow_of_answer(cut_off.id) is None  # another one does not have to have the room of this one
    overflow = chat.overflow_of_answer(proceed=True)
    assert overflow is not None
    assert (overflow.tokens, overflow.limit, overflow.exchanges) == (100, 100, 2)
    chat.drop_oldest(overflow)
    assert chat.overflow_of_answer(proceed=True) is None
    assert chat.proceed().result().usage.prompt_tokens == 60


def test_more_of_an_answer_of_another_model_is_counted_by_its_text(session: Callable[..., ChatSession]) -> None:
    chat = session("a b c d e f", context_limit=20)
    chat.set_sampling({"max_tokens": 6})
    chat.ask("one").result()
    chat.runner = session("x", context_limit=10).runner
    overflow = chat.overflow_of_answer(proceed=True)
    assert overflow is not None
    assert (overflow.tokens, overflow.exchanges) == (11, None)


def test_a_question_that_fills_the_context_by_itself_is_told_where_it_is_answered_again(
    session: Callable[..., ChatSession],
) -> None:
    chat = filled(session, 3, 100)
    long = " ".join(["word"] * 85)
    overflow = chat.overflow(long)
    assert overflow is not None
    chat.drop_oldest(overflow)
    chat.ask(long).result()
    chat.update(context_start=None)
    overflow = chat.overflow_of_answer()
    assert overflow is not None
    assert (overflow.exchanges, overflow.start) == (3, chat.messages[6].id)
    chat.drop_oldest(overflow)
    assert chat.regenerate().result().usage.prompt_tokens == 89
    assert session().overflow_of_answer() is None
