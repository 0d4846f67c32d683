"""The distribution that a sampler must draw from, written down once more: plain Python, float64, no tricks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from tui.engine.sampling_params import SamplingParams


def distribution(
    logits: Sequence[float],
    params: SamplingParams,
    prompt: Iterable[int] = (),
    answer: Sequence[int] = (),
    stop_ids: Iterable[int] = (),
) -> dict[int, float]:
    """Token id -> probability of the next token; only ids that can be drawn."""
    x = [float(logit) for logit in logits]
    for token, bias in params.logit_bias.items():
        x[token] += bias
    if len(answer) < params.min_tokens:
        for token in stop_ids:
            x[token] = -math.inf
    for token in {*prompt, *answer}:
        x[token] = x[token] / params.repetition_penalty if x[token] >= 0 else x[token] * params.repetition_penalty
    for token in set(answer):
        x[token] -= params.presence_penalty
        x[token] -= params.frequency_penalty * answer.count(token)

    ranked = sorted((token for token in range(len(x)) if x[token] > -math.inf), key=lambda token: (-x[token], token))
    if params.temperature == 0:
        return {ranked[0]: 1.0}
    if params.top_k:
        ranked = ranked[: params.top_k]
    weights = {token: math.exp((x[token] - x[ranked[0]]) / params.temperature) for token in ranked}
    total = math.fsum(weights.values())
    shares = {token: weight / total for token, weight in weights.items()}
    shares = {token: share for token, share in shares.items() if share >= params.min_p * shares[ranked[0]]}
    kept: dict[int, float] = {}
    for token, share in shares.items():
        kept[token] = share
        if params.top_p < 1 and math.fsum(kept.values()) > params.top_p:
            break
    mass = math.fsum(kept.values())
    return {token: share / mass for token, share in kept.items()}
