"""The app over ssh on a line of 2 kB a second, which stalls."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.ssh.relay import Relay
from tests.ssh.server import Server
from tests.waiting import wait_until

if os.name != "posix":
    pytest.skip("sshd is POSIX's", allow_module_level=True)

from tests.ssh.using import over_ssh, processes_of
from tests.terminal_driver import Terminal
from tests.using_ovchat import answers, long_answers, ready
from tui.terminal.in_flight import QUESTION

_SLOW = 2000
_STALL_S = 10.0
_REST_S = 1.0


def drafts(home: Path) -> list[str]:
    with closing(sqlite3.connect(f"file:{home / 'conversations.db'}?mode=ro", uri=True)) as database:
        return [text for (text,) in database.execute("SELECT text FROM drafts")]


def frames(terminal: Terminal, begin: int) -> list[int]:
    """Bytes of each frame that came whole since so many bytes had come; of the first, what came since then."""
    return [len(frame) for frame in terminal.raw[begin:].split(QUESTION.encode())[:-1]]


def whole_frame(terminal: Terminal, relay: Relay) -> int:
    """Bytes of all of the screen."""
    rest(relay)
    begin = terminal.written
    terminal.press("ctrl+l")
    wait_until(lambda: frames(terminal, begin))
    rest(relay)
    return max(frames(terminal, begin))


def rest(relay: Relay) -> None:
    """Wait until nothing more comes."""
    carried, since = relay.carried, time.monotonic()
    while time.monotonic() < since + _REST_S:
        time.sleep(0.05)
        if relay.busy or relay.carried != carried:
            carried, since = relay.carried, time.monotonic()


def test_esc_and_typing_while_it_stalls_and_the_screen_afterwards(server: Server, tmp_path: Path) -> None:
    long_answers(tmp_path)
    with Relay(server.port, _SLOW) as relay, over_ssh(server, tmp_path, port=relay.port, size=(80, 24)) as terminal:
        ready(terminal)
        terminal.type("Tell me about temperature.")
        terminal.press("enter")
        wait_until(lambda: (found := answers(tmp_path)) and found[0][0])
        relay.stall(_STALL_S)
        terminal.press("escape")
        wait_until(lambda: answers(tmp_path)[0][1] == "cancelled")
        terminal.type("typed while it stalls")
        wait_until(lambda: drafts(tmp_path) == ["typed while it stalls"])
        assert relay.stalls
        wait_until(lambda: not relay.stalls)
        begin = terminal.written
        ((text, _),) = answers(tmp_path)
        last = text.split()[-1].strip("*`")
        wanted = ("typed while it stalls", "stopped, Alt+G", last)
        seen = terminal.wait_for(lambda text: all(each in text for each in wanted))
        sizes = frames(terminal, begin)
        # None has queued: what was under way (a second frame may follow a short one), and one more to be right.
        assert len(sizes) <= 3, sizes
        assert max(sizes, default=0) <= whole_frame(terminal, relay)
        # But for the last row: it is counted a moment after the last word.
        terminal.wait_for(lambda text: text.splitlines()[:-1] == seen.splitlines()[:-1])
        terminal.press("ctrl+q")
        assert terminal.exit_code(20) == 0
    wait_until(lambda: not processes_of(tmp_path))
