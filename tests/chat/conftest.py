"""A store in a folder of its own, and conversations in it with a scripted engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.scripted import ScriptedRunner
from tui.chat.outbox import Outbox
from tui.chat.session import ChatSession
from tui.store.conversations import Conversations

Make = Callable[..., ChatSession]
Reopen = Callable[[ChatSession], ChatSession]


def texts(session: ChatSession) -> list[str]:
    """What was said on the branch shown."""
    return [message.text for message in session.messages]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The database."""
    return tmp_path / "conversations.db"


@pytest.fixture
def outbox(path: Path) -> Iterator[Outbox]:
    opened = Outbox(lambda: Conversations.open(path))
    yield opened
    opened.close()


@pytest.fixture
def scripted() -> Iterator[Callable[..., ScriptedRunner]]:
    """Make scripted runners that are closed at the end."""
    runners: list[ScriptedRunner] = []

    def make(*answers: Any, **options: Any) -> ScriptedRunner:
        runners.append(ScriptedRunner(answers or ("An answer.",), **options))
        return runners[-1]

    yield make
    for runner in runners:
        runner.go.set()
        runner.close()


@pytest.fixture
def session(scripted: Callable[..., ScriptedRunner], outbox: Outbox) -> Make:
    """Begin a stored conversation with a scripted engine."""

    def make(*answers: Any, **options: Any) -> ChatSession:
        return ChatSession(outbox=outbox, runner=scripted(*answers, **options))

    return make


@pytest.fixture
def reopened(outbox: Outbox) -> Reopen:
    """A conversation as it is stored, with the same engine."""

    def reopen(session: ChatSession) -> ChatSession:
        return ChatSession.open(outbox, session.conversation.id, runner=session.runner)

    return reopen
