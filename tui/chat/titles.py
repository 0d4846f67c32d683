"""A conversation's title, from what the user said first."""

from __future__ import annotations

import re

LONGEST = 60
_FENCE = re.compile(r"\s*(```|~~~)")
_MARKS = re.compile(r"^\s*(?:#{1,6}\s+|>\s*|[-*+]\s+|\d+[.)]\s+)+")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_EMPHASIS = re.compile(r"(\*\*|__|~~|`+|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w))")


def derive_title(text: str) -> str:
    """The first line that says something, without Markdown's marks, cut at a word; "" where none does.

    It has at most `LONGEST` characters, and no control characters.
    """
    # The beginning of a pasted book is enough.
    for line in text[:20_000].splitlines():
        title = _plain(line)
        if any(character.isalnum() for character in title):
            return _cut(title)
    # Nothing but signs: better than no title.
    return _cut(_plain(text[:200]))


def _plain(line: str) -> str:
    if _FENCE.match(line):
        return ""
    line = _EMPHASIS.sub("", _LINK.sub(r"\1", _MARKS.sub("", line)))
    return " ".join("".join(each if each.isprintable() else " " for each in line).split())


def _cut(title: str) -> str:
    if len(title) <= LONGEST:
        return title
    beginning = title[: LONGEST - 1]
    # A word that ends exactly there is whole; a text without spaces (CJK, an address) is cut where it is.
    word = beginning if title[LONGEST - 1] == " " else beginning.rpartition(" ")[0]
    return (word if len(word) > LONGEST // 2 else beginning).rstrip(" ,;:.-") + "…"
