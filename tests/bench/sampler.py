"""What choosing one token costs, in microseconds, for a row of logits as long as the largest vocabularies in use."""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

import numpy as np

from tui.engine.sampling import Sampler, SamplingParams

VOCABULARY = 152_000
PROMPT = 4096
TOKENS = 300

CASES: dict[str, dict[str, Any]] = {
    "greedy": {"temperature": 0},
    "greedy, repetition": {"temperature": 0, "repetition_penalty": 1.1},
    "greedy, 5 logprobs": {"temperature": 0, "logprobs": 5},
    "top_k 40": {"temperature": 0.7, "top_k": 40},
    "top_k 40, top_p, all penalties": {
        "temperature": 0.7,
        "top_k": 40,
        "top_p": 0.9,
        "repetition_penalty": 1.1,
        "presence_penalty": 0.5,
        "frequency_penalty": 0.5,
    },
    "top_p": {"temperature": 0.7, "top_p": 0.9},
    "min_p": {"temperature": 0.7, "min_p": 0.05},
    "temperature only": {"temperature": 0.7},
}


def run(args: list[str]) -> dict[str, Any]:
    """Print a table; return {case: {"median_us": ..., "p95_us": ...}} with the sizes used."""
    argparse.ArgumentParser(prog="python -m tests.bench sampler", description=__doc__).parse_args(args)
    random = np.random.default_rng(0)
    # Several rows, so that none of them is in the cache because the last token left it there.
    rows = [random.normal(0, 3, VOCABULARY).astype(np.float32) for _ in range(8)]
    prompt = random.integers(0, VOCABULARY, PROMPT).tolist()
    results = {name: _measure(params, rows, prompt) for name, params in CASES.items()}
    print(f"Sampler, vocabulary {VOCABULARY:,}, prompt {PROMPT:,}, {TOKENS} tokens: microseconds per token")
    print(f"{'':<34}{'median':>8}{'p95':>8}")
    for name, result in results.items():
        print(f"{name:<34}{result['median_us']:>8.0f}{result['p95_us']:>8.0f}")
    return {"vocabulary": VOCABULARY, "prompt_tokens": PROMPT, "tokens": TOKENS, "cases": results}


def _measure(params: dict[str, Any], rows: list[np.ndarray], prompt: list[int]) -> dict[str, float]:
    sampler = Sampler(SamplingParams(**params), prompt, [0], VOCABULARY, seed=1)
    times = []
    for count in range(TOKENS):
        start = time.perf_counter()
        sampler.sample(rows[count % len(rows)])
        times.append((time.perf_counter() - start) * 1e6)
    return {"median_us": statistics.median(times), "p95_us": statistics.quantiles(times, n=20)[-1]}
