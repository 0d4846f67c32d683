"""Stateful attention: the KV cache is states inside an infer request, one request a sequence.

For hybrids (conv and ssm states, which cannot be cut back), odd signatures, and models that fail the paged
self-check. Going back means reading every state, cutting it and writing it back.
"""

from __future__ import annotations

import threading
from array import array
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from tui.engine.backend import Backend, Capabilities, Logits, Tokens, first_tokens, infer
from tui.engine.model import ROWS_INPUT, Kind, Signature

# Each sequence is an infer request with activations of its own.
_MAX_SEQUENCES = 4


@dataclass(slots=True)
class _Checkpoint:
    length: int
    states: dict[str, NDArray[Any]]


@dataclass(slots=True)
class _Sequence:
    request: Any
    tokens: array[int] = field(default_factory=lambda: array("q"))
    checkpoint: _Checkpoint | None = None


class StatefulBackend(Backend[_Sequence]):
    """Sequences as infer requests.

    Args:
        compiled: A stateful or hybrid decoder, after `select_rows` where that succeeded.
        signature: What `classify` found.
        context_limit: Tokens that a sequence may hold.
    """

    def __init__(self, compiled: ov.CompiledModel, signature: Signature, *, context_limit: int) -> None:
        super().__init__(compiled)
        self._signature = signature
        self._mask = np.ones((1, context_limit), np.int64)
        self._positions = np.arange(context_limit, dtype=np.int64)[None]
        shape = compiled.output("logits").get_partial_shape()
        self.vocab_size = signature.vocab_size or shape[2].get_length()
        hybrid = signature.kind is Kind.HYBRID
        self.capabilities = Capabilities(
            name="stateful",
            context_limit=context_limit,
            max_sequences=_MAX_SEQUENCES,
            can_rewind=not hybrid,
            selects_rows=self._selects_rows,
        )

    def create(self) -> int:
        self._make_place()
        request = self._compiled.create_infer_request()
        if "beam_idx" in self._signature.inputs:
            request.set_tensor("beam_idx", ov.Tensor(np.zeros(1, np.int32)))
        return self._add(_Sequence(request))

    def step(self, sequence: int, tokens: Tokens, rows: int = 1, cancel: threading.Event | None = None) -> Logits:
        held, new = self._begin(sequence, tokens, rows)
        past, total = len(held.tokens), len(held.tokens) + len(new)
        inputs: dict[str, NDArray[np.int64]] = {"input_ids": new[None]}
        if "attention_mask" in self._signature.inputs:
            inputs["attention_mask"] = self._mask[:, :total]
        if "position_ids" in self._signature.inputs:
            inputs["position_ids"] = self._positions[:, past:total]
        if self._selects_rows:
            inputs[ROWS_INPUT] = np.arange(len(new) - rows, len(new), dtype=np.int64)
        for name, values in inputs.items():
            held.request.set_tensor(name, ov.Tensor(values, shared_memory=True))
        try:
            infer(held.request, cancel)
        except BaseException:  # cancelled, out of memory, Ctrl+C
            # Some layers' states have grown and others not.
            self._cut(held, past)
            raise
        held.tokens.frombytes(new.tobytes())
        logits: Logits = held.request.get_tensor("logits").data.reshape(-1, self.vocab_size)
        return logits[-rows:]

    def rewind(self, sequence: int, length: int) -> int:
        held = self._held[sequence]
        if length < len(held.tokens):
            self._cut(held, length)
        return len(held.tokens)

    def _cut(self, held: _Sequence, length: int) -> None:
        """Bring the states to `length` tokens, or to the checkpoint, or to nothing."""
        if length > 0 and self.capabilities.can_rewind:
            for state in held.request.query_state():
                axis = self._signature.kv_axes[state.name].tokens
                values = state.state.data
                if values.shape[axis] != length:
                    kept = first_tokens(values, axis, length)
                    state.state = ov.Tensor(kept, shared_memory=False)
            del held.tokens[length:]
            return
        checkpoint = held.checkpoint
        if checkpoint is not None and checkpoint.length <= length:
            for state in held.request.query_state():
                state.state = ov.Tensor(checkpoint.states[state.name], shared_memory=False)
            del held.tokens[checkpoint.length :]
            return
        held.request.reset_state()
        held.checkpoint = None
        del held.tokens[:]

    def checkpoint(self, sequence: int) -> None:
        if self.capabilities.can_rewind:
            return
        held = self._held[sequence]
        states = {state.name: np.array(state.state.data) for state in held.request.query_state()}
        held.checkpoint = _Checkpoint(len(held.tokens), states)

    def fork(self, sequence: int, length: int) -> int:
        source = self._held[sequence]
        # Looked up before `create` may let the oldest sequence go.
        child_id = self.create()
        child = self._held[child_id]
        if len(source.tokens) > 0:
            for origin, copy in zip(source.request.query_state(), child.request.query_state(), strict=True):
                copy.state = ov.Tensor(np.array(origin.state.data), shared_memory=False)
            child.tokens = source.tokens[:]
            child.checkpoint = source.checkpoint
        self.rewind(child_id, length)
        return child_id
