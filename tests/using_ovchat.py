"""The installed command in a terminal, and what its conversations hold meanwhile. POSIX only."""

from __future__ import annotations

import re
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.terminal_driver import Terminal

COMMAND = Path(sys.executable).parent / "ovchat"
EMPTY = "Enter sends"
READY = re.compile(r"starter +CPU")
# Long enough to be stopped in the middle: the starter writes some 500 tokens a second.
LONG = "[sampling]\nmin_tokens = 800\nmax_tokens = 850\n"


def ovchat(home: Path, *arguments: str, **given: Any) -> Terminal:
    return Terminal([COMMAND, *arguments], environment={"OVCHAT_HOME": str(home)}, **given)


def long_answers(home: Path) -> None:
    (home / "settings.toml").write_text(LONG)


def ready(terminal: Terminal) -> None:
    terminal.wait_for(lambda text: READY.search(text) and "loading" not in text, 60)


def quit_well(terminal: Terminal) -> None:
    """Ctrl+Q ends it with 0 and the terminal is as it was."""
    terminal.press("ctrl+q")
    assert terminal.exit_code() == 0
    assert terminal.left_behind() == []


def answers(home: Path) -> list[tuple[str, str]]:
    """Text and end of the stored answers; none as long as the database is being made."""
    try:
        with closing(sqlite3.connect(f"file:{home / 'conversations.db'}?mode=ro", uri=True)) as database:
            return database.execute("SELECT text, ended FROM messages WHERE role = 'assistant' ORDER BY id").fetchall()
    except sqlite3.OperationalError:
        return []
