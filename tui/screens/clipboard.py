"""Copying, wherever something is selected or chosen."""

from __future__ import annotations

from textual.app import App


def copy(app: App[None], text: str) -> str:
    """Send `text` to the terminal's clipboard; what to tell the user."""
    app.copy_to_clipboard(text)
    return f"{len(text):,} characters were sent to the terminal's clipboard. If they did not arrive: Alt+S saves."
