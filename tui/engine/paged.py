"""Paged attention from base OpenVINO: the KV cache is a pool of blocks passed in. The default on CPU and GPU.

Inputs of the transformed model (T tokens in this call, B blocks of the sequence): input_ids i64[T], position_ids
i64[T], past_lens i32[1], subsequence_begins i32[2], block_indices i32[B], block_indices_begins i32[2], max_context_len
i32 scalar, and key_cache.N / value_cache.N, whose types and block shapes the compiled model tells.
"""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from tui.engine.backend import Backend, Capabilities, Logits, Tokens, infer
from tui.engine.context import context_limit, kv_budget
from tui.engine.device_memory import Room
from tui.engine.errors import NotEnoughMemory
from tui.engine.kv_cache import BlockPool, BlockTable
from tui.engine.model import ROWS_INPUT

# Conversations that may stay resident at full length. Memory is committed only as it is written.
_RESIDENT_CONTEXTS = 2
_QUANTISED = {"u8", "i8", "u4", "i4"}


class PagedBackend(Backend[BlockTable]):
    """Sequences as block tables in one pool of KV blocks.

    Args:
        compiled: A model after `make_paged`, and `select_rows` where that succeeded.
        model_context: The model's own context limit in tokens; less is taken where memory holds less.
        asked_context: The user's limit, which overrides it.
        room: Memory for the KV cache.

    Raises:
        NotEnoughMemory: The KV cache of the context asked for does not fit.
    """

    def __init__(
        self, compiled: ov.CompiledModel, *, model_context: int, asked_context: int | None, room: Room
    ) -> None:
        super().__init__(compiled)
        named = {port.get_any_name(): port for port in compiled.inputs}
        self._caches = [port for name, port in named.items() if name.startswith(("key_cache.", "value_cache."))]
        self._block_size: int = named["value_cache.0"].get_partial_shape()[2].get_length()
        self.kv_cache = _type_name(self._caches[0])
        self._quantised = self.kv_cache in _QUANTISED
        self.vocab_size = compiled.output("logits").get_partial_shape()[2].get_length()

        sizes = [math.prod(_block_shape(port)) * port.get_element_type().bitwidth // 8 for port in self._caches]
        per_block = sum(sizes)
        # Each layer's cache is one allocation, and a GPU limits these.
        most = None if room.largest is None else room.largest // max(sizes)
        if most is not None:
            model_context = min(model_context, most * self._block_size)
        context = context_limit(
            asked=asked_context, model=model_context, bytes_per_token=per_block / self._block_size, free=room.free
        )
        blocks = self._num_blocks(context, kv_budget(room.free) // per_block, most)
        self._pool = BlockPool(blocks)
        self._request: Any = compiled.create_infer_request()
        self._tensors = self._reserve(blocks)
        self._inputs = _Inputs(self._request, self._selects_rows)
        self.capabilities = Capabilities(
            name="paged",
            context_limit=context,
            max_sequences=blocks,
            selects_rows=self._selects_rows,
        )

    def _num_blocks(self, context: int, budget: int, most: int | None) -> int:
        """Blocks for one context, and for more of them as far as the budget has them."""
        needed = -(-context // self._block_size)
        if most is not None and needed > most:
            raise NotEnoughMemory(
                f"The device cannot hold a context of {context:,} tokens in one piece.",
                f"Set engine.context to {most * self._block_size} or less.",
            )
        wanted = min(needed * _RESIDENT_CONTEXTS, budget)
        return max(needed, wanted if most is None else min(wanted, most))

    def _reserve(self, blocks: int) -> list[ov.Tensor]:
        devices = self._compiled.get_property("EXECUTION_DEVICES")
        # On GPU the pool lives in the device's memory, or every call would upload it and lose what was written.
        context = self._compiled.get_context() if any("GPU" in device for device in devices) else None
        tensors = []
        for port in self._caches:
            kind, shape = port.get_element_type(), ov.Shape([blocks, *_block_shape(port)])
            tensor = context.create_tensor(kind, shape, {}) if context else ov.Tensor(kind, shape)
            self._request.set_tensor(port, tensor)
            tensors.append(tensor)
        return tensors

    def create(self) -> int:
        return self._add(BlockTable(self._pool, self._block_size))

    def step(self, sequence: int, tokens: Tokens, rows: int = 1, cancel: threading.Event | None = None) -> Logits:
        table, new = self._begin(sequence, tokens, rows)
        past = len(table.tokens)
        self._make_room(table, len(new))
        table.reserve(len(new))
        self._inputs.set(new, past, table.blocks, rows)
        try:
            infer(self._request, cancel)
        except BaseException:  # cancelled, out of memory, Ctrl+C
            table.truncate(past, whole_blocks=self._quantised)
            raise
        table.tokens.frombytes(new.tobytes())
        logits: Logits = self._request.get_tensor("logits").data.reshape(-1, self.vocab_size)
        return logits[-rows:]

    def _make_room(self, table: BlockTable, new_tokens: int) -> None:
        """Whole conversations leave, oldest first, until the pool has the blocks."""
        missing = table.blocks_missing(new_tokens)
        while missing > self._pool.num_free:
            oldest = next(iter(self._held))
            if self._held[oldest] is table:
                raise NotEnoughMemory(
                    "The KV cache is full.", "Use a larger engine.context, or start a new conversation."
                )
            self.free(oldest)

    def rewind(self, sequence: int, length: int) -> int:
        # The scales of a quantised block have seen the tokens that are dropped now: such a block is computed anew.
        table = self._held[sequence]
        if length >= len(table.tokens):
            return len(table.tokens)
        return table.truncate(length, whole_blocks=self._quantised)

    def fork(self, sequence: int, length: int) -> int:
        return self._add(self._held[sequence].fork(length))

    def free(self, sequence: int) -> None:
        self._held.pop(sequence).clear()

    def close(self) -> None:
        self._tensors.clear()
        self._caches.clear()  # a port holds the compiled model, too
        self._inputs.clear()
        self._request = None
        super().close()


class _Inputs:
    """The small inputs as numpy arrays that the request reads in place; bound anew only when a shape changes."""

    def __init__(self, request: Any, selects_rows: bool) -> None:
        self._request = request
        self._past = self._bind("past_lens", np.zeros(1, np.int32))
        self._begins = self._bind("subsequence_begins", np.zeros(2, np.int32))
        self._block_begins = self._bind("block_indices_begins", np.zeros(2, np.int32))
        self._context = self._bind("max_context_len", np.zeros((), np.int32))
        self._selects_rows = selects_rows
        self._ids = self._positions = np.zeros(0, np.int64)
        self._rows = np.zeros(0, np.int64)
        self._blocks = np.zeros(0, np.int32)
        self._bound_blocks: list[int] = []

    def set(self, tokens: NDArray[np.int64], past: int, blocks: list[int], rows: int) -> None:
        count = len(tokens)
        if len(self._ids) != count:
            self._ids = self._bind("input_ids", np.empty(count, np.int64))
            self._positions = self._bind("position_ids", np.empty(count, np.int64))
        self._ids[:] = tokens
        self._positions[:] = np.arange(past, past + count)
        self._past[0] = past
        self._begins[1] = count
        self._context[...] = past + count
        if self._bound_blocks != blocks:
            self._blocks = self._bind("block_indices", np.array(blocks, np.int32))
            self._bound_blocks = blocks.copy()
            self._block_begins[1] = len(blocks)
        if self._selects_rows:
            if len(self._rows) != rows:
                self._rows = self._bind(ROWS_INPUT, np.empty(rows, np.int64))
            self._rows[:] = np.arange(count - rows, count)

    def clear(self) -> None:
        self._request = None

    def _bind(self, name: str, values: NDArray[Any]) -> NDArray[Any]:
        # Not through ascontiguousarray: it would make the scalar 1-D.
        self._request.set_tensor(name, ov.Tensor(values, shared_memory=True))
        return values


def _block_shape(port: ov.ConstOutput) -> list[int]:
    return [dim.get_length() for dim in list(port.get_partial_shape())[1:]]


def _type_name(port: ov.ConstOutput) -> str:
    return str(port.get_element_type().get_type_name())
