"""What a conversion takes of the disk and of memory, before it starts."""

from __future__ import annotations

from dataclasses import dataclass

from tui.engine.model_shape import text_config
from tui.library.conversion.presets import Weights
from tui.library.conversion.source import Source

INSTALLED = 1_600_000_000
"""Bytes of an environment with all the tools, with torch for the CPU; measured on Linux."""
FETCHED = 360_000_000
"""Bytes that are fetched for one."""
SMALL_FILES = 30_000_000
"""Bytes that are reckoned for tokenizers and graphs, which have fewer."""

# Measured with 380 million weights in f16: 1.42 GB with fp16, 1.52 with int4, 1.84 with AWQ; 0.55 with next to none.
_TOOLS_MEMORY = 600_000_000
_MEMORY_PER_BYTE, _WITH_AWQ = 1.3, 1.8


@dataclass(frozen=True, slots=True)
class Need:
    """Bytes.

    Attributes:
        result: Of the model that comes out.
        fetched: Still to be fetched of what is converted.
        disk: The most that is on the disk at once, besides what is there now.
        memory: The most that is in memory at once.
    """

    result: int
    fetched: int
    disk: int
    memory: int


def need_of(source: Source, weights: Weights, *, installs: bool, held: int = 0) -> Need:
    """What converting takes.

    Args:
        source: What is converted.
        weights: To what.
        installs: The tools have to be installed first.
        held: Bytes that are here from an earlier try of what is on the hub.
    """
    size, parameters = source.stored.size, source.stored.parameters
    result = _result(source, weights, parameters) + SMALL_FILES
    # What is compressed is exported as it is first. What is fetched, and pip's files, lie beside it.
    between = size if weights.is_compressed and not source.is_ir else 0
    tools = INSTALLED + FETCHED if installs else 0
    memory = _TOOLS_MEMORY + int(size * (_WITH_AWQ if weights.awq else _MEMORY_PER_BYTE))
    fetched = source.fetched_bytes - held
    return Need(result, fetched, tools + fetched + between + result, memory)


def _result(source: Source, weights: Weights, parameters: int) -> int:
    """Bytes of the weights that come out: embedding and head keep eight bits where the others get four."""
    if not weights.is_four_bits:
        return int(parameters * weights.bits / 8)
    config = text_config(source.config)
    rows, columns = config.get("vocab_size"), config.get("hidden_size") or config.get("n_embd")
    ends = rows * columns if isinstance(rows, int) and isinstance(columns, int) else 0
    ends = min(ends if config.get("tie_word_embeddings", True) else 2 * ends, parameters)
    return int(ends + (parameters - ends) * weights.bits / 8)
