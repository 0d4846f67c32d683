"""What the notice says, and for how long."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.screens.using import Chat, OpenChat
from tests.scripted import ScriptedRunner
from tui.store.conversations import Conversations
from tui.store.records import Ended


async def interrupted(opened: OpenChat, home: Path, *questions: str) -> None:
    """Leave an interrupted answer to each question, in a conversation of its own."""
    async with opened(ScriptedRunner(["one two three"])) as chat:
        for question in questions:
            await chat.write(question)
            await chat.idle(2)
            await chat.new_chat()
    store = Conversations.open(home / "conversations.db")
    for conversation in store.listing():
        answer = store.messages(conversation.id)[-1]
        store.save(replace(answer, ended=Ended.INTERRUPTED))
    store.close()


async def said(chat: Chat, what: str) -> None:
    await chat.until(lambda: what in chat.notice, what)


async def gone(chat: Chat, what: str) -> None:
    await chat.until(lambda: what not in chat.notice, f"no {what}")


async def test_that_an_answer_was_interrupted_is_told_until_it_goes_on(opened: OpenChat, tmp_path: Path) -> None:
    await interrupted(opened, tmp_path, "first")
    async with opened(ScriptedRunner(["four five"])) as chat:
        await said(chat, "This answer was interrupted")
        await chat.press("alt+g")
        await gone(chat, "interrupted")
        await chat.idle(2)
        assert chat.notice == ""


async def test_every_interrupted_answer_is_offered_when_its_conversation_is_opened(
    opened: OpenChat, tmp_path: Path
) -> None:
    await interrupted(opened, tmp_path, "first", "second")
    async with opened() as chat:
        await said(chat, "This answer was interrupted")
        assert chat.texts[0] == "second"
        await chat.new_chat()
        await gone(chat, "interrupted")
        await chat.press("ctrl+o", "down", "enter")
        await chat.until(lambda: chat.texts[:1] == ["first"])
        await said(chat, "This answer was interrupted")


async def test_that_an_answer_is_being_written_is_told_while_it_is(opened: OpenChat) -> None:
    runner = ScriptedRunner()
    runner.go.clear()
    async with opened(runner) as chat:
        await chat.write("first")
        await chat.until(lambda: chat.session.turn is not None)
        await chat.press("ctrl+r")
        await said(chat, "An answer is being written")
        runner.go.set()
        await gone(chat, "An answer is being written")


async def test_what_was_told_goes_when_the_next_answer_begins(opened: OpenChat) -> None:
    async with opened() as chat:
        await chat.write("first")
        await chat.idle(2)
        await chat.press("alt+k")
        await said(chat, "This answer has no code block.")
        await chat.press("ctrl+r")
        await chat.idle(2)
        assert chat.notice == ""


async def test_quitting_is_told_as_long_as_the_key_quits(opened: OpenChat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.screens.chat._QUIT_AGAIN_S", 0.5)
    async with opened() as chat:
        await chat.press("ctrl+c")
        await said(chat, "Ctrl+C again quits.")
        await gone(chat, "Ctrl+C again quits.")


@pytest.mark.parametrize(
    ("key", "what"),
    [
        ("ctrl+r", "There is no answer yet. Ask something first."),
        ("alt+g", "There is no answer yet. Ask something first."),
        ("alt+r", "There is no answer yet. Ask something first."),
        ("alt+c", "There is no answer yet."),
        ("alt+k", "There is no answer yet."),
        ("alt+i", "There is no answer yet."),
        ("alt+e", "There is nothing to edit yet."),
        ("alt+s", "There is nothing to save yet."),
        ("alt+left", "There is one version of every message so far"),
        ("f9", "Thinking will be shown; there is none here."),
        ("f8", "Preset: precise."),
    ],
)
async def test_a_key_that_has_nothing_to_do_says_so(opened: OpenChat, key: str, what: str) -> None:
    async with opened() as chat:
        await chat.press(key)
        await said(chat, what)


async def test_beyond_the_first_and_the_last_version_there_is_none(opened: OpenChat) -> None:
    async with opened(ScriptedRunner(["one", "two"])) as chat:
        await chat.write("first")
        await chat.idle(2)
        await chat.press("ctrl+r")
        await chat.until(lambda: chat.texts == ["first", "two"] and not chat.pane.busy)
        await chat.press("alt+right")
        await said(chat, "This is the last of 2 versions.")
        await chat.press("alt+left")
        await chat.until(lambda: chat.texts == ["first", "one"] and not chat.pane.busy)
        await chat.press("alt+left")
        await said(chat, "This is the first of 2 versions.")


async def test_a_preset_is_named_when_it_is_chosen(opened: OpenChat) -> None:
    async with opened() as chat:
        for name in ("precise", "balanced", "creative"):
            await chat.press("f8")
            await said(chat, f"Preset: {name}.")
        await chat.press("f8")
        await said(chat, "No preset: default values.")


async def test_what_cannot_be_taken_back_is_told(opened: OpenChat) -> None:
    async with opened() as chat:
        chat.screen.action_take_back()
        await said(chat, "Nothing is queued.")
