"""The app is ended from outside, or left, while something is under way."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.screens.using import OpenChat
from tests.scripted import ScriptedRunner
from tui.store import writers
from tui.store.conversations import Conversations
from tui.store.errors import StoreError
from tui.store.records import Ended
from tui.terminal.hangup import HANGUP, TERMINATED

LONG = " ".join(f"word{number}" for number in range(40))
ENDLESS = "word " * 10_000  # a hundred seconds at the pace below
FINISH = {"terminal.on_hangup": "finish"}


def held_runner() -> ScriptedRunner:
    """One that waits in the middle of its first answer."""
    runner = ScriptedRunner([LONG])
    runner.go.clear()
    return runner


@pytest.mark.parametrize(("code", "user"), [(TERMINATED, {}), (TERMINATED, FINISH), (HANGUP, {})])
async def test_the_answer_under_way_is_interrupted(
    opened: OpenChat, tmp_path: Path, code: int, user: dict[str, str]
) -> None:
    async with opened(ScriptedRunner([ENDLESS], tokens_per_s=100), user=user) as chat:
        await chat.write("question")
        await chat.until(lambda: len(chat.session.messages) == 2 and chat.session.messages[1].text)
        session = chat.session
        await chat.app.end(code)
        assert chat.app.return_code == code
        assert not chat.app.left
        assert session.messages[1].ended is Ended.INTERRUPTED


async def test_a_lost_terminal_may_leave_the_answer_to_be_finished(opened: OpenChat, tmp_path: Path) -> None:
    runner = held_runner()
    async with opened(runner, user=FINISH) as chat:
        await chat.write("question")
        await chat.until(lambda: chat.session.turn)
        await chat.write("second")
        await chat.until(lambda: chat.queued)
        chat.prompt.insert("half a thought")
        session = chat.session
        await chat.app.end(HANGUP)
        assert chat.app.return_code == HANGUP
        (turn,) = chat.app.left
        assert turn is session.turn
        with closing(sqlite3.connect(tmp_path / "conversations.db")) as database:
            [(writer,)] = database.execute("SELECT writer FROM drafts").fetchall()
        assert not writers.alive(writer, None)  # whoever comes back has it at once
        runner.go.set()
        assert await asyncio.to_thread(turn.wait, 10)
        assert (session.messages[1].text, session.messages[1].ended) == (LONG, Ended.STOP)
        store = chat.app.services.outbox.opened()
        assert chat.app.services.outbox.flush(5)
        assert store.draft(session.conversation.id) == "second\nhalf a thought"
    assert len(runner.requests) == 1


async def test_what_is_sent_at_the_last_moment_is_a_draft(opened: OpenChat) -> None:
    runner = held_runner()
    async with opened(runner) as chat:
        await chat.write("question")
        await chat.until(lambda: chat.session.turn)
        chat.prompt.insert("at the last moment")
        session = chat.session
        ended = asyncio.create_task(chat.app.end(TERMINATED))
        await asyncio.sleep(0)  # it waits for the turn
        await chat.press("enter")
        runner.go.set()
        await ended
        assert chat.app.services.outbox.flush(5)
        assert chat.app.services.outbox.opened().draft(session.conversation.id) == "at the last moment"
    assert len(runner.requests) == 1


async def test_who_stays_after_all_can_send(opened: OpenChat) -> None:
    def on_a_full_disk() -> Conversations:
        raise StoreError("The disk is full.", "Free some space.")

    async with opened(open_store=on_a_full_disk, ready=False) as chat:
        await chat.until(lambda: chat.app.services.active.status.model is not None)
        await chat.write("first")
        await chat.idle(2)
        await chat.press("ctrl+q")
        await chat.until(lambda: len(chat.app.screen_stack) == 2)
        await chat.press("down", "enter")  # stay
        await chat.until(lambda: len(chat.app.screen_stack) == 1)
        await chat.write("second")
        await chat.idle(4)


async def test_what_fails_while_everything_is_taken_down_changes_nothing(opened: OpenChat) -> None:
    async with opened() as chat:
        begun = asyncio.Event()

        async def fail() -> None:
            begun.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise RuntimeError("too late") from None

        worker = chat.app.run_worker(fail())
        await begun.wait()
        chat.app.exit(return_code=TERMINATED)
        await chat.until(lambda: worker.is_finished)
        assert chat.app.return_code == TERMINATED
