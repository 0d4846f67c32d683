"""Text to token ids and back, with the OpenVINO tokenizer of a model folder.

Runs on the CPU with requests and locks of its own, so any thread may call it at any time. Special tokens around the
text are put on here, not in the graph: what the graph would add is read from it, or learnt from probes.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from numpy.typing import ArrayLike, NDArray

from tui.engine import tokenizer_graph as graph
from tui.engine.errors import BadText, BadToken, OvchatError
from tui.engine.token_pieces import TokenPieces, split
from tui.engine.tokenizer_files import DETOKENIZER_XML, TOKENIZER_XML, require_tokenizer, special_tokens
from tui.engine.vocabulary import Vocabulary, read_vocabulary

_INT32_MAX = 2**31 - 1
# Texts whose ids share nothing, whatever the vocabulary, but what is put around every text.
_PROBES = ("the", "7", "日", "\n")


class Tokenizer:
    """The tokenizer of one model.

    Attributes:
        rt_info: What the converter wrote into the tokenizer: `chat_template` (text, or name to text), `bos_token_id`,
            versions, ...
        special_tokens: Role to text, of the roles that this model has: `{"bos_token": "<s>", ...}`.
        vocabulary: Tokens and rules for streaming; None where the detokenizer's graph is of an unknown kind.
        prefix, suffix: Ids that `encode` puts around a text when asked for special tokens.
    """

    def __init__(self, core: ov.Core, folder: Path) -> None:
        self._core = core
        self._folder = folder
        encoder = graph.read(core, folder / TOKENIZER_XML)
        self._detokenizer: Any = graph.read(core, folder / DETOKENIZER_XML)
        self.rt_info = graph.rt_info(encoder)
        self.vocabulary: Vocabulary | None = read_vocabulary(self._detokenizer)
        around = graph.take_special_tokens(encoder)
        graph.never_truncate(encoder)
        graph.bytes_in(encoder)
        self._may_pad = any("attention_mask" in output.get_names() for output in encoder.outputs)
        self._encode_request: Any = graph.compile_request(core, encoder, folder / TOKENIZER_XML)
        self._encode_lock = threading.Lock()
        self._decode_requests: dict[bool, ov.InferRequest] = {}
        self._decode_lock = threading.Lock()
        self._strip = (0, 0)
        # The first text builds the vocabulary's tries: half a second at 150,000 tokens, better spent while loading.
        self._plain(_PROBES[0])
        self.prefix, self.suffix = around or self._learn_special_tokens()
        self.special_tokens = special_tokens(folder) or self._special_tokens_of_ids()
        self._ids: dict[str, int | None] = {}

    @classmethod
    def load(cls, core: ov.Core, folder: Path) -> Tokenizer:
        """Read and compile the tokenizer of a model folder.

        Args:
            core: Gets the tokenizers extension.
            folder: Has openvino_tokenizer.xml and openvino_detokenizer.xml.

        Raises:
            TokenizerMissing: One of the two is not there.
            ModelBroken: One of the two cannot be read or compiled.
            OvchatError: OpenVINO and OpenVINO Tokenizers do not fit together.
        """
        require_tokenizer(folder)
        graph.add_extension(core)
        return cls(core, folder)

    def close(self) -> None:
        """Free what OpenVINO holds for this tokenizer; used afterwards it raises `OvchatError`."""
        with self._encode_lock, self._decode_lock:
            self._encode_request = self._detokenizer = None
            self._decode_requests.clear()

    def _check_open(self) -> None:
        if self._encode_request is None:
            raise OvchatError("The model of this tokenizer was unloaded.", "Load a model first.")

    @property
    def vocab_size(self) -> int:
        """The largest token id that means something, plus one; 0 where the detokenizer is of an unknown kind."""
        return self.vocabulary.pieces.size if self.vocabulary else 0

    @property
    def eos_id(self) -> int | None:
        """The id of the end-of-sequence token."""
        # What the converter wrote down goes first: some SentencePiece tokenizers never read `</s>` as one token.
        number = self.rt_info.get("eos_token_id", "")
        return int(number) if number.isdecimal() else self.token_id(self.special_tokens.get("eos_token", ""))

    def encode(self, text: str, *, add_special_tokens: bool) -> NDArray[np.int64]:
        """Turn text into token ids. Special tokens written out in the text become their ids.

        Args:
            text: Any text, NUL included.
            add_special_tokens: Put what the model expects around a raw text (mostly: one BOS before it), unless it is
                there already. A rendered chat template has its own: pass False.

        Returns:
            i64[T].

        Raises:
            BadText: The text has a surrogate on its own.
        """
        ids = self._plain(text) if text else np.empty(0, np.int64)
        if not add_special_tokens:
            return ids
        prefix, suffix = self.prefix, self.suffix
        if prefix and tuple(ids[: len(prefix)]) == prefix:
            prefix = ()
        if suffix and tuple(ids[-len(suffix) :]) == suffix:
            suffix = ()
        return np.concatenate([np.array(prefix, np.int64), ids, np.array(suffix, np.int64)])

    def decode(self, ids: ArrayLike | Sequence[int], *, skip_special_tokens: bool = True) -> str:
        """Turn token ids into text with the model's own detokenizer graph.

        Args:
            ids: int[T], zero or positive. Ids past the vocabulary mean nothing.
            skip_special_tokens: Leave special tokens out.

        Raises:
            BadToken: An id is negative or does not fit in 32 bits.
        """
        row = np.array(ids, np.int64).reshape(1, -1)
        if not row.size:
            return ""
        for wrong in row[(row < 0) | (row > _INT32_MAX)]:
            raise BadToken(f"{wrong} is not a token id.")
        with self._decode_lock:
            self._check_open()
            request = self._decode_requests.get(skip_special_tokens)
            if request is None:
                request = self._decode_request(skip_special_tokens=skip_special_tokens)
                self._decode_requests[skip_special_tokens] = request
            request.infer({0: row}, share_inputs=True)
            begins, ends, chars = (request.get_output_tensor(i).data for i in range(3))
            data = bytes(chars[begins[0] : ends[0]])
        return data.decode(errors="replace")

    def token_text(self, token_id: int) -> str:
        """The text of one token in the middle of a text, special tokens visible; a part of a character is U+FFFD."""
        if self.vocabulary is None:
            return self.decode([token_id], skip_special_tokens=False)
        return self.vocabulary.pieces.piece(token_id).decode(errors="replace")

    def pieces(self, ids: Iterable[int]) -> TokenPieces:
        """Tokens one by one, special ones marked and visible."""
        if self.vocabulary is None:
            return split(ids, lambda token: self.token_text(token).encode(), lambda token: not self._shows(token))
        return split(ids, self.vocabulary.pieces.piece, self._is_special)

    def _is_special(self, token_id: int) -> bool:
        text = self.token_text(token_id)
        # A space, which some drop at the beginning, is text.
        return text in self.special_tokens.values() or not (text.isspace() or self._shows(token_id))

    def token_id(self, text: str) -> int | None:
        """The id of a text that is one token, as `<|im_end|>` may be; None where it is none or several."""
        if text not in self._ids:
            ids = self.encode(text, add_special_tokens=False)
            whole = len(ids) == 1 and self.token_text(int(ids[0])) == text
            self._ids[text] = int(ids[0]) if whole else None
        return self._ids[text]

    def _plain(self, text: str) -> NDArray[np.int64]:
        """Token ids of a text, without the special tokens around it."""
        try:
            data = np.frombuffer(text.encode(), np.uint8)
        except UnicodeEncodeError as error:
            raise BadText(
                f"The text has half a surrogate pair (U+{ord(text[error.start]):04X}) at character {error.start + 1}, "
                "which no tokenizer can encode.",
                "Remove it.",
            ) from error
        begin, end = np.zeros(1, np.int32), np.array([len(data)], np.int32)
        with self._encode_lock:
            self._check_open()
            self._encode_request.infer({0: begin, 1: end, 2: data}, share_inputs=True)
            ids: NDArray[np.int64] = self._encode_request.get_tensor("input_ids").data[0].astype(np.int64)
            if self._may_pad:
                ids = ids[self._encode_request.get_tensor("attention_mask").data[0] != 0]
        before, after = self._strip
        return ids[before : len(ids) - after]

    def _learn_special_tokens(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """What a graph without `CombineSegments` (SentencePiece, mostly) puts around every text."""
        probes = [self._plain(text).tolist() for text in _PROBES]
        prefix = self._common_specials(probes)
        suffix = self._common_specials([ids[len(prefix) :][::-1] for ids in probes])[::-1]
        self._strip = len(prefix), len(suffix)
        return prefix, suffix

    def _common_specials(self, probes: list[list[int]]) -> tuple[int, ...]:
        common: list[int] = []
        for column in zip(*probes, strict=False):
            # A token that shows is text (the space that SentencePiece puts first, say).
            if len(set(column)) > 1 or self._shows(column[0]):
                break
            common.append(column[0])
        return tuple(common)

    def _shows(self, token_id: int) -> bool:
        if self.vocabulary is None:
            return bool(self.decode([token_id, token_id]))
        joiner = self.vocabulary.pieces.joiner(skip_special_tokens=True)
        return bool(joiner.add(token_id) + joiner.add(token_id) + joiner.finish())

    def _special_tokens_of_ids(self) -> dict[str, str]:
        """Special tokens where no file names them: from the ids that the converter wrote down."""
        found = {}
        for role in ("bos_token", "eos_token", "pad_token"):
            number = self.rt_info.get(f"{role}_id", "")
            if number.isdecimal() and (text := self.token_text(int(number))):
                found[role] = text
        return found

    def _decode_request(self, *, skip_special_tokens: bool) -> ov.InferRequest:
        model = self._detokenizer.clone()
        if not skip_special_tokens:
            graph.show_special_tokens(model)
        return graph.compile_request(self._core, graph.bytes_out(model), self._folder / DETOKENIZER_XML)
