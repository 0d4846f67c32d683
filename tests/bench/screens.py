"""Opening every screen with 200 models and 10,000 conversations: milliseconds from the action to the first painting.

Of five openings in one app the first, which imports what it needs, and the median of the others.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from textual.app import App

from tests.bench.opened import STEP_S, opened, painted
from tests.bench.opened import fill as fill_models
from tui.library.find import Places
from tui.screens.chat import ChatScreen
from tui.store.conversations import Conversations
from tui.store.records import Conversation, Ended, Message, Role, new_conversation_id, new_message_id

CONVERSATIONS = 10_000
_ACTIONS = (
    "help", "conversations", "find", "models", "settings", "sampling", "inspect", "alternatives", "details", "persona",
)  # fmt: skip


def run(args: list[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="python -m tests.bench screens", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args(args)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        fill_models(home / "models")
        store = Conversations.open(home / "conversations.db")
        _fill(store)
        store.close()
        taken = asyncio.run(_open_all(home, given.rounds))
    result = {name: {"first": each[0], "then": statistics.median(each[1:])} for name, each in taken.items()}
    for name, values in result.items():
        print(f"{name:16} {values['first']:7.0f} ms, then {values['then']:5.0f} ms", file=sys.stderr)
    return result


def _fill(store: Conversations) -> None:
    for number in range(CONVERSATIONS):
        created = 1_700_000_000.0 + 1000 * number
        id = new_conversation_id()
        said = Message(new_message_id(), id, None, Role.USER, f"Question {number}", created)
        told = Message(new_message_id(), id, said.id, Role.ASSISTANT, "An answer.", created, ended=Ended.STOP)
        talk = Conversation(id, created=created, updated=created, title=f"Conversation {number}", head=told.id)
        store.add(talk, [said, told])


async def _open_all(home: Path, rounds: int) -> dict[str, list[float]]:
    places = Places(models=home / "models", hugging_face=home / "none")
    async with opened(home, places) as (pilot, chat):
        chat.pane.prompt.insert("Hello")
        await pilot.press("enter")
        while len(chat.session.messages) < 2 or chat.pane.busy:
            await asyncio.sleep(STEP_S)
        taken: dict[str, list[float]] = {}
        for action in _ACTIONS:
            for _ in range(rounds):
                taken.setdefault(action, []).append(await _open(pilot.app, chat, action))
                await pilot.press("escape")
                while pilot.app.screen is not chat or chat.focused is not chat.pane.prompt:
                    await asyncio.sleep(STEP_S)
                await asyncio.sleep(0.3)  # what it has begun in threads ends
    return taken


async def _open(app: App[None], chat: ChatScreen, action: str) -> float:
    before = app.focused
    began = time.perf_counter()
    await chat.run_action(action)
    while app.screen is chat and app.focused is before:  # the sampling panel stands beside the chat
        await asyncio.sleep(STEP_S)
    while not app.screen.is_mounted:
        await asyncio.sleep(STEP_S)
    await painted(app.screen)
    return (time.perf_counter() - began) * 1000
