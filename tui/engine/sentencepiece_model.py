"""A SentencePiece model as its detokenizer uses it: token ids to bytes, one at a time.

Reads the protobuf message `ModelProto` (sentencepiece_model.proto) and decodes as `SentencePieceProcessor::Decode`
does; no sentencepiece package is needed.
"""

from __future__ import annotations

from collections.abc import Iterator

_SPACE = "\N{LOWER ONE EIGHTH BLOCK}".encode()
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}".encode()

# ModelProto.SentencePiece.Type
_UNKNOWN, _CONTROL, _BYTE = 2, 3, 6


class SentencePieceModel:
    """The pieces of a serialised model.

    Args:
        serialised: A `ModelProto`.
        streaming: Decode as the `SentencepieceStreamDetokenizer` operation: every piece as it is, the first one too.
    """

    def __init__(self, serialised: bytes, *, streaming: bool) -> None:
        self._serialised = serialised
        self._streaming = streaming
        self._spans: list[tuple[int, int]] = []
        self._known: dict[int, tuple[bytes, int]] = {}
        self.unknown_surface = " \N{DOUBLE QUESTION MARK} ".encode()
        self.strips_leading_space = True
        self.strips_all_leading_spaces = True
        self.has_denormalizer = False
        self._read(serialised)

    def _read(self, data: bytes) -> None:
        add_dummy_prefix = remove_extra_whitespaces = 1
        for number, begin, end in _fields(data, 0, len(data)):
            match number:
                case 1:
                    self._spans.append((begin, end))
                case 2:
                    for inner, at, until in _fields(data, begin, end):
                        if inner == 44:  # TrainerSpec.unk_surface
                            self.unknown_surface = data[at:until]
                case 3:
                    for inner, at, _ in _fields(data, begin, end):
                        if inner == 3:
                            add_dummy_prefix = _varint(data, at)[0]
                        elif inner == 4:
                            remove_extra_whitespaces = _varint(data, at)[0]
                case 5:  # denormalizer_spec: its charsmap
                    self.has_denormalizer = any(
                        inner == 2 and until > at for inner, at, until in _fields(data, begin, end)
                    )
        self.strips_leading_space = bool(add_dummy_prefix or remove_extra_whitespaces)
        self.strips_all_leading_spaces = bool(remove_extra_whitespaces)

    @property
    def size(self) -> int:
        return len(self._spans)

    def typed_piece(self, token_id: int) -> tuple[bytes, int]:
        """The text of a piece as the model has it, and its type; control (so, nothing) where there is no such id."""
        known = self._known.get(token_id)
        if known is None:
            known = b"", _CONTROL
            if token_id < self.size:
                text, kind = b"", 1
                for number, begin, end in _fields(self._serialised, *self._spans[token_id]):
                    if number == 1:
                        text = self._serialised[begin:end]
                    elif number == 3:
                        kind = _varint(self._serialised, begin)[0]
                known = text, kind
            self._known[token_id] = known
        return known

    def piece(self, token_id: int) -> bytes:
        text, kind = self.typed_piece(token_id)
        return bytes([int(text[3:5], 16)]) if kind == _BYTE else text.replace(_SPACE, b" ")

    def with_visible_controls(self) -> bytes:
        """The serialised model with every control piece made user-defined, so that decoding keeps it."""
        data = bytearray(self._serialised)
        for begin, end in self._spans:
            for number, at, _ in _fields(self._serialised, begin, end):
                if number == 3 and data[at] == _CONTROL:
                    data[at] = 4
        return bytes(data)

    def joiner(self, *, skip_special_tokens: bool, keep: frozenset[int] = frozenset()) -> _StreamJoiner | _Joiner:
        """A joiner for one text. Special tokens (control pieces) are skipped, or not, or but for some."""
        return _StreamJoiner(self) if self._streaming else _Joiner(self, skip_special_tokens, keep)


class _StreamJoiner:
    """Every piece as it is, byte pieces as bytes (openvino_tokenizers, src/sentence_piece.cpp)."""

    def __init__(self, model: SentencePieceModel) -> None:
        self._model = model

    def add(self, token_id: int) -> bytes:
        text, _ = self._model.typed_piece(token_id)
        looks_like_byte = len(text) == 6 and text.startswith(b"<0x") and text.endswith(b">")
        return bytes([int(text[3:5], 16)]) if looks_like_byte else text

    def finish(self) -> bytes:
        return b""


class _Joiner:
    """`SentencePieceProcessor::Decode` on a growing list of ids (sentencepiece, src/sentencepiece_processor.cc)."""

    def __init__(self, model: SentencePieceModel, skip_special_tokens: bool, keep: frozenset[int]) -> None:
        self._model = model
        self._skip_special_tokens = skip_special_tokens
        self._keep = keep
        self._bytes = b""
        self._at_start = model.strips_leading_space
        self._stripped = False
        self._empty = True

    def add(self, token_id: int) -> bytes:
        if token_id >= self._model.size:
            return b""
        text, kind = self._model.typed_piece(token_id)
        if kind == _BYTE:
            self._bytes += bytes([int(text[3:5], 16)])
            return self._note(self._characters(final=False))
        before = self._note(self._characters(final=True))
        if self._stripped or not self._empty:
            self._at_start = False
        self._stripped = False
        if kind == _CONTROL and self._skip_special_tokens and token_id not in self._keep:
            return before
        return before + self._note(self._surface(text, kind))

    def finish(self) -> bytes:
        return self._characters(final=True)

    def _surface(self, text: bytes, kind: int) -> bytes:
        if kind == _UNKNOWN:
            return self._model.unknown_surface
        if self._at_start and text.startswith(_SPACE):
            text = text.removeprefix(_SPACE)
            self._stripped = not self._model.strips_all_leading_spaces
        return text.replace(_SPACE, b" ")

    def _characters(self, *, final: bool) -> bytes:
        """Take whole characters from the byte pieces; a byte that begins none is U+FFFD."""
        out = b""
        while self._bytes:
            try:
                self._bytes.decode()
            except UnicodeDecodeError as error:
                out += self._bytes[: error.start]
                self._bytes = self._bytes[error.start :]
                if error.reason == "unexpected end of data" and not final:
                    break
                out += _REPLACEMENT
                self._bytes = self._bytes[1:]
            else:
                out += self._bytes
                self._bytes = b""
        return out

    def _note(self, text: bytes) -> bytes:
        self._empty = self._empty and not text
        return text


def _fields(data: bytes, position: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The fields of a protobuf message: number, and where the value begins and ends."""
    while position < end:
        tag, position = _varint(data, position)
        match tag & 7:
            case 0:
                begin = position
                _, position = _varint(data, position)
            case 1:
                begin, position = position, position + 8
            case 2:
                length, begin = _varint(data, position)
                position = begin + length
            case 5:
                begin, position = position, position + 4
            case _:
                return
        yield tag >> 3, begin, position


def _varint(data: bytes, position: int) -> tuple[int, int]:
    """A base-128 number and the position after it."""
    value = data[position]
    position += 1
    if value < 0x80:
        return value, position
    value &= 0x7F
    shift = 7
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
