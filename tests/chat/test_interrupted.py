"""A turn that has to end though nobody stopped it."""

from __future__ import annotations

from tests.chat.conftest import Make, Reopen
from tests.waiting import wait_until
from tui.chat.outbox import Outbox
from tui.engine.events import TextDelta
from tui.store.records import Ended

LONG = " ".join(f"word{number}" for number in range(40))


def test_it_is_interrupted_and_what_the_next_start_comes_back_to(
    session: Make, reopened: Reopen, outbox: Outbox
) -> None:
    chat = session(LONG, " and more.", tokens_per_s=100)
    turn = chat.ask("Go on")
    next(event for event in turn if isinstance(event, TextDelta))
    turn.cancel(interrupted=True)
    turn.result()
    left = reopened(chat).messages[1]
    assert left.ended is Ended.INTERRUPTED
    assert left.text.startswith("word0")
    found = outbox.opened().interrupted()
    assert found is not None
    assert found.id == chat.conversation.id
    chat.proceed().result()
    assert reopened(chat).messages[1].text == f"{left.text} and more."


def test_before_its_first_word_it_is_kept_and_can_be_gone_on_with(session: Make, reopened: Reopen) -> None:
    chat = session("One.", prefill_s=5)
    turn = chat.ask("First?")
    wait_until(lambda: turn.prefill is not None)
    turn.cancel(interrupted=True)
    turn.result()
    assert [(each.text, each.ended) for each in reopened(chat).messages[1:]] == [("", Ended.INTERRUPTED)]
    chat.runner._prefill_s = 0  # type: ignore[union-attr]
    chat.proceed().result()
    assert [(each.text, each.ended) for each in reopened(chat).messages[1:]] == [("One.", Ended.STOP)]


def test_stopped_before_it_is_stopped(session: Make, reopened: Reopen) -> None:
    chat = session(LONG, tokens_per_s=100)
    turn = chat.ask("Go on")
    next(event for event in turn if isinstance(event, TextDelta))
    turn.cancel()
    turn.cancel(interrupted=True)
    turn.result()
    assert reopened(chat).messages[1].ended is Ended.CANCELLED
