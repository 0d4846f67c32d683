"""The app on a scripted runner, with a store of its own: for Pilot tests, snapshots and benchmarks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from tests.scripted import ScriptedRunner
from tui.app import ChatApp
from tui.chat.active_model import ActiveModel
from tui.chat.choice import Choice
from tui.chat.outbox import Outbox
from tui.engine.options import EngineOptions
from tui.library.find import Places, Source
from tui.library.local import LocalModel, LocalModels
from tui.screens.services import Services, Start
from tui.store.conversations import Conversations
from tui.store.settings_file import SettingsFile
from tui.store.state import State
from tui.terminal.link import Link


def choose(model: str | None, device: str | None) -> Choice:
    """Every name is a model's, and it runs wherever one likes."""
    name = model or "scripted"
    return Choice(name, Path(name), name, device or "CPU", "", EngineOptions())


class GivenModels(LocalModels):
    """Models whose files are read already."""

    def __init__(self, models: Sequence[LocalModel], places: Places | None = None) -> None:
        super().__init__(places)
        self._models = list(models)

    def find(self) -> list[LocalModel]:
        return self._models

    def has_changed(self) -> bool:
        return False

    def read(self, model: LocalModel) -> LocalModel:
        return model


def chat_app(
    home: Path,
    runner: ScriptedRunner | None = None,
    *,
    start: Start | None = None,
    user: Mapping[str, Any] | None = None,
    open_store: Callable[[], Conversations] | None = None,
    models: Sequence[LocalModel] | LocalModels = (),
    line: Link | None = None,
) -> ChatApp:
    """The real app; its conversations lie in `home`.

    Args:
        home: A folder.
        runner: The engine.
        start: How to begin.
        user: The user's settings, set in his file.
        open_store: In place of the one in `home`.
        models: The local models, or who finds them.
        line: What the terminal is connected with.
    """
    state = State(home / "state.toml")
    engine = runner if runner is not None else ScriptedRunner()
    settings = SettingsFile(home / "settings.toml")
    for key, value in (user or {}).items():
        settings.set(key, value)
    settings.look()
    if not isinstance(models, LocalModels):
        models = GivenModels(
            models or [LocalModel("scripted", Path("scripted"), Source.BUILT_IN, Path("scripted"))],
            Places(models=home / "models", added=(), hugging_face=home / "cache"),
        )
    services = Services(
        settings,
        Outbox(open_store or (lambda: Conversations.open(home / "conversations.db"))),
        ActiveModel(lambda: engine, choose, state),
        models,
        lambda: [("CPU", "A scripted processor")],
    )
    return ChatApp(services, start, line)


@asynccontextmanager
async def running(app: ChatApp, size: tuple[int, int] = (100, 30)) -> AsyncIterator[Pilot[None]]:
    """`app` in a terminal of that size.

    Its workers end before its widgets are taken down, as they do outside of tests: `run_test` alone leaves them at it.
    """
    async with app.run_test(size=size) as pilot:
        try:
            yield pilot
        finally:
            app.workers.cancel_all()
            await asyncio.to_thread(app.services.active.close)
            await asyncio.to_thread(app.services.jobs.close, 5.0)
