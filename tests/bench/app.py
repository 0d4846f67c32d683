"""The whole app in a pty of 120x40: start, first token, CPU per token, echo, decode speed, memory.

Each measure has what it is compared with beside it, in the same rounds and in turns: what else the machine does meets
both. CPU is that of the process; the scripted engine writes 60 tokens a second.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.bench.answer_tokens import answer_tokens
from tests.bench.app_worker import ENDED, READY, TURNS
from tests.terminal_driver import Terminal

COMMAND = Path(sys.executable).parent / "ovchat"
QUESTION = "Hello, who are you?"
ANSWER = (b"I am", b"I\x1b")  # how the starter's answer begins: a frame may end after any token
FIRST = b"Enter sends"
# Letters that nothing else on the screen has, one byte sequence for each: their first appearance is their echo.
LETTERS = [chr(code) for code in range(0x100, 0x17F)]
PARTS = ("start", "token", "cpu", "echo", "decode", "memory")
_PATIENCE_S = 180.0
# Over 800 it is 0.8 of `ask`, whatever is drawn; over 1,900 0.97: the beginning of a turn costs, and these are quick.
_STARTER_TOKENS = 1600
Samples = dict[str, list[float]]


def run(args: list[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="python -m tests.bench app", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--model", type=Path, help="a model for the decode speed, beside the starter")
    given = parser.parse_args(args)
    result: dict[str, Any] = {}
    for part in given.only:
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder)
            match part:
                case "start":
                    result[part] = _start(home, given.rounds)
                case "token":
                    result[part] = _first_token(home, given.rounds)
                case "cpu":
                    result[part] = _cpu(given.rounds)
                case "echo":
                    result[part] = _echo(given.rounds)
                case "decode":
                    result[part] = {"starter": _decode(home, given.rounds, "starter", _STARTER_TOKENS)}
                    if given.model is not None:
                        result[part][given.model.name] = _decode(home, given.rounds, str(given.model), 128)
                case "memory":
                    result[part] = _memory()
        print(f"{part}: {json.dumps(result[part])}", file=sys.stderr)
    return result


def in_terminal(
    command: Sequence[str | Path], home: Path, *, emulate: bool = False, environment: Mapping[str, str] | None = None
) -> Terminal:
    environment = {"OVCHAT_HOME": str(home), **(environment or {})}
    return Terminal(command, columns=120, rows=40, environment=environment, cwd=Path.cwd(), emulate=emulate)


def worker(kind: str, history: int, report: Path) -> list[str | Path]:
    return [sys.executable, "-m", "tests.bench.app_worker", kind, str(history), report]


def seen(terminal: Terminal, *wanted: bytes, every: float = 0.01, since: float = 0.0) -> float:
    """When one of `wanted` came, in seconds since the program was started; looked for every so many seconds."""
    deadline = time.perf_counter() + _PATIENCE_S
    while time.perf_counter() < deadline:
        if found := [came for each in wanted if (came := terminal.when(each, since)) is not None]:
            return min(found) - terminal.began
        assert terminal.process.poll() is None, terminal.raw[-2000:].decode(errors="replace")
        time.sleep(every)
    raise AssertionError(f"{wanted!r} did not come; the end is {terminal.raw[-500:]!r}")


def medians(samples: Samples) -> dict[str, Any]:
    return {
        name: {"median": statistics.median(each), "min": min(each), "max": max(each), "n": len(each)}
        for name, each in samples.items()
    }


def in_turns(rounds: int, measures: dict[str, Callable[[], float]]) -> Samples:
    samples: Samples = {name: [] for name in measures}
    names = list(measures)
    for number in range(rounds):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            samples[name].append(measures[name]())
    return samples


def _compared(samples: Samples, ours: str, other: str) -> dict[str, Any]:
    ratios = [a / b for a, b in zip(samples[ours], samples[other], strict=True)]
    return {**medians(samples), "ratio": statistics.median(ratios), "ratios": [round(each, 2) for each in ratios]}


# Start


def _start(home: Path, rounds: int) -> dict[str, Any]:
    """Seconds from the start of the process to its first paint."""

    def measure(command: Sequence[str | Path]) -> float:
        with in_terminal(command, home) as terminal:
            return seen(terminal, FIRST)

    ours, empty = [COMMAND], worker("empty", 0, home / "report")
    measure(ours)  # fills the page cache
    samples = in_turns(2 * rounds, {"ovchat": lambda: measure(ours), "empty app": lambda: measure(empty)})
    return _compared(samples, "ovchat", "empty app")


def _first_token(home: Path, rounds: int) -> dict[str, Any]:
    """Seconds from the start of the process to the first token of the starter, the question being typed at once."""

    def app() -> float:
        with in_terminal([COMMAND], home) as terminal:
            seen(terminal, FIRST)
            terminal.type(QUESTION)
            asked = time.perf_counter()
            terminal.press("enter")
            came = seen(terminal, *ANSWER, since=asked)
            terminal.press("ctrl+q")  # killed, the next one would begin with an interrupted answer
            terminal.exit_code()
            return came

    def ask() -> float:
        with in_terminal([COMMAND, "ask", QUESTION], home) as terminal:
            return seen(terminal, *ANSWER)

    first = app()  # makes the self-check, once for a model and a device
    samples = in_turns(2 * rounds, {"app": app, "ask": ask})
    return {"first_ever_s": first, **_compared(samples, "app", "ask")}


# While it streams


def _cpu(rounds: int) -> dict[str, Any]:
    """Milliseconds of CPU for each streamed token, of the whole process without what the script computes.

    That is the engine, and counting tokens in threads, which a real tokenizer does a hundred times as fast.
    """
    threads: dict[str, dict[str, list[float]]] = {}

    def measure(kind: str, history: int) -> float:
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.json"
            with in_terminal(worker(kind, history, report), Path(folder)) as terminal:
                wait_for_report(terminal, report)
            got = json.loads(report.read_text())
        cpu, tokens = got["cpu_s"], got["tokens"]
        kept = threads.setdefault(f"{kind} {history}", {})
        for name, seconds in cpu.items():
            kept.setdefault(name, []).append(1000 * seconds / tokens)
        scripted = sum(seconds for name, seconds in cpu.items() if name.startswith(("engine", "asyncio")))
        return 1000 * (cpu["all"] - scripted) / tokens

    samples = in_turns(
        rounds,
        {
            "app": lambda: measure("stream", 0),
            "app, 300 messages": lambda: measure("stream", 300),
            "Textual's Markdown": lambda: measure("markdown", 0),
        },
    )
    return {
        **_compared(samples, "app", "Textual's Markdown"),
        "ratio_300": _compared(samples, "app, 300 messages", "app")["ratio"],
        "threads_ms": {
            kind: {name: statistics.median(each) for name, each in by.items()} for kind, by in threads.items()
        },
    }


def wait_for_report(terminal: Terminal, report: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not (report.exists() and report.read_text().endswith("}")):
        assert time.monotonic() < deadline, "no report"
        assert terminal.process.poll() is None or report.exists(), terminal.raw[-3000:].decode(errors="replace")
        time.sleep(0.1)


def _echo(rounds: int) -> dict[str, Any]:
    """Milliseconds from a key to its echo, while an answer streams and when nothing does."""
    taken: Samples = {"streaming": [], "idle": []}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.json"
            with in_terminal(worker("stream", 0, report), Path(folder)) as terminal:
                seen(terminal, f"\x1b]2;{READY}".encode(), every=0.1)
                time.sleep(1.0)
                taken["streaming"] += type_letters(terminal, LETTERS[:60])
                seen(terminal, f"\x1b]2;{ENDED}".encode(), every=0.5)
                time.sleep(1.0)
                taken["idle"] += type_letters(terminal, LETTERS[60:120])
    return {
        name: {
            "p50": statistics.median(each),
            "p99": statistics.quantiles(each, n=100)[98],
            "max": max(each),
            "n": len(each),
        }
        for name, each in taken.items()
    }


def type_letters(terminal: Terminal, letters: Sequence[str]) -> list[float]:
    """Type letters, about eight a second and never in step with anything; how long each took to come back, in ms."""
    pressed = []
    for number, letter in enumerate(letters):
        pressed.append(time.perf_counter())
        terminal.press(letter)
        time.sleep(0.1 + 0.05 * (number * 0.618 % 1))
    time.sleep(1.0)
    came = [terminal.when(letter.encode(), since) for letter, since in zip(letters, pressed, strict=True)]
    missing = [letter for letter, each in zip(letters, came, strict=True) if each is None]
    assert not missing, f"no echo of {missing}"
    return [1000 * (each - since) for each, since in zip(came, pressed, strict=True) if each is not None]


# Decode


def _decode(home: Path, rounds: int, model: str, tokens: int) -> dict[str, Any]:
    """Tokens per second of a long answer, in the app and from `ovchat ask`, each a process of its own."""
    (home / "settings.toml").write_text(f"[sampling]\ntemperature = 0\nmin_tokens = {tokens}\nmax_tokens = {tokens}\n")
    question = "Tell me about temperature."

    def ask() -> float:
        done = subprocess.run(
            [COMMAND, "ask", "-m", model, "--json", question],
            env={**os.environ, "OVCHAT_HOME": str(home)},
            capture_output=True,
            text=True,
            check=True,
        )
        return float(json.loads(done.stdout)["timings"]["decode_tokens_per_s"])

    def app() -> float:
        with in_terminal([COMMAND, "-m", model], home) as terminal:
            seen(terminal, FIRST)
            before = _stored(home)
            terminal.type(question)
            terminal.press("enter")
            deadline = time.monotonic() + _PATIENCE_S
            while (now := _stored(home)) == before or now[-1] is None:
                assert time.monotonic() < deadline
                time.sleep(0.2)
            return float(now[-1])

    ask()  # makes the self-check
    return _compared(in_turns(rounds, {"app": app, "ask": ask}), "app", "ask")


def _stored(home: Path) -> list[float | None]:
    """Decode speeds of the stored answers; None for one that is being written."""
    try:
        with closing(sqlite3.connect(f"file:{home / 'conversations.db'}?mode=ro", uri=True)) as database:
            rows = database.execute("SELECT ended, facts FROM messages WHERE role = 'assistant' ORDER BY id").fetchall()
    except sqlite3.OperationalError:  # it is being made
        return []
    return [json.loads(facts)["timings"]["decode_tokens_per_s"] if ended else None for ended, facts in rows]


# Memory


def _memory() -> dict[str, Any]:
    """Resident megabytes after some turns, in one conversation."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        with in_terminal(worker("turns", 0, report), Path(folder)) as terminal:
            wait_for_report(terminal, report)
        got = json.loads(report.read_text())
    rss = {int(turn): size / 2**20 for turn, size in got["rss"].items()}
    text_mb = 2 * TURNS * len("".join(answer_tokens(60))) / 2**20
    return {**got, "rss": rss, "mb_50_to_200": rss[TURNS] - rss[50], "text_mb": text_mb}
