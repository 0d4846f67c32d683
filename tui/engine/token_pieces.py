"""Tokens one by one, as they are to be read: the text of each, and which are special. Light to import."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable
from typing import NamedTuple


class TokenPiece(NamedTuple):
    """A token of a text.

    Attributes:
        token_id: Its id.
        text: Its part of the text. A character of several tokens belongs to the one that completes it; those before
            have their bytes instead, as `<0xE6>`.
        special: It is no text, but a sign for the model.
        part: It only has bytes of a character that is completed later.
    """

    token_id: int
    text: str
    special: bool = False
    part: bool = False


def split(ids: Iterable[int], data_of: Callable[[int], bytes], is_special: Callable[[int], bool]) -> list[TokenPiece]:
    """The pieces of a text.

    Args:
        ids: Its tokens.
        data_of: The bytes of a token in the middle of a text.
        is_special: Whether a token is a special one.
    """
    known: dict[int, tuple[bytes, bool]] = {}
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    pieces = []
    for token_id in ids:
        if token_id not in known:
            known[token_id] = data_of(token_id), is_special(token_id)
        data, special = known[token_id]
        text = decoder.decode(data)
        if text or not data:
            pieces.append(TokenPiece(token_id, text, special))
        else:
            shown = "".join(f"<0x{byte:02X}>" for byte in data)
            pieces.append(TokenPiece(token_id, shown, special, part=True))
    return pieces
