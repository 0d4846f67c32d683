"""Colours of code: few, by the theme's variables."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from pygments.lexers import get_lexer_by_name
from pygments.token import Token as Kind
from pygments.util import ClassNotFound
from textual.content import Span

from tui.widgets.block_layout import TAB

if TYPE_CHECKING:
    from pygments.token import _TokenType

_STYLES: dict[_TokenType, tuple[str, str]] = {
    # What structures code (keywords, definitions), and what is not code (strings, comments, numbers): by the theme, and
    # in the terminal's own colours.
    Kind.Comment: ("$foreground-muted italic", "dim italic"),
    Kind.Keyword: ("$text-primary", "ansi_blue"),
    Kind.Keyword.Constant: ("$text-warning", "ansi_yellow"),
    Kind.Literal.Number: ("$text-warning", "ansi_yellow"),
    Kind.Literal.String: ("$text-success", "ansi_green"),
    Kind.Name.Class: ("bold", "bold"),
    Kind.Name.Function: ("bold", "bold"),
    Kind.Name.Tag: ("$text-primary", "ansi_blue"),
    Kind.Operator.Word: ("$text-primary", "ansi_blue"),
    Kind.Generic.Inserted: ("$text-success", "ansi_green"),
    Kind.Generic.Deleted: ("$text-error", "ansi_red"),
    Kind.Generic.Heading: ("bold", "bold"),
}
_MOST = 64  # blocks of code whose colours are kept

Colours = list[list[Span]]
"""Of each line of code, the styled spans."""

_known: OrderedDict[tuple[str, str, bool], Colours] = OrderedDict()
_lock = threading.Lock()


def known_colours(code: str, language: str, *, ansi: bool) -> Colours | None:
    """The colours of `code` where they were found before, and not long ago."""
    with _lock:
        if (found := _known.get((code, language, ansi))) is not None:
            _known.move_to_end((code, language, ansi))
        return found


def find_colours(code: str, language: str, *, ansi: bool) -> Colours:
    """The colours of `code` in `language`, tabs being expanded; none where that is not known.

    It takes 7 ms for each thousand characters, and 70 ms for the first ones of a language: not for the event loop.
    """
    if (found := known_colours(code, language, ansi=ansi)) is None:
        found = _found(code, language, ansi)
        with _lock:
            _known[code, language, ansi] = found
            while len(_known) > _MOST:
                _known.popitem(last=False)
    return found


def _found(code: str, language: str, ansi: bool) -> Colours:
    code = code.expandtabs(TAB)
    lines: Colours = [[Span(0, len(line), "$text")] for line in code.split("\n")]
    try:
        lexer = get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        return lines
    row = column = 0
    for kind, text in lexer.get_tokens(code):
        style = _style(kind, ansi)
        for index, piece in enumerate(text.split("\n")):
            if index:
                row, column = row + 1, 0
            if style and piece and row < len(lines):
                lines[row].append(Span(column, column + len(piece), style))
            column += len(piece)
    return lines


def _style(kind: _TokenType, ansi: bool) -> str:
    of: _TokenType | None = kind
    while of is not None and of not in _STYLES:
        of = of.parent
    return _STYLES[of][ansi] if of is not None else ""
