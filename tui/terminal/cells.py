"""What Textual draws, as the cells of a terminal: the form in which two frames are compared.

A cell is its text (one character with what combines with it; "" where it is the right half of a wide one) and its
look: the SGR codes that lead to it from a reset pen, as Textual writes them.
"""

from __future__ import annotations

import unicodedata
from enum import Enum, auto
from functools import lru_cache
from typing import NamedTuple

from rich.cells import split_graphemes
from rich.color import ColorSystem
from rich.style import Style
from textual.strip import Strip

Cell = tuple[str, str]
Row = tuple[Cell, ...]

BLANK: Cell = (" ", "")

_BOX_DRAWING = range(0x2500, 0x25A0)  # and blocks: a terminal that draws them wide can show no such program
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_REGIONAL_INDICATORS = range(0x1F1E6, 0x1F200)


class Look(NamedTuple):
    """A look taken apart: SGR codes of the attributes, of the foreground and of the background; "" for the default."""

    attributes: frozenset[str]
    foreground: str
    background: str


def cells_of(strip: Strip, colours: ColorSystem) -> list[Cell]:
    """The cells of a strip.

    Control characters, of which Textual does not know how the terminal takes them, are left out; so are hyperlinks.
    """
    cells: list[Cell] = []
    for text, style, control in strip:
        if not control and text:
            cells += _cells(text, _look_of(style, colours))
    return cells


@lru_cache(maxsize=2048)
def taken_apart(look: str) -> Look:
    """The codes of a look, sorted."""
    attributes, foreground, background = set(), "", ""
    codes = iter(look.split(";") if look else ())
    for code in codes:
        number = int(code)
        if number in (38, 48):
            kind = next(codes)
            colour = ";".join((code, kind, *(next(codes) for _ in range(1 if kind == "5" else 3))))
        else:
            colour = code
        if 30 <= number <= 39 or 90 <= number <= 97:
            foreground = "" if number == 39 else colour
        elif 40 <= number <= 49 or 100 <= number <= 107:
            background = "" if number == 49 else colour
        else:
            attributes.add(code)
    return Look(frozenset(attributes), foreground, background)


@lru_cache(maxsize=1024)
def seen_on_blank(look: str) -> str:
    """What of a look can be seen where there is no letter: the background, and lines if there are any."""
    attributes, _, background = taken_apart(look)
    return background if attributes <= {"1", "2", "3"} else look


class Width(Enum):
    """What is certain of the columns that a cell's text takes."""

    CERTAIN = auto()
    """All terminals agree."""
    LETTER = auto()
    """Some terminals in East Asia may draw it wide, and everything of its script."""
    AMBIGUOUS = auto()
    """Some terminals may draw it wide: punctuation and signs."""
    UNKNOWN = auto()
    """Terminals disagree: joined, modified, combined or new."""


@lru_cache(maxsize=4096)
def width_of(text: str) -> Width:
    """What is certain of the width of a cell's text."""
    if text.isascii():
        return Width.CERTAIN
    point = ord(text[0])
    if len(text) > 1 or point in _SKIN_TONES or point in _REGIONAL_INDICATORS or not unicodedata.name(text, ""):
        return Width.UNKNOWN
    if unicodedata.east_asian_width(text) != "A" or point in _BOX_DRAWING:
        return Width.CERTAIN
    return Width.LETTER if text.isalpha() else Width.AMBIGUOUS


def _look_of(style: Style | None, colours: ColorSystem) -> str:
    return "" if style is None else Strip.render_ansi(style, colours)


class _Alphabet(dict[str, Cell]):
    """The cells of one look by their text. Of ASCII each is made once: a row of its own ones would be 7 kB."""

    def __init__(self, look: str) -> None:
        super().__init__({" ": (" ", seen_on_blank(look)), "": ("", look)})
        self._look = look

    def __missing__(self, text: str) -> Cell:
        cell = (text, self._look)
        if text.isascii():
            self[text] = cell
        return cell


_alphabet = lru_cache(maxsize=256)(_Alphabet)


# About the texts that are on a screen; each word that is written makes another one.
@lru_cache(maxsize=1024)
def _cells(text: str, look: str) -> tuple[Cell, ...]:
    cell_of = _alphabet(look).__getitem__
    if text.isascii() and text.isprintable():
        return tuple(map(cell_of, text))
    cells: list[Cell] = []
    for begin, end, width in split_graphemes(text)[0]:
        grapheme = "".join(filter(_is_shown, text[begin:end]))
        if width and grapheme:
            cells.append(cell_of(grapheme))
            cells += [cell_of("")] * (width - 1)
    return tuple(cells)


def _is_shown(character: str) -> bool:
    return unicodedata.category(character) != "Cc"
