"""The installed command in a terminal, and what its conversations hold meanwhile. POSIX only."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import tui
from tests.terminal_driver import Terminal
from tui.store.state import State

STARTER = Path(tui.__file__).parent / "starter"
COMMAND = Path(sys.executable).parent / "ovchat"
EMPTY = "Enter sends"
AT_ITS_END = "cut off at the token limit"
READY = re.compile(r"starter +CPU")
_ENDLESS = 60_000  # tokens: more than half a minute on any machine


def ovchat(home: Path, *arguments: str, **given: Any) -> Terminal:
    return Terminal([COMMAND, *arguments], environment={"OVCHAT_HOME": str(home)}, **given)


def long_answers(home: Path, tokens: int = _ENDLESS) -> None:
    """Whatever is asked is answered at length, by default until it is stopped: also where 2,000 tokens a second come.

    The starter has no room for that; what answers is a copy of it that claims more and babbles on. `AT_ITS_END` is seen
    below an answer that was not stopped.
    """
    model = home / "models" / "long-starter"
    shutil.copytree(STARTER, model, ignore=shutil.ignore_patterns("recipe"), dirs_exist_ok=True)
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps(config | {"max_position_embeddings": 2 * _ENDLESS}))
    (home / "settings.toml").write_text(f"[sampling]\nmin_tokens = {tokens}\nmax_tokens = {tokens}\n")
    State(home / "state.toml").used(model.name, "auto")


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
