"""Colours of code: few, by the theme's variables."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from pygments.token import Token as Kind
from textual.content import Content
from textual.highlight import HighlightTheme, highlight

if TYPE_CHECKING:
    from textual.highlight import TokenType


class _Colours(HighlightTheme):
    """What structures code (keywords, definitions), and what is not code (strings, comments, numbers)."""

    STYLES: dict[TokenType, str] = {  # noqa: RUF012 - as Textual declares it
        Kind.Comment: "$foreground 60% italic",
        Kind.Keyword: "$text-primary",
        Kind.Keyword.Constant: "$text-warning",
        Kind.Literal.Number: "$text-warning",
        Kind.Literal.String: "$text-success",
        Kind.Name.Class: "bold",
        Kind.Name.Function: "bold",
        Kind.Name.Tag: "$text-primary",
        Kind.Operator.Word: "$text-primary",
        Kind.Generic.Inserted: "$text-success",
        Kind.Generic.Deleted: "$text-error",
        Kind.Generic.Heading: "bold",
    }


class _AnsiColours(HighlightTheme):
    """The same in the terminal's own colours."""

    STYLES: dict[TokenType, str] = {  # noqa: RUF012 - as Textual declares it
        Kind.Comment: "dim italic",
        Kind.Keyword: "ansi_blue",
        Kind.Keyword.Constant: "ansi_yellow",
        Kind.Literal.Number: "ansi_yellow",
        Kind.Literal.String: "ansi_green",
        Kind.Name.Class: "bold",
        Kind.Name.Function: "bold",
        Kind.Name.Tag: "ansi_blue",
        Kind.Operator.Word: "ansi_blue",
        Kind.Generic.Inserted: "ansi_green",
        Kind.Generic.Deleted: "ansi_red",
        Kind.Generic.Heading: "bold",
    }


# An answer is drawn in full at its end, at every new width and when it is scrolled to; its code stays the same.
@functools.lru_cache(maxsize=256)
def coloured(code: str, language: str, *, ansi: bool) -> Content:
    """`code` with the colours of `language`; without any where that is not known."""
    return highlight(code, language=language, theme=_AnsiColours if ansi else _Colours)
