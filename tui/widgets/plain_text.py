"""Text as it is, word for word, of which only what is seen is drawn."""

from __future__ import annotations

from textual.content import Content

from tui.widgets.block_view import BlockView
from tui.widgets.markdown_blocks import Block, Text

_PIECE = 40  # lines that are laid out together


class PlainText(BlockView):
    """Text that may change at its end."""

    def __init__(self, text: str = "") -> None:
        super().__init__(_pieces(text))

    def show(self, text: str) -> None:
        """Show another text; nothing is laid out again before the place from which on it is another one."""
        pieces, kept = _pieces(text), 0
        while kept < min(len(pieces), len(self.blocks)) and pieces[kept] == self.blocks[kept]:
            kept += 1
        if kept < max(len(pieces), len(self.blocks)):
            self.replace(kept, pieces[kept:])


def _pieces(text: str) -> list[Block]:
    lines = text.split("\n")
    pieces = ["\n".join(lines[begin : begin + _PIECE]) for begin in range(0, len(lines), _PIECE)]
    return [Block((Text(Content(piece)),), joined=number > 0) for number, piece in enumerate(pieces)]
