from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.store.talk import Talk
from tui.store.conversations import Conversations

DATABASES = Path(__file__).parent / "databases"


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


def start(code: str, *arguments: object) -> subprocess.Popen[str]:
    """Run Python in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
    )


def check(path: Path) -> None:
    """What is in a database fits together."""
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.execute("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)")
    wanted = "SELECT id FROM messages WHERE ended <> '' AND id > (SELECT newest FROM unindexed)"
    indexed = "SELECT message FROM numbers"
    assert connection.execute(f"{wanted} EXCEPT {indexed}").fetchall() == []
    assert connection.execute(f"{indexed} EXCEPT {wanted}").fetchall() == []
    connection.close()
