"""The sampler: one row of logits in, one token id out.

Order: logit_bias, min_tokens, repetition, presence and frequency penalty; then greedy, or top_k, temperature, min_p,
top_p and a draw. It knows token ids and logits only: no text, no model.
"""

from __future__ import annotations

import math
import random
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tui.engine.errors import BadLogits, BadParameter, BadToken
from tui.engine.logits import (
    Indices,
    Logits,
    apply_frequency_penalty,
    apply_logit_bias,
    apply_min_tokens,
    apply_presence_penalty,
    apply_repetition_penalty,
    draw,
    keep_min_p,
    keep_top_p,
    largest,
    softmax_weights,
)
from tui.engine.sampling_params import SamplingParams, checked

__all__ = ["Sampled", "Sampler", "SamplingParams"]


@dataclass(frozen=True, slots=True)
class Sampled:
    """A chosen token.

    Attributes:
        token_id: Its id.
        logprob: Its natural-log probability by the model's raw logits, before any processor; None unless asked for.
        top_logprobs: (id, log probability) of the N most likely tokens by the raw logits, most likely first.
    """

    token_id: int
    logprob: float | None = None
    top_logprobs: tuple[tuple[int, float], ...] = ()


class _Tally:
    """Distinct ids in the order they were first seen, with how often each was counted; O(1) per token."""

    def __init__(self, ids: Iterable[int] = ()) -> None:
        self._places: dict[int, int] = {}
        self._ids = np.zeros(64, dtype=np.int64)
        self._counts = np.zeros(64, dtype=np.float32)
        for token_id in ids:
            self.add(token_id)

    def add(self, token_id: int) -> None:
        place = self._places.setdefault(token_id, len(self._places))
        if place == self._ids.size:
            self._ids = np.resize(self._ids, 2 * place)
            self._counts = np.concatenate([self._counts, np.zeros(place, dtype=np.float32)])
        self._ids[place] = token_id
        self._counts[place] += 1

    @property
    def ids(self) -> Indices:
        return self._ids[: len(self._places)]

    @property
    def counts(self) -> Logits:
        return self._counts[: len(self._places)]


class Sampler:
    """Chooses the tokens of one answer, one after the other; not thread-safe.

    Args:
        params: What is in effect.
        prompt_ids: The prompt's token ids (the repetition penalty counts them).
        eos_ids: All ids that end the answer: impossible until min_tokens are there. Those outside the vocabulary are
                passed over.
        vocab_size: V, the length of a row of logits.
        seed: Overrides params.seed; where both are None a fresh random one is taken.

    Attributes:
        seed: The seed that is used; the same one with the same logits gives the same tokens, on every machine.

    Raises:
        BadParameter: logit_bias for an id outside the vocabulary, or a bad seed.
        BadToken: A prompt id outside the vocabulary where the repetition penalty needs it.
    """

    def __init__(
        self,
        params: SamplingParams,
        prompt_ids: Iterable[int],
        eos_ids: Iterable[int],
        vocab_size: int,
        seed: int | None = None,
    ) -> None:
        self._params = params
        self._vocab_size = vocab_size
        chosen = checked("seed", params.seed if seed is None else seed)
        # 32 bits: short enough to be read out and typed again.
        self.seed: int = secrets.randbits(32) if chosen is None else chosen
        # Not NumPy's: the stream of random.Random(int).random() is promised to stay the same across versions.
        self._random = random.Random(self.seed)
        # A model's files may name stop ids that it cannot generate: nothing to mask there.
        self._stop_ids = np.array([each for each in eos_ids if 0 <= each < vocab_size], dtype=np.int64)
        self._bias_ids, self._bias = _bias_arrays(params, vocab_size)
        self._seen = _Tally(_distinct(prompt_ids, vocab_size) if params.repetition_penalty != 1 else ())
        self._answer = _Tally()
        self._count = 0
        self._penalises = (params.repetition_penalty, params.presence_penalty, params.frequency_penalty) != (1, 0, 0)
        # Empty until a processor needs it; then one copy per token and no allocation.
        self._work: Logits = np.empty(0, dtype=np.float32)

    def go_on_after(self, token_ids: Iterable[int]) -> None:
        """Count tokens of the answer that were chosen before, with this seed: they and what follows are one answer."""
        for token_id in token_ids:
            self._add(token_id)
            if self._params.temperature != 0:
                self._random.random()

    def sample(self, logits: Logits) -> Sampled:
        """Choose the next token, and count it as part of the answer.

        Args:
            logits: float32 [V]; neither written to nor kept.

        Raises:
            BadLogits: The logits have NaN or +inf in them (a broken model, or an overflow in f16), or leave no token
                to choose. -inf is a token that cannot be chosen.
        """
        if logits.shape != (self._vocab_size,):
            raise ValueError(f"logits have the shape {logits.shape}, not ({self._vocab_size},)")
        token_id = self._choose(self.processed(logits))
        self._add(token_id)
        if self._params.logprobs is None:
            return Sampled(token_id)
        return with_logprobs(logits, token_id, self._params.logprobs)

    def _add(self, token_id: int) -> None:
        self._count += 1
        if self._penalises:
            self._seen.add(token_id)
            self._answer.add(token_id)

    def processed(self, logits: Logits) -> Logits:
        """The logits after the processors: the same array where none has anything to do, else one that is reused.

        Raises:
            BadLogits: As `sample`.
        """
        _check(logits)
        params = self._params
        masked = self._count < params.min_tokens and self._stop_ids.size > 0
        if not (masked or self._bias_ids.size or self._penalises):
            return logits
        if not self._work.size:
            self._work = np.empty(self._vocab_size, dtype=np.float32)
        work = self._work
        np.copyto(work, logits)
        if self._bias_ids.size:
            apply_logit_bias(work, self._bias_ids, self._bias)
        if masked:
            apply_min_tokens(work, self._stop_ids)
        if params.repetition_penalty != 1:
            apply_repetition_penalty(work, self._seen.ids, params.repetition_penalty)
        if params.presence_penalty != 0:
            apply_presence_penalty(work, self._answer.ids, params.presence_penalty)
        if params.frequency_penalty != 0:
            apply_frequency_penalty(work, self._answer.ids, self._answer.counts, params.frequency_penalty)
        return work

    def _choose(self, logits: Logits) -> int:
        ids, weights = surviving(logits, self._params)
        place = draw(weights, self._random.random()) if self._params.temperature else 0
        return place if ids is None else int(ids[place])


