"""What an OpenVINO detokenizer graph knows: the bytes of every token, which ids it skips, and the rules on its text.

Read once per model from the graph's constants; no inference. `read_vocabulary` returns None for a graph with an
operation that is not known here, and the text must then come from the graph itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from tui.engine import text_rules
from tui.engine.sentencepiece_model import SentencePieceModel


class Joiner(Protocol):
    """Turns the token ids of one text into bytes, as they come."""

    def add(self, token_id: int) -> bytes:
        """Return the bytes that are final with this token."""

    def finish(self) -> bytes:
        """Return what was held back."""


class Pieces(Protocol):
    """The tokens of a vocabulary."""

    @property
    def size(self) -> int:
        """The number of ids."""

    def piece(self, token_id: int) -> bytes:
        """The bytes of a token in the middle of a text, special ones included; empty where there is no such id."""

    def joiner(self, *, skip_special_tokens: bool, keep: frozenset[int] = frozenset()) -> Joiner:
        """A fresh joiner for one text; special tokens in `keep` are never skipped."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A detokenizer's tokens and rules.

    Args:
        pieces: The tokens.
        rules: What happens to the joined bytes, in order.
    """

    pieces: Pieces
    rules: tuple[text_rules.Rule, ...]


@dataclass(slots=True)
class PieceTable:
    """The constants of a `VocabDecoder` operation: byte-level BPE, BPE with byte fallback, unigram, WordPiece.

    Args:
        begins: i32[V], where a token begins in `chars`.
        ends: i32[V], where it ends.
        chars: The bytes of all tokens.
        skipped: Ids of special tokens.
        rules: Rules on single tokens, before they are joined.
    """

    begins: NDArray[np.int32]
    ends: NDArray[np.int32]
    chars: bytes
    skipped: frozenset[int]
    rules: tuple[text_rules.Rule, ...]
    _known: dict[int, bytes] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return len(self.begins)

    def piece(self, token_id: int) -> bytes:
        known = self._known.get(token_id)
        if known is None:
            known = b""
            if token_id < self.size:
                known = text_rules.apply(self.rules, self.chars[self.begins[token_id] : self.ends[token_id]])
            self._known[token_id] = known
        return known

    def joiner(self, *, skip_special_tokens: bool, keep: frozenset[int] = frozenset()) -> Joiner:
        return _TableJoiner(self, self.skipped - keep if skip_special_tokens else frozenset())


class _TableJoiner:
    def __init__(self, table: PieceTable, skipped: frozenset[int]) -> None:
        self._table = table
        self._skipped = skipped

    def add(self, token_id: int) -> bytes:
        return b"" if token_id in self._skipped else self._table.piece(token_id)

    def finish(self) -> bytes:
        return b""


class ByteFallback:
    """`<0x0A>` is the byte 10 (openvino_tokenizers, src/byte_fallback.cpp). Works on one token at a time."""

    def feed(self, data: bytes) -> bytes:
        if len(data) != 6 or data.rfind(b"<") != 0 or data.rfind(b">") != 5:
            return data
        digits = data[3:5]
        if data[1:3] == b"0x" and all(digit in b"0123456789ABCDEF" for digit in digits):
            return bytes([int(digits, 16)])
        # The operation looks the token up among the 256, finds -1 and writes it as a byte.
        return b"\xff"

    def finish(self) -> bytes:
        return b""


_PRINTABLE = (*range(33, 127), *range(161, 173), *range(174, 256))
_BYTE_OF_CHARACTER = {chr(byte): byte for byte in _PRINTABLE} | {
    chr(256 + place): byte for place, byte in enumerate(byte for byte in range(256) if byte not in _PRINTABLE)
}


class ByteLevel:
    """The printable stand-ins of byte-level BPE back to bytes (as GPT-2's vocabulary writes them).

    Works on one token at a time; one with any other character (`<｜end▁of▁sentence｜>`) is no stand-in, and stays.
    """

    def feed(self, data: bytes) -> bytes:
        try:
            return bytes(_BYTE_OF_CHARACTER[character] for character in data.decode())
        except (KeyError, UnicodeDecodeError):
            return data

    def finish(self) -> bytes:
        return b""


def read_vocabulary(detokenizer: ov.Model) -> Vocabulary | None:
    """Read the vocabulary of a detokenizer, as it is read from disk.

    Returns:
        None where the graph has an operation or a regular expression that is not known here.
    """
    joined: list[text_rules.Rule] = []
    single: list[text_rules.Rule] = []
    rules = joined
    node = detokenizer.outputs[0].get_node().input_value(0).get_node()
    while True:
        match node.get_type_name():
            case "StringTensorPack":
                node = node.input_value(0).get_node()
            case "UTF8Validate":
                rules.append(text_rules.valid_utf8(replace=bool(node.get_attributes()["replace_mode"])))
                node = node.input_value(0).get_node()
            case "RegexNormalization":
                first = 3 + (node.get_input_size() == 6)
                rule = text_rules.from_regex(constant_bytes(node, first), constant_bytes(node, first + 1))
                if rule is None:
                    return None
                rules.append(rule)
                node = node.input_value(0).get_node()
            case "FuzeRagged":
                rules = single
                node = node.input_value(2).get_node()
            case "CharsToBytes":
                rules = single
                rules.append(ByteLevel)
                node = node.input_value(2).get_node()
            case "ByteFallback" if rules is single:
                rules.append(ByteFallback)
                node = node.input_value(0).get_node()
            case "VocabDecoder" if rules is single:
                return Vocabulary(_piece_table(node, tuple(reversed(single))), tuple(reversed(joined)))
            case "SentencepieceDetokenizer" | "SentencepieceStreamDetokenizer" as kind if rules is joined:
                model = SentencePieceModel(constant_bytes(node, 0), streaming=kind == "SentencepieceStreamDetokenizer")
                return None if model.has_denormalizer else Vocabulary(model, tuple(reversed(joined)))
            case _:
                return None


def _piece_table(decoder: ov.Node, rules: tuple[text_rules.Rule, ...]) -> PieceTable:
    begins, ends = (np.array(decoder.input_value(i).get_node().data, np.int32).reshape(-1) for i in (1, 2))
    return PieceTable(begins, ends, constant_bytes(decoder, 3), skipped_ids(decoder), rules)


def skipped_ids(decoder: ov.Node) -> frozenset[int]:
    """Ids of the special tokens that a `VocabDecoder` operation leaves out (or can be told to)."""
    if decoder.get_input_size() < 5:  # written before 2025
        return frozenset(map(int, decoder.get_attributes()["skip_tokens"]))
    source = decoder.input_value(4).get_node()
    while source.get_type_name() != "Constant":  # a slice, all or nothing of the list
        source = source.input_value(0).get_node()
    return frozenset(map(int, source.data.reshape(-1)))


def constant_bytes(node: ov.Node, index: int) -> bytes:
    """The bytes of the constant at an operation's input."""
    return bytes(node.input_value(index).get_node().data.tobytes())
