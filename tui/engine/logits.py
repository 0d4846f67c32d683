"""Logits processors, and the choice among what they leave, as free functions on NumPy arrays.

Logits are float32 of shape [V]. `apply_*` work in place and touch only the ids they are given, which must be distinct
and inside the vocabulary; `largest` and `keep_*` return indices and write nothing. The order is tui.engine.sampling's.
Semantics are openvino.genai's (2026.2 and later), except that presence and frequency penalties always subtract, as
OpenAI defines them.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Logits = NDArray[np.float32]
Indices = NDArray[np.int64]

_MOST_ROWS = 64
_BLOCK = 512
_LARGEST = float(np.finfo(np.float32).max)
_BELOW_ONE = math.nextafter(1.0, 0.0)


def apply_logit_bias(logits: Logits, ids: Indices, bias: Logits) -> None:
    """Add `bias[i]` to the logit of `ids[i]`."""
    logits[ids] += bias


def apply_min_tokens(logits: Logits, stop_ids: Indices) -> None:
    """Make the stop ids impossible; for as long as the answer is shorter than min_tokens."""
    logits[stop_ids] = -np.inf


def apply_repetition_penalty(logits: Logits, ids: Indices, penalty: float) -> None:
    """Divide the logits of `ids` by the penalty where they are zero or above, multiply where below (Keskar 2019)."""
    seen = logits[ids].astype(np.float64)
    with np.errstate(over="ignore"):
        penalised = np.where(seen >= 0, seen / penalty, seen * penalty)
    # A tiny penalty must not make infinities: their differences are NaN.
    logits[ids] = np.minimum(penalised, _LARGEST)


def apply_presence_penalty(logits: Logits, ids: Indices, penalty: float) -> None:
    """Subtract the penalty once from the logit of every id in the answer."""
    logits[ids] -= np.float32(penalty)


def apply_frequency_penalty(logits: Logits, ids: Indices, counts: Logits, penalty: float) -> None:
    """Subtract the penalty from the logit of `ids[i]` as often as it is in the answer: `counts[i]` times."""
    logits[ids] -= np.float32(penalty) * counts


def largest(values: Logits, k: int) -> Indices:
    """The indices of the k largest values (all, where there are fewer), largest first, ties to the lowest index.

    Several times cheaper than a partition of the whole array: seen as a matrix, k of whose columns have a maximum of
    at least `bound`, the array has k values of at least `bound`, so only such values matter.
    """
    rows = min(_MOST_ROWS, values.size // (4 * k)) if k else 0
    if rows < 2:
        return np.argsort(-values, kind="stable")[:k]
    columns = values.size // rows
    maxima = values[: rows * columns].reshape(rows, columns).max(axis=0)
    bound = np.partition(maxima, columns - k)[columns - k]
    candidates = np.flatnonzero(values >= bound)
    return candidates[np.argsort(-values[candidates], kind="stable")[:k]]


def softmax_weights(logits: Logits, temperature: float) -> Logits:
    """exp((logit - largest logit) / temperature): the probabilities but for their common factor; the largest is 1.

    A temperature so small that its inverse overflows leaves 1 for the largest and 0 for all others, its limit.
    """
    weights: Logits = logits - logits.max()
    with np.errstate(over="ignore", under="ignore"):
        weights *= np.float32(min(1.0 / temperature, 3e38))
        np.exp(weights, out=weights)
    return weights


def keep_min_p(weights: Logits, min_p: float) -> Indices:
    """Indices of the tokens at least `min_p` times as likely as the most likely one, in ascending order."""
    return np.flatnonzero(weights >= np.float32(min_p) * weights.max())


def keep_top_p(weights: Logits, top_p: float, total: float) -> Indices:
    """Indices of the most likely tokens up to and with the one at which their sum exceeds top_p of `total`.

    At a sum of exactly top_p one more is kept; all are kept where the sum never exceeds it, as after min_p, which
    takes from the weights but not from `total`. Ties go to the lowest index; the order returned has no meaning.
    """
    goal = top_p * total
    spare = float(weights.sum()) - goal
    if spare <= 0:
        return np.arange(weights.size)
    # Together, the tokens below this have less than what may be left out; half of it is for rounding.
    candidates = np.flatnonzero(weights >= np.float32(0.5 * spare / weights.size))
    values = weights[candidates]
    descending = -np.sort(-values)
    count = 1 + int(np.searchsorted(np.cumsum(descending, dtype=np.float64), goal, side="right"))
    if count >= values.size:
        return candidates
    last = descending[count - 1]
    above = candidates[values > last]
    return np.concatenate([above, candidates[values == last][: count - above.size]])


def draw(weights: Logits, uniform: float) -> int:
    """The index at `uniform` (0 <= uniform < 1) of the distribution that the weights are proportional to.

    Never an index of weight 0. In two steps, since a cumulative sum over a whole vocabulary costs milliseconds.
    """
    blocks = np.cumsum(np.add.reduceat(weights, np.arange(0, weights.size, _BLOCK)), dtype=np.float64)
    goal = uniform * blocks[-1]
    block = int(np.searchsorted(blocks, goal, side="right"))
    before = blocks[block - 1] if block else 0.0
    share = min((goal - before) / (blocks[block] - before), _BELOW_ONE)
    inside = np.cumsum(weights[block * _BLOCK : (block + 1) * _BLOCK], dtype=np.float64)
    return block * _BLOCK + int(np.searchsorted(inside, share * inside[-1], side="right"))
