"""Text of exactly so many cells, as a table wants it."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size


def fitted(text: str, width: int, *, right: bool = False) -> str:
    """One line of text in so many cells: filled up with spaces, or cut off with an ellipsis.

    Args:
        text: Without control characters.
        width: Cells, at least one.
        right: The spaces come first.
    """
    if (length := cell_len(text)) > width:
        return set_cell_size(text, width - 1) + "…"
    spaces = " " * (width - length)
    return spaces + text if right else text + spaces
