"""ChatApp: the services, the themes and the first screen put together. It implements nothing of them."""

from __future__ import annotations

import asyncio
import signal
import tomllib
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import ClassVar

from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.theme import Theme

from tui.screens.chat import ChatScreen
from tui.screens.leaving import ask_where_to_save
from tui.screens.palette import Actions
from tui.screens.services import Services, Start
from tui.store import paths
from tui.terminal import keys
from tui.terminal.display import TerminalApp
from tui.terminal.link import Link

_TERMINATED = 143  # what shells make of SIGTERM


class ChatApp(TerminalApp):
    """The application."""

    TITLE = "ovchat"
    CSS_PATH = "app.tcss"
    COMMANDS: ClassVar = {Actions}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit", "Quit", id="app.quit", tooltip="Leave; everything is saved.", priority=True),
        Binding("ctrl+p", "command_palette", "Palette", id="app.palette", tooltip="Every action, by name."),
    ]

    def __init__(self, services: Services, start: Start | None = None, line: Link | None = None) -> None:
        super().__init__(line or Link(), services.settings.section("terminal"))
        keys.register()
        self.services = services
        self._start = start or Start()
        for theme in _shipped_themes():
            self.register_theme(theme)
        self.theme = "ovchat-dark"

    def get_default_screen(self) -> Screen[None]:
        return ChatScreen(self.services, self._start)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        if isinstance(screen, ChatScreen):
            yield from screen.commands()
        yield SystemCommand("Quit", "Leave; everything is saved. (Ctrl+Q)", self.action_quit)

    def on_mount(self) -> None:
        with suppress(NotImplementedError):  # Windows has no such signals
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._terminated)

    def _terminated(self) -> None:
        """Somebody ends the process and cannot be asked anything: save, give the terminal back, go."""

        async def go() -> None:
            await self._stop()
            await asyncio.to_thread(self.services.outbox.flush, 2.0)
            self.exit(return_code=_TERMINATED)

        self.run_worker(go(), group="leave", exclusive=True)

    async def action_quit(self) -> None:
        # In a worker: the question what to do with what is not saved waits for its answer, and is asked once.
        if not any(worker.group == "leave" and not worker.is_finished for worker in self.workers):
            leave: Callable[[], Awaitable[None]] = self._leave
            self.run_worker(leave, group="leave")

    async def _leave(self) -> None:
        await self._stop()
        outbox = self.services.outbox
        saved = await asyncio.to_thread(outbox.flush, 2.0) or not (outbox.unsaved or any(outbox.drafts.values()))
        if not saved and not await ask_where_to_save(self, outbox):
            return
        self.exit()

    async def _stop(self) -> None:
        if isinstance(chat := self.screen_stack[0], ChatScreen):
            await chat.pane.stop_everything()


def _shipped_themes() -> Iterable[Theme]:
    for path in sorted(paths.data_file("themes").glob("*.toml")):
        yield Theme(**tomllib.loads(path.read_text("utf-8")))
