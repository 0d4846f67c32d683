"""The token-level interface that every way of running a decoder satisfies: tokens in, logits out, sequences kept.

A backend holds sequences. A sequence is its tokens and what the model remembers of them. Nothing here knows text.
"""

from __future__ import annotations

import itertools
import threading
from abc import ABC, abstractmethod
from array import array
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from tui.engine.errors import BadToken, Cancelled, ContextFull, NotEnoughMemory, OvchatError
from tui.engine.kv_cache import common_prefix
from tui.engine.model import ROWS_INPUT
from tui.engine.openvino_errors import is_out_of_memory, last_line

Logits = NDArray[np.float32]
Tokens = Sequence[int] | NDArray[np.int64]

# How often a running inference looks whether it was cancelled. Well under the promised 100 ms.
_POLL_MS = 20


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a backend can do; `generate.py` works around each "no".

    Attributes:
        name: `paged`, `stateful`, `stateless` or `recompute`.
        context_limit: Tokens that one sequence may hold.
        max_sequences: Sequences that stay resident; the least recently used leaves when there is no room.
        can_rewind: A sequence can go back to (nearly) any earlier length. Else only to its checkpoint, or to nothing.
        selects_rows: Logits are computed only for the rows asked for.
    """

    name: str
    context_limit: int
    max_sequences: int
    can_rewind: bool = True
    selects_rows: bool = True


class Held(Protocol):
    """What a backend keeps of one sequence: at least its tokens, i64."""

    tokens: array[int]


HeldT = TypeVar("HeldT", bound=Held)


class Backend(ABC, Generic[HeldT]):
    """Sequences of tokens on one compiled model. One thread at a time."""

    capabilities: Capabilities
    vocab_size: int
    # Tokens of prompt per call; a divisor or a multiple of every block size.
    chunk_size: int = 512

    def __init__(self, compiled: ov.CompiledModel) -> None:
        self._compiled: Any = compiled
        self._selects_rows = any(port.get_any_name() == ROWS_INPUT for port in compiled.inputs)
        self._held: OrderedDict[int, HeldT] = OrderedDict()
        self._ids = itertools.count(1)

    @abstractmethod
    def create(self) -> int:
        """An empty sequence; its id."""

    def sequences(self) -> list[int]:
        """Ids of the resident sequences, least recently used first; one may leave when another needs its room."""
        return list(self._held)

    def tokens(self, sequence: int) -> array[int]:
        """The sequence's tokens, i64. Not to be changed, nor kept over the next call."""
        return self._held[sequence].tokens

    @abstractmethod
    def step(self, sequence: int, tokens: Tokens, rows: int = 1, cancel: threading.Event | None = None) -> Logits:
        """Append tokens to the sequence and compute them.

        Args:
            sequence: Where to append.
            tokens: One or more token ids.
            rows: Logits wanted: those after each of the last `rows` tokens.
            cancel: Stops the computation when set; the sequence is then as short as before, or shorter.

        Returns:
            f32[rows, vocab_size], a view that is valid until the next call.

        Raises:
            BadToken: An id outside the vocabulary; nothing was computed.
            ContextFull: More tokens than the context holds; nothing was computed.
            Cancelled: `cancel` was set.
        """

    @abstractmethod
    def rewind(self, sequence: int, length: int) -> int:
        """Forget the tokens from `length` on; returns the length kept, which may be less than asked, even 0."""

    @abstractmethod
    def fork(self, sequence: int, length: int) -> int:
        """A new sequence that begins with (at most) the first `length` tokens of this one; its id."""

    def checkpoint(self, sequence: int) -> None:
        """Remember the sequence as it is now, so that `rewind` can come back to this length."""

    def free(self, sequence: int) -> None:
        """Forget a sequence."""
        del self._held[sequence]

    def close(self) -> None:
        """Give the memory back. The backend cannot be used afterwards; closing it again does nothing."""
        self._held.clear()
        if self._compiled is not None:
            self._compiled.release_memory()
            self._compiled = None

    def _add(self, held: HeldT) -> int:
        sequence = next(self._ids)
        self._held[sequence] = held
        return sequence

    def _make_place(self) -> None:
        """Let the least recently used sequence go where there are as many as may be."""
        while len(self._held) >= self.capabilities.max_sequences:
            self.free(next(iter(self._held)))

    def _begin(self, sequence: int, tokens: Tokens, rows: int) -> tuple[HeldT, NDArray[np.int64]]:
        """What is held of a sequence, now the most recently used, and the new tokens as an array; both checked."""
        held, new = self._held[sequence], np.asarray(tokens, dtype=np.int64).reshape(-1)
        self._check(len(held.tokens), new, rows)
        self._held.move_to_end(sequence)
        return held, new

    def _check(self, held: int, tokens: NDArray[np.int64], rows: int) -> None:
        """The plugin itself checks neither ids nor lengths: it would read beyond its tables."""
        if len(tokens) == 0 or not 1 <= rows <= len(tokens):
            raise ValueError(f"{rows} rows of {len(tokens)} tokens")
        if held + len(tokens) > self.capabilities.context_limit:
            raise ContextFull(held + len(tokens), self.capabilities.context_limit)
        low, high = int(tokens.min()), int(tokens.max())
        if low < 0 or high >= self.vocab_size:
            bad = low if low < 0 else high
            raise BadToken(f"Token id {bad} is outside the model's vocabulary of {self.vocab_size:,} tokens.")


