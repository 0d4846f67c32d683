"""Several conversations: left, come back to, deleted, not stored."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.screens.using import OpenChat
from tests.scripted import ScriptedRunner
from tui.chat.session import ChatSession
from tui.screens import opening
from tui.screens.conversations import ConversationsScreen
from tui.screens.dialogs import ConfirmDialog
from tui.screens.find import FindScreen
from tui.screens.services import Start
from tui.store.conversations import Conversations


async def test_a_turn_goes_on_while_another_conversation_is_shown(opened: OpenChat) -> None:
    runner = ScriptedRunner(["a long answer to come back to"])
    runner.go.clear()
    async with opened(runner) as chat:
        await chat.write("question")
        await chat.until(lambda: chat.session.turn is not None)
        first = chat.session
        await chat.press("ctrl+n")
        await chat.until(lambda: chat.session is not first)
        runner.go.set()
        await chat.until(lambda: first.turn is None)
        chat.app.services.outbox.flush(5)
        await chat.open_first()
        await chat.until(lambda: chat.texts == ["question", "a long answer to come back to"])


async def test_coming_back_to_a_running_turn_shows_all_of_it_once(opened: OpenChat) -> None:
    runner = ScriptedRunner(["one two three four five six seven eight nine ten"], tokens_per_s=8)
    async with opened(runner) as chat:
        await chat.write("count")
        await chat.until(lambda: len(chat.texts) == 2 and "two" in chat.texts[1])
        runner.go.clear()
        first = chat.session
        await chat.press("ctrl+n")
        await chat.until(lambda: chat.session is not first)
        chat.app.services.outbox.flush(5)
        await chat.open_first()
        await chat.until(lambda: chat.session is first)
        await chat.until(lambda: "two" in chat.shown)
        assert chat.shown.count("one") == 1
        runner.go.set()
        await chat.idle(2)
        await chat.until(lambda: chat.shown.count("three") == 1 and "ten" in chat.shown)
        assert chat.shown.count("one") == 1


async def test_what_is_typed_in_the_conversation_that_is_opened_again_stays(opened: OpenChat) -> None:
    async with opened() as chat:
        await chat.write("question")
        await chat.idle(2)
        assert chat.app.services.outbox.flush(5)
        chat.prompt.insert("half a thought")
        await opening.open_stored(chat.app.services, chat.pane, chat.session.conversation.id)
        assert chat.prompt.text == "half a thought"


async def test_what_is_said_and_waits_while_the_conversation_is_read_again_stays(
    opened: OpenChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, go, open_session = threading.Event(), threading.Event(), ChatSession.open

    def slow(*arguments: Any, **named: Any) -> ChatSession:
        read.set()
        assert go.wait(20)
        return open_session(*arguments, **named)

    runner = ScriptedRunner(["one", "two", "three"])
    async with opened(runner) as chat:
        await chat.write("first")
        await chat.idle(2)
        runner.go.clear()
        session = chat.session
        monkeypatch.setattr(ChatSession, "open", slow)
        opens = asyncio.create_task(opening.open_stored(chat.app.services, chat.pane, session.conversation.id))
        await chat.until(read.is_set)
        await chat.write("second")
        await chat.until(lambda: session.turn is not None)
        await chat.write("third")
        go.set()
        await opens
        assert chat.session is session
        assert chat.queued == ["queued: third"]
        runner.go.set()
        await chat.idle(6)


async def test_a_message_of_another_branch_waits_for_the_answer_under_way(opened: OpenChat) -> None:
    runner = ScriptedRunner(["the needle", "hay"])
    async with opened(runner) as chat:
        await chat.write("question")
        await chat.idle(2)
        chat.app.services.outbox.flush(5)
        runner.go.clear()
        await chat.press("ctrl+r")
        await chat.press("ctrl+f", *"needle")
        await chat.until(lambda: isinstance(chat.app.screen, FindScreen) and chat.app.screen.rows.current)
        await chat.press("enter")
        await chat.until(lambda: "An answer is being written" in chat.notice)
        runner.go.set()
        await chat.until(lambda: chat.texts == ["question", "hay"])


async def test_a_temporary_chat_leaves_nothing_behind(opened: OpenChat, tmp_path: Path) -> None:
    async with opened() as chat:
        await chat.screen.run_action("temporary_chat")
        await chat.until(lambda: chat.session.temporary)
        await chat.write("secret")
        await chat.idle(2)
        await chat.press("ctrl+q")
    assert Conversations.open(tmp_path / "conversations.db").listing() == []


async def test_deleting_the_conversation_that_is_open_leaves_an_empty_one(opened: OpenChat) -> None:
    async with opened() as chat:
        await chat.write("question")
        await chat.idle(2)
        chat.app.services.outbox.flush(5)
        deleted = chat.session.conversation.id
        await chat.press("ctrl+o")
        await chat.until(lambda: isinstance(chat.app.screen, ConversationsScreen) and chat.app.screen.rows.current)
        await chat.press("alt+d")
        await chat.until(lambda: chat.app.screen.deleted_current)  # type: ignore[attr-defined]
        await chat.press("escape")
        await chat.until(lambda: chat.session.conversation.id != deleted)
        assert not chat.session.messages


@pytest.mark.parametrize("typed", [True, False])
async def test_a_temporary_chat_is_not_left_without_a_word(opened: OpenChat, typed: bool) -> None:
    async with opened() as chat:
        await chat.screen.run_action("temporary_chat")
        await chat.until(lambda: chat.session.temporary)
        temporary = chat.session
        if typed:
            await chat.press(*"half a thought")
        else:
            await chat.write("secret")
            await chat.idle(2)
        for key in ("escape", "n", "enter"):
            await chat.press("ctrl+n")
            await chat.panel(ConfirmDialog)
            assert "Leave the temporary chat?" in chat.shown
            await chat.press(key)
            await chat.pilot.pause()
            assert chat.session is temporary
            assert chat.prompt.text == ("half a thought" if typed else "")
        await chat.press("ctrl+n")
        await chat.panel(ConfirmDialog)
        await chat.press("y")
        await chat.until(lambda: chat.session is not temporary)
        assert not chat.prompt.text


async def test_the_app_does_not_end_a_temporary_chat_without_a_word(opened: OpenChat) -> None:
    async with opened() as chat:
        await chat.screen.run_action("temporary_chat")
        await chat.until(lambda: chat.session.temporary)
        await chat.write("secret")
        await chat.idle(2)
        await chat.press("ctrl+q")
        await chat.panel(ConfirmDialog)
        await chat.press("n")
        await chat.pilot.pause()
        assert chat.app.is_running
        assert len(chat.texts) == 2
        await chat.press("ctrl+q")
        await chat.panel(ConfirmDialog)
        await chat.press("y")
        await chat.until(lambda: not chat.app.is_running)


async def test_what_is_wrong_in_the_settings_is_said_beside_the_last_conversation(opened: OpenChat) -> None:
    async with opened() as chat:
        await chat.write("question")
        await chat.idle(2)
        await chat.press("ctrl+q")
    async with opened(start=Start(go_on=True, notices=("settings.toml, line 1: no.",))) as chat:
        await chat.until(lambda: chat.texts[:1] == ["question"])
        await chat.until(lambda: "line 1: no." in chat.notice)


async def test_an_empty_temporary_chat_is_left_at_once_and_an_answer_in_one_ends(opened: OpenChat) -> None:
    runner = ScriptedRunner()
    runner.go.clear()
    async with opened(runner) as chat:
        await chat.screen.run_action("temporary_chat")
        await chat.until(lambda: chat.session.temporary)
        await chat.new_chat()
        await chat.screen.run_action("temporary_chat")
        await chat.until(lambda: chat.session.temporary)
        await chat.write("secret")
        await chat.until(lambda: chat.session.turn is not None)
        left = chat.session
        await chat.press("ctrl+n")
        await chat.panel(ConfirmDialog)
        await chat.press("y")
        await chat.until(lambda: chat.session is not left and left.turn is None)


async def test_a_temporary_chat_says_so_where_it_is_written(opened: OpenChat) -> None:
    async with opened() as chat:
        assert "temporary" not in chat.shown
        await chat.screen.run_action("temporary_chat")
        await chat.until(lambda: chat.session.temporary)
        await chat.write("secret")
        await chat.idle(2)
        await chat.until(lambda: "─ temporary: nothing is stored ─" in chat.shown)


async def test_the_first_text_is_read_from_its_beginning_and_what_is_said_from_its_end(opened: OpenChat) -> None:
    async with opened(ScriptedRunner(["word\n\n" * 20 + "the end"]), size=(40, 12)) as chat:
        await chat.until(lambda: "Write below; Enter sends" in chat.shown)
        await chat.write("question")
        await chat.idle(2)
        await chat.until(lambda: "the end" in chat.shown)
