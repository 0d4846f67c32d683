"""A disk that fails: it is said, the chat goes on, and nothing goes without a word."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pytest
from textual.widgets import Input

from tests.screens.using import OpenChat
from tests.scripted import ScriptedRunner
from tui.screens.dialogs import ChoiceDialog
from tui.store.conversations import Conversations
from tui.store.errors import StoreError


async def test_a_store_that_cannot_be_read_any_more_is_said_and_the_app_goes_on(
    opened: OpenChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(store: Conversations, known: Collection[str]) -> dict[str, str]:
        raise StoreError("The disk does not answer.", "Look at the cable.")

    async with opened() as chat:
        await chat.write("question")
        await chat.idle(2)
        monkeypatch.setattr(Conversations, "unbegun_drafts", fail)
        await chat.press("ctrl+n")
        await chat.until(lambda: "The disk does not answer. Look at the cable." in chat.notice)
        assert chat.texts == []


async def test_quitting_with_something_unsaved_asks_and_saves_elsewhere(opened: OpenChat, tmp_path: Path) -> None:
    def full() -> Conversations:
        raise StoreError("The disk is full.", "Free some space.")

    async with opened(ScriptedRunner(["an answer"]), open_store=full, ready=False) as chat:
        await chat.until(lambda: chat.app.services.active.status.model is not None)
        await chat.write("question")
        await chat.idle(2)
        await chat.until(lambda: "not saved" in chat.status)
        await chat.press("ctrl+q")
        await chat.until(lambda: isinstance(chat.app.screen, ChoiceDialog))
        await chat.press("1")
        await chat.until(lambda: isinstance(chat.app.focused, Input))
        await chat.press("ctrl+a", "ctrl+k")
        chat.app.screen.focused.insert_text_at_cursor(str(tmp_path / "rescued.json"))  # type: ignore[union-attr]
        await chat.press("enter")
        await chat.until((tmp_path / "rescued.json").exists)
    assert "an answer" in (tmp_path / "rescued.json").read_text()


async def test_quitting_twice_asks_once(opened: OpenChat) -> None:
    def full() -> Conversations:
        raise StoreError("The disk is full.", "Free some space.")

    async with opened(open_store=full, ready=False) as chat:
        await chat.until(lambda: chat.app.services.active.status.model is not None)
        await chat.write("question")
        await chat.idle(2)
        await chat.press("ctrl+q", "ctrl+q")
        await chat.until(lambda: isinstance(chat.app.screen, ChoiceDialog))
        await chat.press("ctrl+q")
        await chat.press("2")
        await chat.until(lambda: len(chat.app.screen_stack) == 1)
        assert chat.app.is_running
