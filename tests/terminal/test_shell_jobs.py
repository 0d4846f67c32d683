"""The app as a job of a shell, which takes the terminal back whenever the app is stopped."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

if os.name != "posix":
    pytest.skip("pseudo-terminals are POSIX's", allow_module_level=True)

import shlex

from tests.terminal_driver import Terminal
from tests.waiting import wait_until

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")

ROOT = Path(__file__).parents[2]
PROMPT = "the shell:"


@contextmanager
def job(home: Path, module: str, *arguments: str) -> Iterator[tuple[Terminal, psutil.Process]]:
    """A module's app, "half a thought" typed, and its process."""
    bash = ["bash", "--norc", "--noprofile", "-i"]
    environment = {"PS1": PROMPT, "OVCHAT_HOME": str(home)}
    with Terminal(bash, columns=100, rows=30, environment=environment, cwd=ROOT) as terminal:
        terminal.wait_for(PROMPT)
        terminal.type(shlex.join([sys.executable, "-m", module, *arguments]) + "\r")
        terminal.wait_for("Enter sends", 60)
        terminal.type("half a thought")
        terminal.wait_for("half a thought")
        (process,) = psutil.Process(terminal.process.pid).children()
        try:
            yield terminal, process
        finally:
            if process.is_running():
                process.kill()


def stopped(terminal: Terminal, process: psutil.Process, stop: signal.Signals) -> None:
    """It is, and the shell has said so."""
    before = terminal.written
    process.send_signal(stop)
    wait_until(lambda: process.status() == psutil.STATUS_STOPPED)
    wait_until(lambda: PROMPT.encode() in terminal.raw[before:], what="the shell is back")


@pytest.mark.parametrize("stop", [signal.SIGTSTP, signal.SIGSTOP])
def test_in_the_foreground_again_it_has_the_terminal_and_every_key(tmp_path: Path, stop: signal.Signals) -> None:
    with job(tmp_path, "tests.terminal.scripted_app", str(tmp_path)) as (terminal, process):
        stopped(terminal, process, stop)
        before = terminal.written
        # Ctrl+U: what the terminal answers to a process that SIGSTOP stopped, the shell takes for typed.
        terminal.type("\x15fg\r")
        wait_until(lambda: b"Enter sends" in terminal.raw[before:], what="all of it again")
        wait_until(lambda: terminal.gives_keys_as_they_are, what="the app has the terminal")
        terminal.type(", gone on")
        terminal.wait_for("half a thought, gone on")
        before = terminal.written
        terminal.press("ctrl+q")
        wait_until(lambda: PROMPT.encode() in terminal.raw[before:], what="the shell is back")
        assert not process.is_running()


@pytest.mark.slow
@pytest.mark.parametrize("output", ["diff", "textual"])
def test_stopped_it_can_be_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str) -> None:
    """The shell continues what it ends, in the background."""
    monkeypatch.setenv("OVCHAT_OUTPUT", output)
    with job(tmp_path, "tui") as (terminal, process):
        stopped(terminal, process, signal.SIGTSTP)
        terminal.type("kill %1; echo typed blindly\r")
        wait_until(lambda: not process.is_running())
        terminal.type("echo and then seen\r")
        text = terminal.wait_for(lambda text: "and then seen" in text and "Exit 143" in text)
        assert "typed blindly" in text
    with job(tmp_path, "tui") as (terminal, _):
        terminal.wait_for(lambda text: text.count("half a thought") == 2)
