"""What a model will take of the machine's memory, before it is loaded: its weights, and its KV cache at a context.

The rules by which loading refuses a model or cuts its context, from the folder's facts alone. Imports no OpenVINO.
What computing takes besides is left out: 80 MB with 135 million parameters, 100 MB with 1.1 billion.
"""

from __future__ import annotations

from dataclasses import dataclass

from tui.engine.context import context_limit
from tui.engine.errors import NotEnoughMemory
from tui.engine.model_files import KvPrecision, ModelFiles
from tui.engine.options import EngineOptions

FALLBACK_CONTEXT = 4096
"""Tokens of the context where a model does not declare one."""

# What is stored where neither the user nor the model says more is u8. For u4 that is too much, and never too little.
_KV: dict[str, KvPrecision] = {"f16": "f16", "bf16": "bf16", "f32": "f32"}


@dataclass(frozen=True, slots=True)
class MemoryNeed:
    """What a model will take.

    Attributes:
        weights: Bytes of its weights.
        context: Tokens of the context: the one asked for, or the model's, or what memory holds where that is less.
        kv_cache: Bytes of the KV cache when the context is full.
        free: Bytes that it was held against.
        problem: Why it does not fit; None where it does.
    """

    weights: int
    context: int
    kv_cache: int
    free: int
    problem: NotEnoughMemory | None = None

    @property
    def total(self) -> int:
        """Bytes of both."""
        return self.weights + self.kv_cache


def memory_need(files: ModelFiles, options: EngineOptions, free: int) -> MemoryNeed:
    """What a model will take with these options, held against `free` bytes (`tui.engine.memory.available_bytes`)."""
    stored = files.kv_cache if options.kv_cache == "auto" else options.kv_cache
    weights, per_token = files.weight_bytes, files.kv_bytes_per_token(_KV.get(stored, "u8"))
    wanted = options.context or files.context_length or FALLBACK_CONTEXT
    problem = None
    try:
        check_weights(files, free)
        wanted = context_limit(asked=options.context, model=wanted, bytes_per_token=per_token, free=free - weights)
    except NotEnoughMemory as error:
        problem = error
    return MemoryNeed(weights, wanted, wanted * per_token, free, problem)


def check_weights(files: ModelFiles, free: int) -> None:
    """See that the weights fit in `free` bytes.

    Raises:
        NotEnoughMemory: They do not.
    """
    needed = files.weight_bytes
    if needed > free:
        raise NotEnoughMemory(
            f"{files.name} needs at least {needed / 2**30:.1f} GiB of memory and {free / 2**30:.1f} GiB are free.",
            "Close other programs, or take a smaller model or one with int4 weights.",
        )
