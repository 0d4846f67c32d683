"""Token ids to text as they are generated: every piece of text as soon as it is final.

What is held back is an incomplete character, and a space (or quote) that a rule of the model's own detokenizer may
still remove. The pieces put together are exactly `Tokenizer.decode` of all ids; the cost of a token does not depend on
how many came before.
"""

from __future__ import annotations

import codecs
from collections.abc import Collection, Iterable
from typing import Protocol

from tui.engine.errors import BadToken
from tui.engine.text_rules import Rule
from tui.engine.tokenizer import Tokenizer
from tui.engine.vocabulary import Joiner


class Detokenizer(Protocol):
    """The detokenizer of one text."""

    def add(self, token_id: int) -> str:
        """Take the next token; return the text that is final now, which may be empty.

        Raises:
            BadToken: The id is negative.
        """

    def finish(self) -> str:
        """Return what was held back; the text has ended."""


def detokenizer(tokenizer: Tokenizer, *, skip_special_tokens: bool = True, keep: Collection[int] = ()) -> Detokenizer:
    """A fresh detokenizer for one text.

    Args:
        tokenizer: The model's.
        skip_special_tokens: Leave special tokens out.
        keep: Ids that are shown even so: what marks thinking is a special token in some models (`<|channel|>`,
            `[THINK]`), and lost otherwise. A graph of an unknown kind then shows all special tokens.
    """
    if tokenizer.vocabulary is None:
        return WindowDetokenizer(tokenizer, skip_special_tokens=skip_special_tokens and not keep)
    joiner = tokenizer.vocabulary.pieces.joiner(skip_special_tokens=skip_special_tokens, keep=frozenset(keep))
    return TableDetokenizer(joiner, tokenizer.vocabulary.rules)


class TableDetokenizer:
    """Joins the bytes of the tokens and passes them through the rules of the graph; no inference, and exact."""

    def __init__(self, joiner: Joiner, rules: Iterable[Rule]) -> None:
        self._joiner = joiner
        self._filters = [rule() for rule in rules]
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def add(self, token_id: int) -> str:
        if token_id < 0:
            raise BadToken(f"{token_id} is not a token id.")
        data = self._joiner.add(token_id)
        for running in self._filters:
            data = running.feed(data)
        return self._decoder.decode(data)

    def finish(self) -> str:
        data = self._joiner.finish()
        for running in self._filters:
            data = running.feed(data) + running.finish()
        return self._decoder.decode(data, final=True)


class WindowDetokenizer:
    """For graphs of an unknown kind: decodes a window of the last tokens twice, and returns the difference.

    Exact where a token changes the text only near itself. A text that ends in U+FFFD or a space is not final, unless
    too many tokens wait.
    """

    CONTEXT = 4
    WAITING = 16

    def __init__(self, tokenizer: Tokenizer, *, skip_special_tokens: bool) -> None:
        self._tokenizer = tokenizer
        self._skip_special_tokens = skip_special_tokens
        self._window: list[int] = []
        self._settled = 0
        self._shown = ""

    def add(self, token_id: int) -> str:
        self._window.append(token_id)
        text = self._decode(self._window)
        if not text.endswith(("\N{REPLACEMENT CHARACTER}", " ")):
            return self._settle(text, len(self._window))
        if len(self._window) - self._settled > self.WAITING:
            # A character has at most four bytes: older ones can no longer change.
            count = len(self._window) - 4
            return self._settle(_common_beginning(self._decode(self._window[:count]), text), count)
        return ""

    def finish(self) -> str:
        return self._decode(self._window)[len(self._shown) :]

    def _settle(self, text: str, count: int) -> str:
        """Return what is new in the text of the window's first `count` tokens, and move the window on."""
        new = text[len(self._shown) :]
        start = max(0, min(self._settled, count - self.CONTEXT))
        self._window = self._window[start:]
        self._settled = count - start
        self._shown = self._decode(self._window[: self._settled])
        return new

    def _decode(self, ids: list[int]) -> str:
        return self._tokenizer.decode(ids, skip_special_tokens=self._skip_special_tokens)


def _common_beginning(one: str, other: str) -> str:
    count = 0
    while count < min(len(one), len(other)) and one[count] == other[count]:
        count += 1
    return one[:count]
