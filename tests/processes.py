"""Processes that a test began, or that began others."""

from __future__ import annotations

from pathlib import Path

import psutil

from tests.waiting import wait_until


def runs(pid: int) -> bool:
    """Whether a process has not ended yet."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def two_noted(pids: Path) -> bool:
    """Whether a program and the one that it began have put their ids into the file."""
    return pids.exists() and len(pids.read_text().split()) == 2


def all_end(pids: Path) -> None:
    """Wait until the processes whose ids are in the file have ended."""
    wait_until(lambda: not any(runs(int(pid)) for pid in pids.read_text().split()))
