"""What each of the sampler's filters leaves of one step, by the sampler's own code."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tui.engine.candidates import Candidate, LastStep, Stage
from tui.engine.logits import Indices, Logits, largest
from tui.engine.sampling import Sampler, surviving
from tui.engine.sampling_params import SamplingParams

_PENALTIES = ("repetition_penalty", "presence_penalty", "frequency_penalty")
_NEUTRAL = SamplingParams()


def filter_stages(step: LastStep, params: SamplingParams, top: int = 5) -> tuple[Stage, ...]:
    """The distribution after each filter, in their order; the last one is what is drawn from.

    Takes milliseconds where the vocabulary is large: not for an event loop.

    Args:
        step: What there was to choose from.
        params: The values to try.
        top: How many tokens to name in each stage.
    """
    sampler = Sampler(params, step.prompt_ids, step.stop_ids, step.logits.size, seed=0)
    sampler.go_on_after(step.answer_ids)
    logits = sampler.processed(step.logits)
    filters = _NEUTRAL
    stages = [_stage(step, "penalties", _penalties(params), *surviving(logits, filters), top)]
    if params.temperature == 0:
        return (*stages, _stage(step, "greedy", "on", *surviving(logits, params), top))
    for name in ("top_k", "temperature", "min_p", "top_p"):
        value = getattr(params, name)
        filters = replace(filters, **{name: value})
        shown = "" if value == getattr(_NEUTRAL, name) else f"{value:g}"
        stages.append(_stage(step, name, shown, *surviving(logits, filters), top))
    return tuple(stages)


def _penalties(params: SamplingParams) -> str:
    """The penalties that are on; a bias or min_tokens counts as one."""
    on = [f"{getattr(params, name):g}" for name in _PENALTIES if getattr(params, name) != getattr(_NEUTRAL, name)]
    return ", ".join(on) or ("on" if params.logit_bias or params.min_tokens else "")


def _stage(step: LastStep, name: str, value: str, ids: Indices | None, weights: Logits, top: int) -> Stage:
    places = largest(weights, top)
    total = float(weights.sum(dtype=np.float64))
    shares = [(int(place if ids is None else ids[place]), float(weights[place]) / total) for place in places]
    candidates = tuple(Candidate(token, step.token_text(token), share) for token, share in shares if share > 0)
    return Stage(name, value, int(np.count_nonzero(weights)), candidates)
