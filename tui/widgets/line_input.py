"""A box for one line that types characters and nothing else."""

from __future__ import annotations

from textual.events import Key
from textual.widgets import Input


class LineInput(Input):
    """Textual's Input, which takes Alt and a letter, as terminals send it, for the letter."""

    async def on_key(self, event: Key) -> None:
        if event.is_printable and set(event.key.split("+")[:-1]) - {"shift"}:
            # Input's own handler is not called; the event goes on to the screen's keys.
            event.prevent_default()
