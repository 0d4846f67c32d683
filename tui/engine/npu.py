"""Attention on an NPU: OpenVINO makes two models with fixed lengths of one stateful decoder.

The first takes a prompt, at most `Lengths.prompt` tokens, and always begins a conversation by that. The second takes
one token. So nothing but one token can be added to what is held: where more come, the whole conversation is computed
anew, which is one call. What the states hold cannot be read, and going back to an earlier position gives other logits.
"""

from __future__ import annotations

import threading
from array import array
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from tui.engine.backend import Backend, Capabilities, Logits, Tokens, infer
from tui.engine.model import Kind, Signature
from tui.engine.npu_lengths import Lengths

# So many tokens, one by one, take about as long as a prompt at once.
_WORTH_A_PROMPT = 16


@dataclass(slots=True)
class _Sequence:
    tokens: array[int] = field(default_factory=lambda: array("q"))


class NpuBackend(Backend[_Sequence]):
    """One sequence, in the one infer request that the device's memory has room for.

    Args:
        compiled: A stateful decoder, with `npu_properties`.
        signature: What `classify` found.
        lengths: What it was compiled for.
        context_limit: Tokens that a sequence may hold, at most `lengths.context`.
    """

    def __init__(
        self, compiled: ov.CompiledModel, signature: Signature, *, lengths: Lengths, context_limit: int
    ) -> None:
        super().__init__(compiled)
        self._longest_prompt = lengths.prompt
        self._mask = np.ones((1, lengths.context), np.int64)
        self._positions = np.arange(lengths.context, dtype=np.int64)[None]
        self.vocab_size = signature.vocab_size or compiled.output("logits").get_partial_shape()[2].get_length()
        self.capabilities = Capabilities(
            name="npu",
            context_limit=min(context_limit, lengths.context),
            max_sequences=1,
            can_rewind=False,
        )
        self._request: Any = compiled.create_infer_request()
        if "beam_idx" in signature.inputs:
            self._request.set_tensor("beam_idx", ov.Tensor(np.zeros(1, np.int32)))

    def create(self) -> int:
        self._make_place()
        return self._add(_Sequence())

    def step(self, sequence: int, tokens: Tokens, rows: int = 1, cancel: threading.Event | None = None) -> Logits:
        held, new = self._begin(sequence, tokens, rows)
        done, total = len(held.tokens), len(held.tokens) + len(new)
        # A prompt gives the logits of its last token only: the first of those wanted.
        at_once = min(self._longest_prompt, total - rows + 1)
        everything = np.concatenate([np.frombuffer(held.tokens, np.int64), new]) if done else new
        wanted: list[NDArray[np.float32]] = []
        try:
            if done == 0 or len(new) > total - at_once + _WORTH_A_PROMPT:
                self._begin_anew(everything[:at_once], cancel)
                done = at_once
                wanted.append(self._logits())
            for at in range(done, total):
                self._compute(everything[at : at + 1], at, cancel)
                wanted.append(self._logits())
        except BaseException:  # cancelled, out of memory, Ctrl+C
            del held.tokens[:]
            raise
        held.tokens.frombytes(new.tobytes())
        return np.stack(wanted[-rows:])

    def _begin_anew(self, tokens: NDArray[np.int64], cancel: threading.Event | None) -> None:
        """Forget what the device holds and compute a prompt."""
        # One token alone would be taken for the next one of the conversation before.
        self._compute(tokens if len(tokens) > 1 else np.repeat(tokens, 2), 0, cancel)
        if len(tokens) == 1:
            self._compute(tokens, 0, cancel)

    def _compute(self, tokens: NDArray[np.int64], past: int, cancel: threading.Event | None) -> None:
        total = past + len(tokens)
        for name, values in (
            ("input_ids", tokens[None]),
            ("attention_mask", self._mask[:, :total]),
            ("position_ids", self._positions[:, past:total]),
        ):
            self._request.set_tensor(name, ov.Tensor(np.ascontiguousarray(values)))
        infer(self._request, cancel)

    def _logits(self) -> NDArray[np.float32]:
        logits = self._request.get_tensor("logits").data.reshape(-1, self.vocab_size)
        return np.array(logits[-1], np.float32)

    def rewind(self, sequence: int, length: int) -> int:
        # Whatever comes next, the prompt is computed anew.
        del self._held[sequence].tokens[:]
        return 0

    def fork(self, sequence: int, length: int) -> int:
        return self.create()

    def close(self) -> None:
        self._request = None
        super().close()


def npu_obstacle(signature: Signature) -> str:
    """Why an NPU cannot run this model; "" where it may."""
    if signature.kind is not Kind.STATEFUL:
        return f"it is a {signature.kind} decoder"
    if "position_ids" not in signature.inputs:
        return "it takes no positions"
    if any(axes.batch != 0 or axes.tokens != 2 for axes in signature.kv_axes.values()):
        return "its KV cache has another layout"
    return ""
