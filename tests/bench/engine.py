"""The engine against openvino-genai's LLMPipeline at its defaults: alternating runs, each in a process of its own."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
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
PROGRAMS = (("ovchat", "default"), ("genai", "default"), ("ovchat", "auto"))


def measure(program: str, precision: str, folder: Path, verdicts: Path, long: bool) -> dict[str, Any]:
    """One run of one program."""
    vocabulary = json.loads((folder / "config.json").read_text())["vocab_size"]
    command = [sys.executable, "-m", "tests.bench.worker", program, str(folder), precision, str(verdicts)]
    done = subprocess.run(
        [*command, str(vocabulary), "long" if long else "short"], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def compare(folder: Path, rounds: int, long: bool) -> dict[str, Any]:
    """Medians by program, and ratios of ours to genai's."""
    runs: dict[str, list[dict[str, Any]]] = {f"{program} {precision}": [] for program, precision in PROGRAMS}
    with tempfile.TemporaryDirectory() as scratch:
        verdicts = Path(scratch) / "verdicts.json"
        measure("ovchat", "default", folder, verdicts, long=False)  # makes the self-check, and fills the page cache
        for number in range(rounds):
            # Whoever runs first in a round has the cooler machine: take turns.
            for program, precision in PROGRAMS[number % 3 :] + PROGRAMS[: number % 3]:
                runs[f"{program} {precision}"].append(measure(program, precision, folder, verdicts, long))
    medians = {
        name: {key: statistics.median(run[key] for run in each) for key in each[0]} for name, each in runs.items()
    }
    peer = medians["genai default"]
    ratios = {
        f"{key} {precision}": medians[f"ovchat {precision}"][key] / peer[key]
        for key in peer
        for precision in ("default", "auto")
    }
    return {"model": folder.name, "rounds": rounds, "medians": medians, "ratios": ratios}


def table(result: dict[str, Any]) -> str:
    medians = result["medians"]
    lines = [
        f"{result['model']}: medians of {result['rounds']} alternating runs",
        f"{'':22}{'genai':>10}{'default':>10}{'ratio':>8}{'aim':>8}{'auto':>10}{'ratio':>8}{'aim':>8}",
    ]
    for key, (more_is_better, aims) in AIMS.items():
        if key not in medians["genai default"]:
            continue
        row = f"{key:22}{medians['genai default'][key]:10.3f}"
        for precision in ("default", "auto"):
            sign = "" if precision not in aims else f"{'>=' if more_is_better else '<='}{aims[precision]:.2f}"
            row += f"{medians[f'ovchat {precision}'][key]:10.3f}{result['ratios'][f'{key} {precision}']:8.2f}{sign:>8}"
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
