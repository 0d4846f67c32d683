"""A question before something that cannot be undone."""

from __future__ import annotations

import sys

import click

from tui.cli import console


def agreed(question: str, yes: bool, does: str, *, otherwise: str = "It stays.") -> bool:
    """Ask on standard error, where a "no" is said to have changed nothing.

    Args:
        question: With its question mark.
        yes: The user has said so on the command line; nothing is asked.
        does: What --yes does, as in "deletes".
        otherwise: What is said after a "no".

    Raises:
        click.UsageError: Nobody can be asked.
    """
    if yes:
        return True
    if sys.stdin is None or not console.is_terminal(sys.stdin):
        raise click.UsageError(f"Nobody can be asked here; --yes {does} without asking.")
    console.aside(f"{question} [y/N]", end=" ")
    try:
        answer = sys.stdin.readline()
    except OSError:  # the terminal has gone
        answer = ""
    if answer.strip().lower() in ("y", "yes"):
        return True
    console.aside(otherwise)
    return False
