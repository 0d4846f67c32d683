"""How likely each token of an answer was, and what else could have come: one pass over tokens that are there."""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence

import numpy as np

from tui.engine.backend import adopt
from tui.engine.errors import Cancelled, ContextFull
from tui.engine.events import PrefillProgress
from tui.engine.language_model import LanguageModel
from tui.engine.prefill import GenerationRequest, prefill, prompt_of
from tui.engine.sampling import Sampled, with_logprobs

# Logits that are there at once: 50 rows of a vocabulary of 150,000.
_MOST_BYTES = 32 * 2**20


def score(
    model: LanguageModel,
    request: GenerationRequest,
    token_ids: Sequence[int],
    top: int,
    cancel: threading.Event | None = None,
) -> Generator[PrefillProgress, None, tuple[Sampled, ...]]:
    """Compute what the model says of each token of an answer, by its raw logits.

    Args:
        model: Loaded; nothing else may run on it meanwhile.
        request: What was answered.
        token_ids: The answer.
        top: How many of the likeliest tokens to name at each place.
        cancel: Set from any thread, it ends this within 100 ms on CPU.

    Yields:
        How many of the tokens, prompt and answer together, are done.

    Returns:
        One for each of `token_ids`.

    Raises:
        Cancelled: `cancel` was set.
        OvchatError: It cannot be computed.
    """
    cancel = cancel or threading.Event()
    backend = model.backend
    prompt = prompt_of(model, request).token_ids
    # Nothing is asked of the last token.
    fed = np.concatenate([prompt, np.array(token_ids, np.int64)[:-1]])
    if len(fed) >= model.context_limit:
        raise ContextFull(len(fed), model.context_limit)
    # The sequence that has the answer, if there is one: what is forgotten of it is computed again.
    sequence, _ = adopt(backend, fed)
    cached = backend.rewind(sequence, min(len(backend.tokens(sequence)), len(prompt) - 1))
    logits = yield from prefill(backend, sequence, prompt, cached, cancel)
    scored = [with_logprobs(logits[-1], token_ids[0], top)]
    rows = max(1, min(backend.chunk_size, _MOST_BYTES // (4 * backend.vocab_size)))
    for begin in range(len(prompt), len(fed), rows):
        yield PrefillProgress(begin, len(fed), cached)
        tokens = fed[begin : begin + rows]
        logits = backend.step(sequence, tokens, rows=len(tokens), cancel=cancel)
        for row in logits:
            if cancel.is_set():
                raise Cancelled
            scored.append(with_logprobs(row, token_ids[len(scored)], top))
    return tuple(scored)
