"""How long a cancelled answer takes to end: in the prefill of a 4,000-token prompt, and in decode."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from tests.bench.engine import words
from tui.engine.events import PrefillProgress, TextDelta
from tui.engine.generate import GenerationRequest
from tui.engine.runner import Runner
from tui.engine.sampling import SamplingParams


def run(args: list[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="python -m tests.bench cancel", description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args(args)
    vocabulary = json.loads((given.model / "config.json").read_text())["vocab_size"]
    measured: dict[str, list[float]] = {"prefill": [], "decode": []}
    with Runner() as runner:
        runner.load(given.model).result()
        for number in range(given.rounds):
            for stage, event_type, tokens in (("prefill", PrefillProgress, 4000), ("decode", TextDelta, 16)):
                sampling = SamplingParams(temperature=0, ignore_eos=True, max_tokens=1000)
                job = runner.generate(GenerationRequest(prompt=words(tokens, number, vocabulary), sampling=sampling))
                next(event for event in job if isinstance(event, event_type))
                time.sleep(0.05 + 0.03 * number)  # somewhere inside a chunk or a step
                start = time.perf_counter()
                job.cancel()
                job.result()
                measured[stage].append((time.perf_counter() - start) * 1000)
    for stage, times in measured.items():
        print(
            f"cancel in {stage}: median {statistics.median(times):.0f} ms, worst {max(times):.0f} ms", file=sys.stderr
        )
    return {"cancel_ms": measured}
