from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.chat_app import chat_app, running
from tests.screens.using import Chat, OpenChat
from tests.scripted import ScriptedRunner
from tui.screens import modal


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys are for whatever has opened: nobody was typing before."""
    monkeypatch.setattr(modal, "_QUIET_S", 0.0)


@pytest.fixture
def opened(tmp_path: Path) -> OpenChat:
    """Opens the app; see `OpenChat`. Its conversations are in `tmp_path`."""

    @asynccontextmanager
    async def open_chat(
        runner: ScriptedRunner | None = None, *, ready: bool = True, size: tuple[int, int] = (100, 30), **arguments: Any
    ) -> AsyncIterator[Chat]:
        app = chat_app(tmp_path, runner, **arguments)
        async with running(app, size) as pilot:
            chat = Chat(app, pilot)
            if ready:
                await chat.ready()
            yield chat

    return open_chat
