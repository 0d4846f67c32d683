"""Decoders that keep nothing between calls: KV passed in and out by hand, or no cache at all.

Slow by their form: `past_key_values` are copied at every step, and without a cache every step computes the whole
sequence. They run so that a folder found somewhere answers; the user is told.
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

_MAX_SEQUENCES = 4


@dataclass(slots=True)
class _Sequence:
    tokens: array[int] = field(default_factory=lambda: array("q"))
    past: dict[str, NDArray[Any]] = field(default_factory=dict)


class StatelessBackend(Backend[_Sequence]):
    """Sequences as plain arrays: tokens, and the KV that the model gave back last (nothing without a cache).

    Args:
        compiled: A stateless or no-cache decoder, after `select_rows` where that succeeded.
        signature: What `classify` found.
        context_limit: Tokens that a sequence may hold.
    """

    def __init__(self, compiled: ov.CompiledModel, signature: Signature, *, context_limit: int) -> None:
        super().__init__(compiled)
        self._signature = signature
        self._request: Any = compiled.create_infer_request()
        shape = compiled.output("logits").get_partial_shape()
        self.vocab_size = signature.vocab_size or shape[2].get_length()
        self.capabilities = Capabilities(
            name="recompute" if signature.kind is Kind.NO_CACHE else "stateless",
            context_limit=context_limit,
            max_sequences=_MAX_SEQUENCES,
            selects_rows=self._selects_rows,
        )

    def create(self) -> int:
        self._make_place()
        return self._add(_Sequence(past=self._empty_past()))

    def _empty_past(self) -> dict[str, NDArray[Any]]:
        past = {}
        for name, axes in self._signature.kv_axes.items():
            port = self._compiled.input(name)
            shape = [dim.get_length() if dim.is_static else 0 for dim in port.get_partial_shape()]
            shape[axes.batch] = 1
            past[name] = np.zeros(shape, port.get_element_type().to_dtype())
        return past

    def step(self, sequence: int, tokens: Tokens, rows: int = 1, cancel: threading.Event | None = None) -> Logits:
        held, new = self._begin(sequence, tokens, rows)
        total = len(held.tokens) + len(new)
        everything = np.concatenate([np.frombuffer(held.tokens, np.int64), new]) if len(held.tokens) else new
        fed = new if held.past else everything
        inputs: dict[str, NDArray[Any]] = {"input_ids": fed[None], **held.past}
        if "attention_mask" in self._signature.inputs:
            inputs["attention_mask"] = np.ones((1, total), np.int64)
        if "position_ids" in self._signature.inputs:
            inputs["position_ids"] = np.arange(total - len(fed), total, dtype=np.int64)[None]
        if self._selects_rows:
            inputs[ROWS_INPUT] = np.arange(len(fed) - rows, len(fed), dtype=np.int64)
        for name, values in inputs.items():
            self._request.set_tensor(name, ov.Tensor(values, shared_memory=True))
        infer(self._request, cancel)
        for name in held.past:
            held.past[name] = np.array(self._request.get_tensor(name.replace("past_key_values", "present")).data)
        held.tokens.frombytes(new.tobytes())
        logits: Logits = self._request.get_tensor("logits").data.reshape(-1, self.vocab_size)
        return logits[-rows:]

    def rewind(self, sequence: int, length: int) -> int:
        held = self._held[sequence]
        if length < len(held.tokens):
            held.past = self._cut(held.past, length)
            del held.tokens[length:]
        return len(held.tokens)

    def _cut(self, past: dict[str, NDArray[Any]], length: int) -> dict[str, NDArray[Any]]:
        axes = self._signature.kv_axes
        return {name: first_tokens(values, axes[name].tokens, length) for name, values in past.items()}

    def fork(self, sequence: int, length: int) -> int:
        source = self._held[sequence]
        child_id = self.create()
        child = self._held[child_id]
        child.tokens, child.past = source.tokens[:length], self._cut(source.past, length)
        return child_id

    def close(self) -> None:
        self._request = None
        super().close()
