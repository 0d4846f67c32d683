"""The app over ssh, and what runs there."""

from __future__ import annotations

import re
from pathlib import Path

import psutil

from tests.ssh.server import Server, remote
from tests.terminal_driver import Terminal
from tests.using_ovchat import answers
from tests.waiting import wait_until

COPIED = re.compile(rb"\x1b\]52;[a-z]*;([A-Za-z0-9+/=]+)(?:\x07|\x1b\\)")


def over_ssh(
    server: Server, home: Path, *command: str, port: int | None = None, size: tuple[int, int] = (100, 30)
) -> Terminal:
    """The app, or a command, over there."""
    columns, rows = size
    return Terminal(server.command(*remote(home, *command), port=port), columns=columns, rows=rows)


def processes_of(home: Path) -> list[psutil.Process]:
    """What runs with its files in `home`."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("OVCHAT_HOME") == str(home) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def ask(terminal: Terminal, home: Path, question: str = "Tell me about temperature.") -> None:
    """Ask, and wait for the first words."""
    before = len(answers(home))
    terminal.type(question)
    terminal.press("enter")
    wait_until(lambda: len(found := answers(home)) > before and found[-1][0])