def surviving(logits: Logits, params: SamplingParams) -> tuple[Indices | None, Logits]:
    """What the filters leave to be drawn from: top_k, temperature, min_p, top_p; or at temperature 0 the best one.

    Args:
        logits: After the processors.
        params: The filters' values.

    Returns:
        The tokens' ids (None: all of them, in order), and what their probabilities are proportional to.

    Raises:
        BadLogits: No token is left.
    """
    best = int(logits.argmax())
    if logits[best] == -np.inf:
        raise BadLogits("No token is left to choose: min_tokens excludes every one that the model allows.")
    if params.temperature == 0:
        return np.array([best]), np.ones(1, dtype=np.float32)
    ids = largest(logits, params.top_k) if 0 < params.top_k < logits.size else None
    weights = softmax_weights(logits if ids is None else logits[ids], params.temperature)
    # min_p leaves the total as it was: top_p is a share of what top_k left.
    total = float(weights.sum(dtype=np.float64)) if params.top_p < 1 else 0.0
    if params.min_p > 0:
        kept = keep_min_p(weights, params.min_p)
        weights, ids = weights[kept], kept if ids is None else ids[kept]
    if params.top_p < 1:
        kept = keep_top_p(weights, params.top_p, total)
        weights, ids = weights[kept], kept if ids is None else ids[kept]
    return ids, weights


def _check(logits: Logits) -> None:
    peak = float(logits.max())
    if math.isfinite(peak):
        return
    if peak == -math.inf:
        raise BadLogits("The model's output allows no token at all (every logit is minus infinity).")
    found = "NaN" if math.isnan(peak) else "infinity"
    raise BadLogits(
        f"The model's output for the next token has {found} in it, so nothing sensible can follow.",
        "Set engine.precision to f32; if that changes nothing, the model's files are damaged or badly converted.",
    )


def with_logprobs(logits: Logits, token_id: int, count: int) -> Sampled:
    """A token with its log probability and the `count` likeliest ones, by the raw logits f32[V]."""
    log_total = float(logits.max()) + math.log(float(softmax_weights(logits, 1.0).sum(dtype=np.float64)))
    top = [(int(each), float(logits[each]) - log_total) for each in largest(logits, count)]
    possible = tuple((each, logprob) for each, logprob in top if logprob > -math.inf)
    return Sampled(token_id, float(logits[token_id]) - log_total, possible)


def _distinct(prompt_ids: Iterable[int], vocab_size: int) -> list[int]:
    ids = sorted({int(each) for each in prompt_ids})
    for each in (*ids[:1], *ids[-1:]):
        if not 0 <= each < vocab_size:
            raise BadToken(
                f"The prompt has the token {each}, which is outside the model's vocabulary (0 to {vocab_size - 1}).",
                "The tokenizer in the model's folder belongs to another model.",
            )
    return ids


def _bias_arrays(params: SamplingParams, vocab_size: int) -> tuple[Indices, Logits]:
    for token_id in params.logit_bias:
        if token_id >= vocab_size:
            raise BadParameter(
                f"logit_bias has the token id {token_id}, it must be between 0 and {vocab_size - 1} for this model."
            )
    ids = np.fromiter(params.logit_bias, dtype=np.int64)
    return ids, np.fromiter(params.logit_bias.values(), dtype=np.float32)
