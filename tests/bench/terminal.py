"""What the app writes to a terminal of 120x40 and what that costs, near and far, beside other programs.

600 tokens of prose, lists, tables and code at 60 a second; bytes are counted on the terminal's side from the question
to the answer's end, CPU is that of the process without what the script computes. `--dump` names what was written.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.bench.app import (
    LETTERS,
    Samples,
    in_terminal,
    in_turns,
    medians,
    seen,
    type_letters,
    wait_for_report,
    worker,
)
from tests.bench.app_worker import ENDED, PER_SECOND, READY, TOKENS
from tests.bench.peers import PEERS, server
from tests.terminal_driver import Terminal
from tests.waiting import wait_until

PARTS = ("stream", "echo", "page")
LINES = {"near": {}, "far": {"SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22"}}
TEXTUAL = {"OVCHAT_OUTPUT": "textual"}
_HISTORY = 100
_QUIET_S = 1.0
_PEER_STILL_S = 5.0
_PEER_READS_S = 1.0
_STILL_BYTES_PER_S = 5_000
_BEGIN, _END = (f"\x1b]2;{title}".encode() for title in (READY, ENDED))
_SEQUENCES = re.compile(rb"\x1b\[[0-9;?<>=$]*[a-zA-Z]|\x1b\][^\x07]*\x07|\x1b.|[\x00-\x1f]|[^\x1b\x00-\x1f]+")


def run(args: list[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="python -m tests.bench terminal", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--dump", action="store_true", help="name what one answer writes")
    parser.add_argument(
        "--peer",
        action="append",
        default=[],
        type=Path,
        metavar="PATH",
        help=f"another program, as it is installed: one of {', '.join(PEERS)}",
    )
    given = parser.parse_args(args)
    result: dict[str, Any] = {}
    if given.dump:
        for name, environment in LINES.items():
            result[f"dump {name}"] = dump(_streamed("tables", environment)["written"])
        return result
    if "stream" in given.only:
        result["stream"] = _stream(given.rounds, given.peer)
    if "echo" in given.only:
        result["echo"] = {name: _echo(given.rounds, environment) for name, environment in LINES.items()}
    if "page" in given.only:
        result["page"] = {name: _page(environment) for name, environment in (LINES | {"Textual": TEXTUAL}).items()}
    for name, value in result.items():
        print(f"{name}: {json.dumps(value)}", file=sys.stderr)
    return result


def _stream(rounds: int, peers: Sequence[Path]) -> dict[str, Any]:
    """Bytes and milliseconds of CPU for each streamed token."""
    written: Samples = {}

    def measure(name: str, kind: str, environment: dict[str, str]) -> float:
        got = _streamed(kind, environment)
        written.setdefault(name, []).append(len(got["written"]) / got["tokens"])
        return float(got["cpu_ms"])

    def measure_peer(executable: Path) -> float:
        count, cpu_s = _peer(executable)
        written.setdefault(executable.name, []).append(count / TOKENS)
        return 1000 * cpu_s / TOKENS

    kinds = {name: ("tables", environment) for name, environment in LINES.items()}
    kinds |= {"far, Textual's output": ("tables", LINES["far"] | TEXTUAL), "Textual's Markdown": ("plain tables", {})}
    measures = {name: lambda name=name, kind=kind: measure(name, *kind) for name, kind in kinds.items()}
    measures |= {each.name: lambda each=each: measure_peer(each) for each in peers}
    cpu = in_turns(rounds, measures)
    return {"bytes": medians(written), "cpu_ms": medians(cpu)}


def _streamed(kind: str, environment: dict[str, str]) -> dict[str, Any]:
    """What one answer wrote, and what a token of it cost."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        with in_terminal(worker(kind, 0, report), Path(folder), environment=environment) as terminal:
            wait_for_report(terminal, report)
            seen(terminal, _END)
            written = terminal.raw
        got = json.loads(report.read_text())
    scripted = sum(seconds for name, seconds in got["cpu_s"].items() if name.startswith(("engine", "asyncio")))
    return {
        "written": written[written.index(_BEGIN) : written.index(_END)],
        "tokens": got["tokens"],
        "cpu_ms": 1000 * (got["cpu_s"]["all"] - scripted) / got["tokens"],
        "threads_ms": {name: 1000 * seconds / got["tokens"] for name, seconds in got["cpu_s"].items()},
    }


