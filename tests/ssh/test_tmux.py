"""The app in tmux, over ssh: detached, attached again, and the line cut."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ssh.server import Server, remote
from tests.waiting import wait_until

if os.name != "posix":
    pytest.skip("sshd is POSIX's", allow_module_level=True)

from tests.ssh.using import COPIED, ask, processes_of
from tests.terminal_driver import Terminal
from tests.using_ovchat import AT_ITS_END, COMMAND, answers, long_answers, ready

_CONFIG = "set -g status off\nset -g set-clipboard on\nset -g default-terminal tmux-256color\nset -sg escape-time 10\n"


@pytest.fixture
def tmux() -> Iterator[Path]:
    """A folder for a tmux server of its own; its path is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="tmux") as folder:
        path = Path(folder)
        (path / "config").write_text(_CONFIG)
        yield path
        subprocess.run(["tmux", "-S", path / "socket", "kill-server"], capture_output=True, check=False)


def attached(server: Server, home: Path, tmux: Path) -> Terminal:
    """A terminal attached to the session, in which the app runs; both are begun where there is none."""
    ovchat = remote(home)
    # What shells and tmux have in common: one string for a shell.
    session = ["tmux", "-S", str(tmux / "socket"), "-f", str(tmux / "config"), "new-session", "-A", "-s", "ovchat"]
    return Terminal(server.command(*session, f"'{' '.join(ovchat)}'"), columns=100, rows=30)


def test_detached_and_cut_in_the_middle_of_an_answer_nothing_stops(server: Server, tmp_path: Path, tmux: Path) -> None:
    long_answers(tmp_path, tokens=3000)
    with attached(server, tmp_path, tmux) as terminal:
        ready(terminal)
        ask(terminal, tmp_path)
        terminal.press("ctrl+b", "d")
        assert terminal.exit_code() == 0
        assert terminal.left_behind() == []
    wait_until(lambda: answers(tmp_path)[0][1])
    assert answers(tmp_path)[0][1] == "length"
    with attached(server, tmp_path, tmux) as terminal:
        terminal.wait_for(AT_ITS_END)
        terminal.press("alt+c")
        wait_until(lambda: COPIED.search(terminal.raw))
        assert base64.b64decode(COPIED.findall(terminal.raw)[-1]).decode() == answers(tmp_path)[0][0]
        ask(terminal, tmp_path, "Again, please.")
        terminal.type("and then")
        terminal.kill()  # ssh itself
    assert len(processes_of(tmp_path)) >= 1
    wait_until(lambda: answers(tmp_path)[1][1])
    with attached(server, tmp_path, tmux) as terminal:
        shown = terminal.wait_for(lambda text: AT_ITS_END in text and "tok/s" in text)
        terminal.resize(60, 20)
        terminal.wait_for(lambda text: "─" * 58 in text and "─" * 60 not in text)
        terminal.resize(100, 30)
        # But for the last row: it is counted a moment after the last word.
        terminal.wait_for(lambda text: text.splitlines()[:-1] == shown.splitlines()[:-1])
        terminal.press("ctrl+q")
        assert terminal.exit_code() == 0
    wait_until(lambda: not processes_of(tmp_path))


def test_stopped_and_continued_in_a_shell_of_tmux(server: Server, tmp_path: Path, tmux: Path) -> None:
    session = ["tmux", "-S", str(tmux / "socket"), "-f", str(tmux / "config"), "new-session", "-s", "shell"]
    command = server.command("env", "PS1=prompt:", f"OVCHAT_HOME={tmp_path}", *session, "bash --norc --noprofile")
    with Terminal(command, columns=100, rows=30) as terminal:
        terminal.wait_for("prompt:")
        terminal.type(f"{remote(tmp_path)[-1]}\r")
        ready(terminal)
        terminal.type("half a thought")
        shown = terminal.wait_for("half a thought")
        (process,) = [each for each in processes_of(tmp_path) if each.terminal() and COMMAND.name in each.name()]
        process.send_signal(signal.SIGTSTP)
        terminal.wait_for(lambda text: "Stopped" in text and "half a thought" not in text)
        terminal.type("echo in-between\r")
        terminal.wait_for("\nin-between")
        terminal.type("fg\r")
        terminal.wait_for(lambda text: text == shown)
        terminal.press("ctrl+q")
        terminal.wait_for(lambda text: "in-between" in text and "half a thought" not in text)
        terminal.type("exit\r")
        assert terminal.exit_code() == 0
