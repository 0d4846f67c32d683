"""The text of a token in one line, every character of it visible: between quotes, line ends and tabs as escapes."""

from __future__ import annotations

from tui.widgets.visible import SHOWN

_ESCAPES = {**SHOWN, ord("\n"): "\\n", ord("\t"): "\\t", ord("\r"): "\\r"}


def quoted(text: str) -> str:
    """`text` between quotes."""
    return f'"{text.translate(_ESCAPES)}"'
