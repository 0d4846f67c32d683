"""Opening the models' screen (F3) with 200 model folders, and reading their files behind it.

Milliseconds from the key to the table with all names, painted, and to the last model's facts; the longest time that the
event loop was kept meanwhile; and the same again, with what was read kept.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.bench.opened import STARTER, STEP_S, fill, opened, painted
from tui.library.find import Places
from tui.library.local import LocalModels
from tui.screens.models import ModelsScreen


def run(args: list[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="python -m tests.bench models", description=__doc__)
    parser.add_argument("--model", type=Path, default=STARTER, help="a folder to copy; a real one has a larger graph")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args(args)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        places = Places(models=home / "models", hugging_face=home / "none")
        fill(places.models, given.model)
        found = [_milliseconds(lambda: len(LocalModels(places).find())) for _ in range(given.rounds)]
        rounds = [asyncio.run(_open(home / f"round {number}", places)) for number in range(given.rounds)]
    result = {name: _spread([each[name] for each in rounds]) for name in rounds[0]}
    result["find_ms"] = _spread(found)
    for name, values in result.items():
        print(f"{name:24} {values['median']:8.1f} ms  ({values['least']:.1f} to {values['most']:.1f})", file=sys.stderr)
    return result


async def _open(home: Path, places: Places) -> dict[str, float]:
    home.mkdir()
    measured: dict[str, float] = {}
    async with opened(home, places) as (pilot, chat):
        for what in ("first", "again"):
            watching = asyncio.create_task(_longest_step())
            began = time.perf_counter()
            await chat.run_action("models")
            panel = pilot.app.screen
            while not (isinstance(panel, ModelsScreen) and panel.is_mounted and panel.rows.items):
                await asyncio.sleep(STEP_S)
                panel = pilot.app.screen
            await painted(panel)
            measured[f"{what}_names_ms"] = (time.perf_counter() - began) * 1000
            while not all(row.need is not None for row in panel._all or ()):
                await asyncio.sleep(STEP_S)
            measured[f"{what}_facts_ms"] = (time.perf_counter() - began) * 1000
            watching.cancel()
            measured[f"{what}_longest_step_ms"] = await watching
            await pilot.press("escape")
    return measured


async def _longest_step() -> float:
    """Until cancelled: for how many milliseconds at most the event loop was kept by something."""
    longest = 0.0
    try:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0)
            longest = max(longest, time.perf_counter() - before)
            await asyncio.sleep(STEP_S)
    except asyncio.CancelledError:
        return longest * 1000


def _milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _spread(values: list[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "least": min(values), "most": max(values)}
