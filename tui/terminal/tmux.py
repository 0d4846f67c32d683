"""What tmux is asked: who is attached to it now, and what it hands on to their terminal."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping

from tui.terminal.link import REMOTE

_ANSWER_S = 1.0


def asked_tmux(environment: Mapping[str, str]) -> tuple[Mapping[str, str], str]:
    """`environment`, corrected by what tmux knows of who is attached now, and what it calls their terminal.

    What a shell in tmux has in its environment is from when its window was made, by whoever was attached then. Where
    there is no tmux to ask: the same, and "".
    """
    told = _ask(environment, "display-message", "-p", "#{client_termtype}\n#{client_termname}", ";", "show-environment")
    if told is None:
        return environment, ""
    termtype, termname, *lines = told.split("\n")
    corrected = dict(environment)
    for line in lines:
        name, _, value = line.removeprefix("-").partition("=")
        if name in REMOTE:
            corrected[name] = "" if line.startswith("-") else value
    return corrected, termtype or termname


def tmux_hands_on(environment: Mapping[str, str]) -> bool | None:
    """Whether tmux hands on what is copied, as its options are now; None where it cannot be asked."""
    pane = environment.get("TMUX_PANE", "")
    where = ["-t", pane] if pane else []
    told = _ask(environment, "display-message", *where, "-p", "#{set-clipboard},#{allow-passthrough}")
    if told is None:
        return None
    takes, _, hands_on = told.strip().partition(",")
    # Before 3.3 there was no such option, and everything was handed on.
    return takes in ("on", "2") or hands_on not in ("off", "0")


def _ask(environment: Mapping[str, str], *command: str) -> str | None:
    """What a command of tmux says; None where there is no tmux that answers."""
    if not environment.get("TMUX"):
        return None
    try:
        told = subprocess.run(
            ["tmux", *command],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_ANSWER_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return os.fsdecode(told.stdout)