def adopt(backend: Backend[Any], prompt: NDArray[np.int64], *, fresh: bool = False) -> tuple[int, int]:
    """The sequence to compute `prompt` in, and how many of its tokens that sequence holds already.

    Takes the resident sequence with the longest common prefix. Where most of that sequence would be lost, it is another
    conversation that begins alike (the same system prompt): it is forked and stays. With `fresh`, an empty one.
    """
    best, shared = -1, 0
    for candidate in () if fresh else backend.sequences():
        common = common_prefix(backend.tokens(candidate), prompt)
        if common >= shared:
            best, shared = candidate, common
    # The last token is always computed: its logits are what is wanted.
    wanted = min(shared, len(prompt) - 1)
    if wanted == 0:
        # One that was cancelled before its first chunk, or a new one, for which another may have to leave.
        empty = next((each for each in backend.sequences() if not backend.tokens(each)), None)
        return (backend.create() if empty is None else empty), 0
    held = len(backend.tokens(best))
    if wanted < held // 2:
        forked = backend.fork(best, wanted)
        return forked, len(backend.tokens(forked))
    return best, backend.rewind(best, wanted)


def infer(request: ov.InferRequest, cancel: threading.Event | None) -> None:
    """Run a request with the inputs it has, stopping within `_POLL_MS` and one operation when `cancel` is set.

    Raises:
        Cancelled: The request was stopped; what it wrote is not to be trusted.
        NotEnoughMemory, OvchatError: The device failed.
    """
    try:
        if cancel is None:
            request.infer()
            return
        if cancel.is_set():
            raise Cancelled
        request.start_async()
        try:
            while not request.wait_for(_POLL_MS):
                if cancel.is_set():
                    raise Cancelled
        except BaseException:  # Ctrl+C too: nothing may be read or freed while it still computes
            _stop(request)
            raise
        request.wait()
    except (RuntimeError, MemoryError) as error:
        raise _device_error(error) from error


def _stop(request: ov.InferRequest) -> None:
    request.cancel()
    try:
        request.wait()
    except RuntimeError:
        return  # "canceled" is thrown as an error


def _device_error(error: Exception) -> OvchatError:
    if "CL_OUT_OF_RESOURCES" in str(error):
        return NotEnoughMemory(
            "The GPU's memory ran out while the model was computing, and it computes no more.",
            "Load the model again, with a shorter engine.context, or take a smaller one.",
        )
    if is_out_of_memory(error):
        return NotEnoughMemory(
            "The memory ran out while the model was computing.",
            "Use a shorter engine.context or a smaller model.",
        )
    return OvchatError(
        f"The device failed while computing ({last_line(error)}).",
        "Try again; if it happens again, set engine.device to CPU.",
    )


def first_tokens(values: NDArray[Any], axis: int, length: int) -> NDArray[Any]:
    """A copy of the first `length` tokens of a KV tensor whose tokens lie along `axis`."""
    return np.ascontiguousarray(values[(slice(None),) * axis + (slice(length),)])
