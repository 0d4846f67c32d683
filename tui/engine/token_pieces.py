"""Tokens one by one, as they are to be read: the text of each, and which are special. Light to import.

Of a long prompt there are ten thousands: so they are a few lists, and not an object each, among which Python would look
for garbage again and again.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TokenPieces:
    """The tokens of a text.

    Attributes:
        ids: Their ids.
        texts: Of each its part of the text. A character of several tokens belongs to the one that completes it; those
            before have their bytes instead, as `<0xE6>`.
        special: Ids of those that are no text, but signs for the model.
        parts: Places of those that only have bytes of a character that is completed later.
    """

    ids: Sequence[int]
    texts: Sequence[str]
    special: frozenset[int]
    parts: frozenset[int]

    def __len__(self) -> int:
        return len(self.ids)


def split(ids: Iterable[int], data_of: Callable[[int], bytes], is_special: Callable[[int], bool]) -> TokenPieces:
    """The pieces of a text.

    Args:
        ids: Its tokens.
        data_of: The bytes of a token in the middle of a text.
        is_special: Whether a token is a special one.
    """
    ids = list(ids)
    known = {token_id: data_of(token_id) for token_id in set(ids)}
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    texts, parts = [], set()
    for place, token_id in enumerate(ids):
        data = known[token_id]
        text = decode(data)
        if data and not text:
            parts.add(place)
            text = "".join(f"<0x{byte:02X}>" for byte in data)
        texts.append(text)
    return TokenPieces(ids, texts, frozenset(filter(is_special, known)), frozenset(parts))
