"""How many tokens a sequence may hold: what the user asks for, what the model was made for, what memory holds."""

from __future__ import annotations

from tui.engine.errors import NotEnoughMemory
from tui.engine.memory import available_bytes

# Half of what is free: the other half is for activations, the rest of the machine, and the terminal.
_KV_SHARE = 2
# Below that no question and answer fit.
_SMALLEST = 64


def kv_budget(free: int) -> int:
    """Bytes of `free` ones that KV caches take by themselves; more only where the user asks for a longer context."""
    return free // _KV_SHARE


def context_limit(*, asked: int | None, model: int, bytes_per_token: float, free: int | None = None) -> int:
    """The context limit in tokens.

    Args:
        asked: The user's limit, which overrides the model's.
        model: The model's own limit.
        bytes_per_token: KV cache of one token, all layers; 0 where nothing is kept.
        free: Bytes of memory that can be taken; None asks the machine.

    Raises:
        NotEnoughMemory: The context asked for does not fit in what is free, or nothing does.
    """
    if bytes_per_token == 0:
        return asked or model
    free = available_bytes() if free is None else free
    budget = int(free // _KV_SHARE // bytes_per_token)
    if asked is not None:
        if asked > free // bytes_per_token:
            raise NotEnoughMemory(
                f"A context of {asked:,} tokens needs {asked * bytes_per_token / 2**30:.1f} GiB of KV cache, "
                f"and {free / 2**30:.1f} GiB are free.",
                f"Set engine.context to {budget} or less, or take a smaller type for engine.kv_cache.",
            )
        return asked
    if budget < _SMALLEST:
        raise NotEnoughMemory(
            "There is not enough memory for the KV cache.", "Close other programs or take a smaller model."
        )
    return min(model, budget)
