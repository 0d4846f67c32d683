"""All that is known of a model, as lines and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui.chat.device_texts import compiled_for_text
from tui.chat.model_texts import (
    context_text,
    kv_cache_text,
    layers_text,
    made_with_text,
    memory_text,
    parameters_text,
    template_text,
    weights_text,
)
from tui.engine.errors import OvchatError
from tui.engine.memory_need import MemoryNeed
from tui.engine.model_files import ModelFiles
from tui.library.amounts import size_text

_COLUMN = 14


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a model.

    Attributes:
        name: What it is called.
        path: Its folder.
        source: Where it was found; "" where it is not on the list.
        files: What its files say; None where they cannot be read.
        need: What it will take of memory, where that is known.
        device: The device that it was given; "" for none.
        options: The engine options that it was given.
        compiled: Bytes of what is compiled of it, by device.
        problem: Why it cannot be used; None where nothing speaks against it.
    """

    name: str
    path: Path
    source: str
    files: ModelFiles | None
    need: MemoryNeed | None
    device: str
    options: Mapping[str, str]
    compiled: Mapping[str, int]
    problem: OvchatError | None


def lines(known: Known) -> Iterator[str]:
    """A line for everything that is known; then what is wrong with it, and what to do about that."""
    files, need = known.files, known.need
    facts = [("Name", known.name), ("Folder", str(known.path)), ("Found in", known.source)]
    if files is not None:
        facts += [
            ("Architecture", files.architecture or files.model_type),
            ("Parameters", parameters_text(files)),
            ("Weights", weights_text(files)),
            ("Size", size_text(files.size_bytes)),
            ("Layers", layers_text(files)),
            ("Vocabulary", f"{files.vocab_size:,} tokens" if files.vocab_size else ""),
            ("Context", context_text(files, need)),
            ("KV cache", kv_cache_text(need)),
            ("Memory", memory_text(need)),
            ("Device", known.device),
            ("Options", ", ".join(f"{key}={value}" for key, value in known.options.items())),
            ("Compiled for", compiled_for_text(known.compiled)),
            ("Template", template_text(files)),
            ("Tokenizer", files.tokenizer_kind),
            ("Made with", made_with_text(files)),
            ("Licence", files.licence),
        ]
    if known.problem is not None:
        facts += [("Problem", known.problem.sentence), ("", known.problem.next_step)]
    for label, value in facts:
        if value:
            yield f"{label:{_COLUMN}}{value}"


def as_object(known: Known) -> dict[str, Any]:
    """The same for a program: bytes and tokens as numbers, null for what the files do not say."""
    problem = known.problem
    found: dict[str, Any] = {
        "name": known.name,
        "path": str(known.path),
        "source": known.source or None,
        "device": known.device or None,
        "options": dict(known.options),
        "compiled_bytes": dict(known.compiled),
        "problem": problem and {"sentence": problem.sentence, "next_step": problem.next_step},
    }
    return found | (_facts(known.files) if known.files is not None else {}) | {"memory": _memory(known.need)}


def _facts(files: ModelFiles) -> dict[str, Any]:
    return {
        "architecture": files.architecture or None,
        "model_type": files.model_type or None,
        "parameters": files.parameters,
        "weight_format": files.weight_format or None,
        "weight_bytes": files.weight_bytes,
        "size_bytes": files.size_bytes,
        "layers": files.layers,
        "kv_heads": files.kv_heads,
        "head_dims": files.head_dims,
        "vocab_size": files.vocab_size,
        "context_length": files.context_length,
        "sliding_window": files.sliding_window,
        "template_sources": files.template_sources,
        "tokenizer": files.tokenizer_kind or None,
        "made_with": dict(files.made_with),
        "licence": files.licence or None,
    }


def _memory(need: MemoryNeed | None) -> dict[str, Any] | None:
    if need is None:
        return None
    return {
        "context": need.context,
        "weight_bytes": need.weights,
        "kv_cache_bytes": need.kv_cache,
        "kv_bytes_per_token": round(need.kv_cache / need.context) if need.context else None,
        "total_bytes": need.total,
        "free_bytes": need.free,
        "fits": need.problem is None,
    }
