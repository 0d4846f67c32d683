from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.store.talk import Talk
from tui.store.conversations import Conversations


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "conversations.db"


@pytest.fixture
def store(path: Path) -> Iterator[Conversations]:
    store = Conversations.open(path)
    yield store
    store.close()


@pytest.fixture
def talk(store: Conversations) -> Talk:
    return Talk(store)