def _peer(executable: Path) -> tuple[int, float]:
    """Bytes and CPU seconds of another program from the question until it is quiet."""
    peer = PEERS[executable.name]
    with server(TOKENS, PER_SECOND) as port, tempfile.TemporaryDirectory() as folder:
        command = peer.start(executable, Path(folder), port)
        with in_terminal(command, Path(folder)) as terminal:
            # Letters that come before it takes the terminal are lost on some of them.
            wait_until(lambda: terminal.output and terminal.gives_keys_as_they_are, 60)
            _still(terminal)
            before, cpu_s = terminal.written, terminal.cpu_seconds()
            terminal.type("Hello")
            time.sleep(_PEER_READS_S)
            terminal.press(peer.send)
            wait_until(lambda: terminal.written > before + _STILL_BYTES_PER_S, 60)
            _still(terminal)
            return terminal.written - before, terminal.cpu_seconds() - cpu_s


def _still(terminal: Terminal) -> None:
    """Wait until little is written: a cursor that blinks is 500 bytes a second, an answer 50,000."""
    before = -math.inf
    while terminal.written - before > _STILL_BYTES_PER_S * _PEER_STILL_S:
        before = terminal.written
        time.sleep(_PEER_STILL_S)


def _quiet(terminal: Terminal, seconds: float) -> None:
    """Wait until nothing has been written for so long, from now on."""
    began = time.perf_counter()
    while time.perf_counter() - (max(began, terminal.output[-1][0]) if terminal.output else began) < seconds:
        time.sleep(0.05)


def _echo(rounds: int, environment: dict[str, str]) -> dict[str, float]:
    """Milliseconds from a key to its echo while an answer streams."""
    taken: list[float] = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.json"
            with in_terminal(worker("tables", 0, report), Path(folder), environment=environment) as terminal:
                seen(terminal, _BEGIN, every=0.1)
                time.sleep(1.0)
                taken += type_letters(terminal, LETTERS[:60])
    return {"p50": statistics.median(taken), "p99": statistics.quantiles(taken, n=100)[98], "max": max(taken)}


def _page(environment: dict[str, str]) -> dict[str, float]:
    """Bytes of scrolling a long conversation by a page, and of the text on a page."""
    taken, text = [], []
    with tempfile.TemporaryDirectory() as folder:
        command = worker("still", _HISTORY, Path(folder) / "report.json")
        with in_terminal(command, Path(folder), emulate=True, environment=environment) as terminal:
            seen(terminal, _BEGIN, every=0.1)
            _quiet(terminal, _QUIET_S)
            for key in ["pageup"] * 8 + ["pagedown"] * 4:
                before = terminal.written
                terminal.press(key)
                _quiet(terminal, _QUIET_S)
                taken.append(terminal.written - before)
                text.append(len(terminal.text.encode()))
    return {"bytes": statistics.median(taken), "most": max(taken), "text": statistics.median(text)}


def dump(written: bytes) -> list[tuple[str, int, int]]:
    """What was written: each kind of sequence with how often it came and all its bytes, most bytes first."""
    times, size = Counter[str](), Counter[str]()
    for part in _SEQUENCES.findall(written):
        name = _named(part)
        times[name] += 1
        size[name] += len(part)
    rows = [(name, times[name], count) for name, count in size.most_common()]
    for name, count, total in rows:
        print(f"{name:30} {count:6} x {total / count:6.1f} = {total:7} bytes", file=sys.stderr)
    print(f"{sum(size.values())} bytes", file=sys.stderr)
    return rows


def _named(part: bytes) -> str:
    if not part.startswith(b"\x1b"):
        return "text" if part[0] >= 32 else f"control {part!r}"
    if part.startswith(b"\x1b["):
        return f"CSI {'?' * (b'?' in part)} {chr(part[-1])}"
    return f"ESC {chr(part[1])}"
