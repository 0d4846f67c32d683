"""Whether the machine has the memory, by the rules by which loading refuses a model or cuts its context."""

from __future__ import annotations

from collections.abc import Iterator

from tui.engine.memory_need import FALLBACK_CONTEXT, memory_need
from tui.library.amounts import size_text
from tui.library.checks.patient import Patient
from tui.library.findings import Finding, note


def check(patient: Patient) -> Iterator[Finding]:
    """Hold what the model needs at its context against what is free."""
    if patient.model is None:
        return
    need = memory_need(patient.model, patient.options, patient.free)
    if need.problem:
        yield Finding.of(need.problem, "memory-short")
        return
    wanted = patient.options.context or patient.model.context_length or FALLBACK_CONTEXT
    if need.context < wanted:
        yield note(
            "context-cut",
            f"Of the {wanted:,} tokens of context that {patient.name} was made for, {size_text(need.free)} of free "
            f"memory hold {need.context:,} beside its weights.",
            "For a longer one close other programs, or take a smaller type for the KV cache: -o kv_cache=u8",
        )
