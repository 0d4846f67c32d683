"""The app with many models, opened; and when something of it is painted."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.pilot import Pilot
from textual.screen import Screen

from tests.chat_app import chat_app, running
from tui.library.find import Places
from tui.library.local import LocalModels
from tui.screens.chat import ChatScreen

MODELS = 200
STARTER = Path(__file__).parents[2] / "tui" / "starter"
STEP_S = 0.001  # between two looks at the app


def fill(folder: Path, model: Path = STARTER) -> None:
    """Make the models' folders, each with a graph and a configuration of its own.

    Their files are those of `model`, with weights of the right size that take no room on the disk.
    """
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


@asynccontextmanager
async def opened(home: Path, places: Places) -> AsyncIterator[tuple[Pilot[None], ChatScreen]]:
    """The app at 120x40 with its chat, once a model is loaded."""
    app = chat_app(home, models=LocalModels(places))
    async with running(app, (120, 40)) as pilot:
        chat = app.screen
        assert isinstance(chat, ChatScreen)
        while app.services.active.status.model is None:
            await asyncio.sleep(STEP_S)
        await pilot.pause()
        yield pilot, chat
    app.services.outbox.close()


async def painted(screen: Screen[Any]) -> None:
    """Wait until a screen is painted."""
    done = asyncio.Event()
    screen.call_after_refresh(done.set)
    await done.wait()
