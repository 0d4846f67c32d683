"""What TERM says: whether a screen can be drawn at all, and in how many colours."""

from __future__ import annotations

import os
from collections.abc import Mapping

_NO_SCREEN = ("", "dumb", "unknown", "network", "printer")
# They have all colours; their names say it, and ssh hands on no other variable.
_ALL_COLOURS = ("alacritty", "contour", "foot", "ghostty", "kitty", "rio", "wezterm", "xterm-ghostty", "xterm-kitty")


def draws(environment: Mapping[str, str]) -> bool:
    """Whether a screen can be drawn on the terminal."""
    return os.name == "nt" or environment.get("TERM", "") not in _NO_SCREEN


def colours(environment: Mapping[str, str]) -> str:
    """How many colours there are, as Rich calls it: "truecolor", "256" or "standard" (16)."""
    term = environment.get("TERM", "")
    if environment.get("COLORTERM", "").lower() in ("truecolor", "24bit") or term.endswith("-direct"):
        return "truecolor"
    return "256" if term.endswith("256color") or term.startswith(_ALL_COLOURS) else "standard"
