"""A box for one line that types characters and nothing else."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType
from textual.events import Key
from textual.widgets import Input

from tui.widgets.typing_keys import typing_keys

# What these do, the screen says.
_LET_GO = frozenset({"enter", "ctrl+c,super+c"})
# As in a box of several lines, and in every shell: Textual's own deletes to the right with Alt+Backspace.
_OTHER = {"delete_left_word": "ctrl+w,ctrl+backspace,alt+backspace", "delete_right_word": "alt+delete"}


class LineInput(Input, inherit_bindings=False):
    """An Input that submits in the order of typing, and that leaves Alt and a letter to the screen's keys.

    Textual's own takes these, as terminals send them, for the letter.
    """

    BINDINGS: ClassVar[list[BindingType]] = typing_keys(Input, "line", _LET_GO, _OTHER)

    async def on_key(self, event: Key) -> None:
        if event.key == "enter":
            # Here and now, in the order of typing: as a binding it would overtake the letters before it.
            event.stop()
            event.prevent_default()
            await self.action_submit()
        elif event.is_printable and set(event.key.split("+")[:-1]) - {"shift"}:
            # Input's own handler is not called; the event goes on to the screen's keys.
            event.prevent_default()
