"""The plain view: what is printed, and what the app does meanwhile."""

from __future__ import annotations

import asyncio

import pytest

from tests.screens.using import OpenChat
from tests.scripted import ScriptedRunner
from tui.screens.plain_view import plain_text
from tui.terminal.display import TerminalApp


class Printed:
    """What is printed in place of a terminal's scrollback, and the key that comes back."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.text = ""
        self.last_line = ""
        self.key = asyncio.Event()
        printed = self

        async def show(self: TerminalApp, text: str, last_line: str) -> None:
            printed.text, printed.last_line = text, last_line
            await printed.key.wait()

        monkeypatch.setattr(TerminalApp, "show_in_scrollback", show)


async def test_it_is_the_branch_that_is_shown(opened: OpenChat, monkeypatch: pytest.MonkeyPatch) -> None:
    printed = Printed(monkeypatch)
    async with opened(ScriptedRunner(["**first**", "second \x1b[2J"])) as chat:
        await chat.write("question")
        await chat.idle(2)
        await chat.press("ctrl+r")
        await chat.until(lambda: "second" in chat.texts[-1])
        await chat.idle(2)
        await chat.press(*"draft", "alt+v")
        await chat.until(lambda: printed.text)
        assert "## You\n\nquestion\n\n## scripted\n\nsecond ^[[2J\n" in printed.text
        assert "first" not in printed.text
        assert "being written" not in printed.text
        assert "{}" in printed.last_line
        printed.key.set()
        await chat.until(lambda: chat.prompt.text == "draft")
        assert chat.notice == ""


async def test_an_answer_goes_on_meanwhile_and_is_said_to(opened: OpenChat, monkeypatch: pytest.MonkeyPatch) -> None:
    printed = Printed(monkeypatch)
    async with opened(ScriptedRunner(["word " * 200], tokens_per_s=200)) as chat:
        await chat.write("question")
        await chat.until(lambda: len(chat.texts) == 2 and chat.texts[-1])
        await chat.press("alt+v")
        await chat.until(lambda: printed.text)
        assert printed.text.endswith("\n[The last answer is still being written.]\n")
        await chat.idle(2)
        printed.key.set()
        assert chat.texts[-1].count("word") == 200


async def test_a_terminal_that_cannot_be_given_up_is_no_error(opened: OpenChat) -> None:
    async with opened() as chat:  # the tests' own is one
        await chat.press("alt+v")
        await chat.until(lambda: chat.notice)
        assert chat.notice == "This terminal has no plain view. Alt+S saves the conversation to a file."


async def test_a_conversation_without_anything(opened: OpenChat) -> None:
    async with opened() as chat:
        assert plain_text(chat.session.conversation, ()) == "# Conversation\n"
