"""The items of a JSON file one after the other, for files that are larger than what should be in memory at once."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

_PIECE = 1 << 20  # bytes
_SPACES = re.compile("[ \t\n\r]*")
_LARGEST = 1 << 28  # characters of one value: what a few bytes of a .zip unpack to could be more than the memory


class BadJson(Exception):
    """The file is no JSON; says where."""


def items(file: BinaryIO) -> Iterator[Any]:
    """The items of the list that a file is; a file that is something else is the only item.

    Only one item is in memory, and what was read ahead.

    Args:
        file: UTF-8, with or without a mark at its beginning.

    Raises:
        BadJson: From here on it is not JSON.
        UnicodeDecodeError: It is not UTF-8; `start` counts from the beginning of the file.
        OSError: It cannot be read.
    """
    text = _Text(file)
    if text.next() != "[":
        yield text.value()
        text.expect("")
        return
    text.expect("[")
    if text.next() == "]":
        text.expect("]")
        text.expect("")
        return
    while True:
        yield text.value()
        if text.next() != ",":
            break
        text.expect(",")
    text.expect("]")
    text.expect("")


class _Text:
    """What is read of the file and not yet used."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._decode = json.JSONDecoder().raw_decode
        self._text = ""
        self._at = 0  # what is before it is used
        self._bytes = 0
        self._characters = self._lines = 0  # of what was let go
        self._ended = False

    def next(self) -> str:
        """The next character that is no space; "" at the end."""
        while True:
            spaces = _SPACES.match(self._text, self._at)
            assert spaces is not None
            self._at = spaces.end()
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more(_PIECE):
                return ""

    def expect(self, character: str) -> None:
        """Go beyond the next character, which has to be this one; "" is the end."""
        if (found := self.next()) != character:
            raise self._error(f"expecting {repr(character) if character else 'the end'}", self._at)
        self._at += len(found)

    def value(self) -> Any:
        """The next value."""
        self.next()
        while True:
            try:
                value, end = self._decode(self._text, self._at)
            except RecursionError:
                raise self._error("it is nested too deeply", self._at) from None
            except json.JSONDecodeError as error:
                if len(self._text) - self._at > _LARGEST:
                    raise self._error(f"one value has more than {_LARGEST:,} characters", self._at) from None
                # It may only not be there as a whole. Twice as much each time, or it would be read again and again.
                if self._more(max(_PIECE, len(self._text) - self._at)):
                    continue
                raise self._error(error.msg, error.pos) from None
            except ValueError as error:  # a number of 5,000 digits
                raise self._error(str(error), self._at) from None
            # A number may go on in the next piece.
            if end < len(self._text) or not self._more(_PIECE):
                self._at = end
                return value

    def _more(self, size: int) -> bool:
        if self._ended:
            return False
        data = self._file.read(size)
        self._ended = not data
        self._characters += self._at
        self._lines += self._text.count("\n", 0, self._at)
        before = self._bytes - len(self._decoder.getstate()[0])
        try:
            new = self._decoder.decode(data, final=self._ended)
        except UnicodeDecodeError as error:
            error.start, error.end = error.start + before, error.end + before
            raise
        self._bytes += len(data)
        self._text, self._at = self._text[self._at :] + new, 0
        return not self._ended

    def _error(self, what: str, at: int) -> BadJson:
        line = self._lines + self._text.count("\n", 0, at) + 1
        return BadJson(f"{what[:1].lower()}{what[1:]} in line {line:,}, character {self._characters + at + 1:,} of all")
