"""Which characters a terminal shows, as the locale has it, and what comes near to those that it does not.

Python reads and writes UTF-8 in the locale C, too, and sets LC_CTYPE so; that says nothing of the terminal. So the
environment is read as it was before: in C, POSIX, and where nothing is set, a terminal shows ASCII.
"""

from __future__ import annotations

import codecs
import locale
import os
import sys
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

APPROXIMATE = "ovchat.approximate"
"""Name of the way to encode what a charset does not have: by ASCII that looks like it and is as wide."""
UTF_8, ASCII = "utf-8", "ascii"

# What Python sets LC_CTYPE to in the locale C (PEP 538).
_PYTHONS_OWN = {"C.UTF-8", "C.utf8", "UTF-8"}
_NEAR = {
    **dict.fromkeys("─━┄┅┈┉╌╍╴╶╸╺╼╾▔▁▂▃▄‐‑‒–—―−", "-"),
    **dict.fromkeys("│┃┆┇┊┋╎╏╵╷╹╻╽╿║▏▎▍▌▐▕", "|"),
    **dict.fromkeys("═", "="),
    **dict.fromkeys("▀▅▆▇█▉▊▋▓■▪", "#"),
    **dict.fromkeys("░▒", ":"),
    **dict.fromkeys("•●◆★✱", "*"),
    **dict.fromkeys("○◦◇☆", "o"),
    **dict.fromkeys("·…", "."),
    **dict.fromkeys("‘’‚′", "'"),
    **dict.fromkeys("“”„″«»", '"'),
    **dict.fromkeys("←◀◂‹", "<"),
    **dict.fromkeys("→▶▸›", ">"),
    **dict.fromkeys("↑▲▴", "^"),
    **dict.fromkeys("↓▼▾✓✔", "v"),
    **dict.fromkeys("↵", "\\"),
    **dict.fromkeys("×✗✘", "x"),
    **dict.fromkeys("¡", "!"),
    "ß": "s", "æ": "a", "Æ": "A", "ø": "o", "Ø": "O", "œ": "o", "Œ": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D",
    "ð": "d", "Ð": "D", "þ": "p", "Þ": "P", "ı": "i", "€": "E", "£": "L", "¥": "Y", "¢": "c",
}  # fmt: skip
_BOX_DRAWING = range(0x2500, 0x2580)  # what is not in the table are corners and crossings


def charset(environment: Mapping[str, str], *, utf8_mode: bool = bool(sys.flags.utf8_mode)) -> str:
    """Python's name of the charset that the locale has.

    Args:
        environment: As Python has it.
        utf8_mode: Python's UTF-8 mode is on, as it is in the locale C.
    """
    if os.name == "nt":  # its console takes Unicode whatever the code page
        return UTF_8
    ctype = environment.get("LC_CTYPE", "")
    if utf8_mode and ctype in _PYTHONS_OWN:
        ctype = ""
    name = environment.get("LC_ALL") or ctype or environment.get("LANG") or "C"
    _, _, wanted = locale.normalize(name.partition("@")[0] if "." in name else name).partition(".")
    if not wanted and name.upper() in ("UTF-8", "UTF8"):  # macOS
        wanted = name
    try:
        return codecs.lookup(wanted).name if wanted else ASCII
    except LookupError:
        return ASCII


@lru_cache(maxsize=4096)
def near(grapheme: str) -> str:
    """ASCII that is as wide as a grapheme, and looks like it if anything does."""
    from rich.cells import cell_len  # `ovchat --help` answers at once

    width = cell_len(grapheme)
    first = grapheme[0]
    if first in _NEAR:
        shown = _NEAR[first]
    elif ord(first) in _BOX_DRAWING:
        shown = "+"
    elif first.isspace():
        shown = " "
    else:
        base = unicodedata.normalize("NFKD", first)[0]
        shown = base if base.isascii() and base.isalnum() else "?"
    return shown * width


def _approximated(error: UnicodeError) -> tuple[str, int]:
    from rich.cells import split_graphemes

    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    return "".join(near(text[begin:end]) for begin, end, width in split_graphemes(text)[0] if width), error.end


codecs.register_error(APPROXIMATE, _approximated)
