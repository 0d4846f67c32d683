"""Opening the models' screen (F3) with 200 model folders, and reading their files behind it.

Milliseconds from the key to the table with all names, painted, and to the last model's facts; the longest time that the
event loop was kept meanwhile; and the same again, with what was read kept. Folders have the files of a real one, with
weights of the right size that take no room on the disk.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.chat_app import chat_app
from tui.library.find import Places
from tui.library.local import LocalModels
from tui.screens.chat import ChatScreen
from tui.screens.models import ModelsScreen

MODELS = 200
_STARTER = Path(__file__).parents[2] / "tui" / "starter"
_STEP_S = 0.001


def run(args: list[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="python -m tests.bench models", description=__doc__)
    parser.add_argument("--model", type=Path, default=_STARTER, help="a folder to copy; a real one has a larger graph")
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


def fill(folder: Path, model: Path) -> None:
    """Make the folders, each with a graph and a configuration of its own."""
    folder.mkdir()
    for number in range(MODELS):
        made = folder / f"model-{number:03}-int4"
        made.mkdir()
        for file in model.iterdir():
            if file.suffix == ".bin":
                with (made / file.name).open("wb") as weights:
                    os.truncate(weights.fileno(), file.stat().st_size)
            elif file.suffix in (".xml", ".json", ".jinja"):
                shutil.copy(file, made)


async def _open(home: Path, places: Places) -> dict[str, float]:
    home.mkdir()
    app = chat_app(home)
    app.services = replace(app.services, models=LocalModels(places))
    measured: dict[str, float] = {}
    async with app.run_test(size=(120, 40)) as pilot:
        chat = app.screen
        assert isinstance(chat, ChatScreen)
        chat._services = app.services
        while app.services.active.status.model is None:
            await asyncio.sleep(_STEP_S)
        await pilot.pause()
        for what in ("first", "again"):
            watching = asyncio.create_task(_longest_step())
            began = time.perf_counter()
            await chat.run_action("models")
            while not (isinstance(app.screen, ModelsScreen) and app.screen.is_mounted and app.screen.rows.items):
                await asyncio.sleep(_STEP_S)
            panel = app.screen
            painted = asyncio.Event()
            panel.call_after_refresh(painted.set)
            await painted.wait()
            measured[f"{what}_names_ms"] = (time.perf_counter() - began) * 1000
            while not all(row.need is not None for row in panel._all or ()):
                await asyncio.sleep(_STEP_S)
            measured[f"{what}_facts_ms"] = (time.perf_counter() - began) * 1000
            watching.cancel()
            measured[f"{what}_longest_step_ms"] = await watching
            await pilot.press("escape")
        app.workers.cancel_all()
    await asyncio.to_thread(app.services.active.close)
    app.services.outbox.close()
    return measured


async def _longest_step() -> float:
    """Until cancelled: for how many milliseconds at most the event loop was kept by something."""
    longest = 0.0
    try:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0)
            longest = max(longest, time.perf_counter() - before)
            await asyncio.sleep(_STEP_S)
    except asyncio.CancelledError:
        return longest * 1000


def _milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _spread(values: list[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "least": min(values), "most": max(values)}
