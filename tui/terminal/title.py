"""The title of the terminal's window or tab: set while it is ours, and given back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual.app import App

# Where there is a stack of titles, the one from before comes back from it; elsewhere there is none in the end.
KEPT, GIVEN_BACK = "\x1b[22;0t", "\x1b]2;\x07\x1b[23;0t"
_LONGEST = 80  # characters; nobody's tab is longer
# Consoles, and terminals of before there were windows: they would write the title on the screen.
_NONE = ("linux", "vt", "ansi", "pcansi", "cons", "pc3", "sun", "wsvt", "hurd", "eterm", "dumb")


def has_title(environment: Mapping[str, str]) -> bool:
    """Whether the terminal has a title to be set."""
    return not environment.get("TERM", "").startswith(_NONE)


def titled(text: str) -> str:
    """The sequence that sets a title. Nothing in the text ends it, or is obeyed."""
    safe = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    return f"\x1b]2;{safe if len(safe) <= _LONGEST else safe[: _LONGEST - 1] + '…'}\x07"


def show_title(app: App[Any], text: str) -> None:
    """Give the terminal a title, where it has one."""
    show = getattr(app._driver, "show_title", None)
    if show is not None:
        show(text)
