"""What a real tmux is asked, and what follows where there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tui.terminal.link import link
from tui.terminal.tmux import asked_tmux

XTERM = {"TERM": "xterm-256color"}
SSH = {"SSH_CONNECTION": "10.0.0.1 50000 10.0.0.2 22"}


@pytest.mark.skipif(shutil.which("tmux") is None, reason="there is no tmux")
def test_tmux_knows_who_is_attached_now(tmp_path: Path) -> None:
    socket = tmp_path / "tmux"
    tmux = ["tmux", "-S", str(socket), "-f", os.devnull]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SSH_")}
    subprocess.run([*tmux, "new-session", "-d", "cat"], env={**clean, **XTERM}, check=True)
    try:
        inside = {**clean, "TERM": "screen", "TMUX": f"{socket},1,0"}
        assert not link(*asked_tmux(inside)).remote
        subprocess.run([*tmux, "set-environment", "SSH_CONNECTION", SSH["SSH_CONNECTION"]], check=True)
        assert link(*asked_tmux(inside)).remote
        subprocess.run([*tmux, "set-environment", "-r", "SSH_CONNECTION"], check=True)
        assert not link(*asked_tmux(inside | SSH)).remote
    finally:
        subprocess.run([*tmux, "kill-server"], check=True)


def test_without_a_tmux_that_answers_nothing_changes() -> None:
    assert asked_tmux(XTERM) == (XTERM, "")
    gone = {**XTERM, "TMUX": "/nowhere/tmux,1,0", "PATH": os.environ.get("PATH", sys.prefix)}
    assert asked_tmux(gone) == (gone, "")
