"""The engine against openvino-genai's LLMPipeline at its defaults.

Each program is a process of its own with the model loaded and warm. They take turns, a few seconds each, and whoever
begins changes every round: what else the machine does meets all of them. Loading is measured in processes started one
after the other; peak memory is that of one of them each, which then has a chat of two turns.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# What is measured, whether more is better, and what the ratio (ours to genai's) should be, by precision.
AIMS: dict[str, tuple[bool, dict[str, float]]] = {
    "decode_tokens_per_s": (True, {"default": 0.97, "auto": 1.35}),
    "ttft_512_s": (False, {"default": 1.05}),
    "ttft_4096_s": (False, {"default": 1.05}),
    "second_turn_s": (False, {}),
    "load_s": (False, {"default": 1.10}),
    "peak_mb": (False, {"default": 1.05}),
}
GENAI, DEFAULT, AUTO = "genai", "ovchat default", "ovchat auto"
PROGRAMS = (GENAI, DEFAULT, AUTO)
DECODE_TOKENS = 64
ANSWER_TOKENS = 16


def words(count: int, seed: int, vocabulary: int) -> str:
    """A text of `count` tokens (see `shapes`)."""
    draw = random.Random(seed)
    return " ".join(f"t{draw.randrange(3, vocabulary)}" for _ in range(count))


class Worker:
    """A program in a process of its own, with the model loaded."""

    def __init__(self, program: str, folder: Path, verdicts: Path) -> None:
        name, _, precision = program.partition(" ")
        command = [sys.executable, "-m", "tests.bench.worker", name, str(folder), precision or "default", str(verdicts)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.load_s: float = self._read()["load_s"]

    def answer(self, text: str, tokens: int) -> dict[str, Any]:
        assert self._process.stdin is not None
        print(json.dumps({"text": text, "tokens": tokens}), file=self._process.stdin, flush=True)
        return self._read()

    def close(self) -> float:
        """End it; its peak memory in MB."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        peak: float = self._read()["peak_mb"]
        self._process.wait()
        return peak

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())


def in_turns(round_number: int) -> Iterator[str]:
    shift = round_number % len(PROGRAMS)
    yield from PROGRAMS[shift:] + PROGRAMS[:shift]


def compare(folder: Path, rounds: int, long: bool) -> dict[str, Any]:
    """Medians by program, and ratios of ours to genai's."""
    size = json.loads((folder / "config.json").read_text())["vocab_size"]
    taken: dict[str, dict[str, list[float]]] = {program: {} for program in PROGRAMS}

    def take(program: str, key: str, value: float) -> None:
        taken[program].setdefault(key, []).append(value)

    with tempfile.TemporaryDirectory() as scratch:
        verdicts = Path(scratch) / "verdicts.json"
        Worker(DEFAULT, folder, verdicts).close()  # makes the self-check, and fills the page cache
        for number in range(rounds):
            for program in in_turns(number):
                worker = Worker(program, folder, verdicts)
                take(program, "load_s", worker.load_s)
                if number == 0:
                    chat(worker, 4096 if long else 512, number, size)
                peak = worker.close()
                if number == 0:
                    take(program, "peak_mb", peak)
        workers = {program: Worker(program, folder, verdicts) for program in PROGRAMS}
        for worker in workers.values():
            worker.answer(words(512, 10_000, size), 2)
        for number in range(rounds):
            for program in in_turns(number):
                got = workers[program].answer(words(512, 20_000 + number, size), DECODE_TOKENS)
                take(program, "ttft_512_s", got["ttft_s"])
                take(program, "decode_tokens_per_s", got["tokens_per_s"])
        for number in range(rounds if long else 0):
            for program in in_turns(number):
                first, second = chat(workers[program], 4096, 30_000 + number, size)
                take(program, "ttft_4096_s", first)
                take(program, "second_turn_s", second)
        for worker in workers.values():
            worker.close()
    medians = {program: {key: statistics.median(all_) for key, all_ in each.items()} for program, each in taken.items()}
    ratios = {
        program: {key: value / medians[GENAI][key] for key, value in each.items()} for program, each in medians.items()
    }
    return {"model": folder.name, "rounds": rounds, "medians": medians, "ratios": ratios, "runs": taken}


def chat(worker: Worker, tokens: int, seed: int, size: int) -> tuple[float, float]:
    """A long question, its answer, and a short question after it: seconds to the first token of both answers."""
    text = words(tokens, seed, size)
    first = worker.answer(text, ANSWER_TOKENS)
    more = f"{text} {first['text'].strip()} {words(32, seed + 1, size)}"
    return first["ttft_s"], worker.answer(more, 1)["ttft_s"]


def table(result: dict[str, Any]) -> str:
    medians, ratios = result["medians"], result["ratios"]
    lines = [
        f"{result['model']}: medians of at least {result['rounds']} alternating runs",
        f"{'':20}{'genai':>10}{'default':>10}{'ratio':>7}{'aim':>8}{'auto':>10}{'ratio':>7}{'aim':>8}",
    ]
    for key, (more_is_better, aims) in AIMS.items():
        if key not in medians[GENAI]:
            continue
        row = f"{key:20}{medians[GENAI][key]:10.3f}"
        for program in (DEFAULT, AUTO):
            aim = aims.get(program.removeprefix("ovchat "))
            wanted = "" if aim is None else f"{'>=' if more_is_better else '<='}{aim:.2f}"
            row += f"{medians[program][key]:10.3f}{ratios[program][key]:7.2f}{wanted:>8}"
        lines.append(row)
    return "\n".join(lines)


def run(args: list[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="python -m tests.bench engine", description=__doc__)
    parser.add_argument("models", nargs="+", type=Path, help="folders made by `python -m tests.bench shapes DIR`")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--short", action="store_true", help="leave out the 4,096-token prompts")
    given = parser.parse_args(args)
    results = []
    for folder in given.models:
        results.append(compare(folder, given.rounds, not given.short))
        print(table(results[-1]), file=sys.stderr, flush=True)
    return {"engine": results}
