"""What is said is a tree: other questions and other answers stand beside the old ones, and any branch can be shown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.chat.conftest import Make, Reopen, texts
from tui.chat.outbox import Outbox
from tui.chat.session import ChatSession
from tui.engine.errors import OvchatError
from tui.store.records import Role, new_message_id


def test_regenerating_adds_a_sibling_with_another_seed(session: Make, reopened: Reopen) -> None:
    chat = session("One.", "Other.", "Next.")
    chat.set_sampling({"seed": 5})
    chat.ask("First?").result()
    first = chat.messages[1]
    turn = chat.regenerate()
    assert chat.message(turn.message_id).parent == chat.messages[0].id
    turn.result()
    second = chat.messages[1]
    assert texts(chat) == ["First?", "Other."]
    assert first.facts.seed == 5 != second.facts.seed
    assert (chat.position(first.id), chat.position(second.id)) == ((1, 2), (2, 2))
    assert chat.move(second.id, -1)
    assert texts(chat) == texts(reopened(chat)) == ["First?", "One."]
    assert not chat.move(first.id, -1)
    chat.ask("On from the first").result()
    assert chat.move(first.id, 1)
    assert texts(chat) == ["First?", "Other."]
    assert chat.move(second.id, -1)
    assert texts(chat) == ["First?", "One.", "On from the first", "Next."]


def test_a_question_after_a_regenerated_answer_is_found_again_though_nothing_came_of_it(session: Make) -> None:
    chat = session("One.", "Other.", "Next.")
    chat.ask("First?").result()
    chat.regenerate().result()
    second = chat.messages[1]
    chat.runner.go.clear()  # type: ignore[union-attr]
    turn = chat.ask("On from the second")
    turn.cancel()
    turn.result()
    assert chat.move(second.id, -1)
    assert chat.move(chat.messages[1].id, 1)
    assert texts(chat) == ["First?", "Other.", "On from the second"]


def test_editing_keeps_the_old_question_with_all_that_followed(session: Make, reopened: Reopen) -> None:
    chat = session("One.", "Two.", "Other.")
    chat.ask("First?").result()
    chat.ask("Second?").result()
    old = chat.messages[0]
    chat.edit(old.id, "First, really?").result()
    assert texts(chat) == texts(reopened(chat)) == ["First, really?", "Other."]
    assert chat.move(chat.messages[0].id, -1)
    assert texts(chat) == ["First?", "One.", "Second?", "Two."]
    with pytest.raises(OvchatError, match="your own"):
        chat.edit(chat.messages[1].id, "x")


def test_a_message_found_on_another_branch_is_shown(session: Make) -> None:
    chat = session("One.", "Two.", "Other.")
    chat.ask("First?").result()
    chat.ask("Second?").result()
    second = chat.messages[2]
    chat.edit(chat.messages[0].id, "Else?").result()
    chat.show_branch_of(second.id)
    assert texts(chat) == ["First?", "One.", "Second?", "Two."]


def test_a_regeneration_cancelled_at_once_leaves_the_answer_that_was_there(session: Make, reopened: Reopen) -> None:
    chat = session("One.", "Other.")
    chat.ask("First?").result()
    chat.runner.go.clear()  # type: ignore[union-attr]
    turn = chat.regenerate()
    turn.cancel()
    turn.result()
    assert texts(chat) == texts(reopened(chat)) == ["First?", "One."]
    assert chat.position(chat.messages[1].id) == (1, 1)


def test_where_another_process_went_on_from_the_head_or_took_it_out_the_newest_is_shown(
    session: Make, outbox: Outbox
) -> None:
    chat = session()
    chat.ask("First?").result()
    more = replace(chat.messages[0], id=new_message_id(), parent=chat.messages[1].id, text="More?")
    outbox.put(more)
    assert texts(ChatSession.open(outbox, chat.conversation.id)) == ["First?", "An answer.", "More?"]
    outbox.put(replace(chat.conversation, head=5))
    assert texts(ChatSession.open(outbox, chat.conversation.id)) == ["First?", "An answer.", "More?"]


def test_the_last_of_a_role_is_that_of_the_branch_shown(session: Make) -> None:
    chat = session("One.", "Two.", "Other.")
    assert chat.last(Role.USER) is None
    chat.ask("First?").result()
    first = chat.messages[0]
    chat.ask("Second?").result()
    assert [chat.last(role).text for role in (Role.USER, Role.ASSISTANT)] == ["Second?", "Two."]  # type: ignore[union-attr]
    chat.edit(first.id, "Else?").result()
    assert chat.last(Role.USER) == chat.messages[0]
    assert chat.last(Role.ASSISTANT) == chat.messages[1]
