"""ChatApp: the services, the themes and the first screen put together. It implements nothing of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.events import Event
from textual.screen import Screen
from textual.signal import Signal

from tui.screens.chat import ChatScreen
from tui.screens.key_table import active_rows
from tui.screens.key_tester import KeyTesterScreen
from tui.screens.leaving import ask_where_to_save, may_stop, pulls_under_way
from tui.screens.looks import Looks
from tui.screens.opening import may_leave
from tui.screens.palette import Actions, Palette
from tui.screens.services import Services, Start
from tui.screens.type_ahead import TypeAhead, changes_screen
from tui.store.errors import StoreError
from tui.store.records import Role
from tui.terminal import keys
from tui.terminal.display import with_present_keys
from tui.terminal.ending import EndingApp
from tui.terminal.hangup import HANGUP, Ending
from tui.terminal.link import Link

if TYPE_CHECKING:
    from tui.chat.turn import Turn
    from tui.screens.chat_pane import ChatPane

_LOOK_S = 1.0
_JOBS_END_S = 3.0  # they stop within half a second, and delete what is to be deleted
_REDRAW = "Draw the whole screen again."
_MOUSE = "The mouse is ovchat's, or the terminal's: then its own selection works."


class ChatApp(EndingApp):
    """The application.

    Args:
        services: What it works with.
        start: How to begin.
        line: What the terminal is connected with.
        ending: Says when somebody outside ends it.

    Attributes:
        left: The turns that go on without a terminal when it has ended.
        settings_changed: Published with the keys of the settings whose values in effect have changed; also where only
            what cannot be followed of their file has.
        paused: The models whose pulls were under way when it ended.
        last_answer: The last answer of the conversation that was shown when it ended; "" for none.
    """

    TITLE = "ovchat"
    CSS_PATH = "app.tcss"
    COMMANDS: ClassVar = {Actions}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit", "Quit", id="app.quit", tooltip="Leave; everything is saved.", priority=True),
        Binding("ctrl+p", "command_palette", "Palette", id="app.palette", tooltip="Every action, by name."),
        Binding("ctrl+l", "redraw", "Redraw", id="app.redraw", tooltip=_REDRAW, priority=True),
        Binding("alt+m", "switch_mouse", "Mouse", id="app.mouse", tooltip=_MOUSE, priority=True),
    ]

    def __init__(
        self,
        services: Services,
        start: Start | None = None,
        line: Link | None = None,
        ending: Ending | None = None,
    ) -> None:
        super().__init__(line or Link(), services.settings.section("terminal"), ending)
        keys.register()
        self.hold_input()
        self._type_ahead = TypeAhead(self, super().on_event)
        self.services = services
        self.settings_changed: Signal[frozenset[str]] = Signal(self, "settings_changed")
        self._noticed = services.settings.notices  # `start` has those
        services.settings_file.told = self.look_at_settings
        self.left: Sequence[Turn] = ()
        self.paused: Sequence[str] = ()
        self.last_answer = ""
        self._start = start or Start()
        self.looks = Looks(self, services.settings_file, self._say_all)
        self.looks.begin()

    def on_mount(self) -> None:
        """From now on what is changed in the settings' file is seen."""
        self.set_interval(_LOOK_S, self.look_at_settings)
        self.settings_changed.subscribe(self, self.looks.follow)
        self.call_after_refresh(self.looks.check)

    def look_at_settings(self) -> None:
        """Follow what was changed in the settings, here or in their file."""
        changed = self.services.settings_file.look()
        notices = self.services.settings.notices
        if changed or notices != self._noticed:
            self.settings_changed.publish(changed)
        new = [notice for notice in notices if notice not in self._noticed]
        mended = [notice for notice in self._noticed if notice not in notices]
        self._noticed = notices
        if mended and self._pane is not None:
            self._pane.notice.withdraw(mended)
        self._say_all(new)

    def _say_all(self, notices: Sequence[str]) -> None:
        if notices and self._pane is not None:
            self._pane.say_all(notices)

    def get_default_screen(self) -> Screen[None]:
        return ChatScreen(self.services, self._start)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        if isinstance(screen, ChatScreen):
            yield from screen.commands()
            yield SystemCommand("Theme", "Choose the colours; each theme is shown on the way.", self.action_theme)
            yield SystemCommand("Key tester", "Press a key: its bytes, its name, what it does.", self._test_keys)
        yield SystemCommand("Redraw", f"{_REDRAW} (Ctrl+L)", self.action_redraw)
        yield SystemCommand("Mouse", f"{_MOUSE} (Alt+M)", self.action_switch_mouse)
        yield SystemCommand("Quit", "Leave; everything is saved. (Ctrl+Q)", self.action_quit)

    async def on_event(self, event: Event) -> None:
        """What is typed at once after a key that opens or closes a screen is for the one that is shown then."""
        if not self._type_ahead.holds(event):
            await super().on_event(event)

    @changes_screen
    def action_command_palette(self) -> None:
        """Show every action."""
        if not isinstance(self.screen, Palette):
            self.push_screen(Palette())

    def action_redraw(self) -> None:
        """Draw what something else may have written over."""
        self.redraw()

    def action_switch_mouse(self) -> None:
        """Say whose the mouse is now."""
        match self.switch_mouse():
            case None:
                said = "The mouse stays as it is on this terminal."
            case True:
                said = "The mouse is ovchat's now: the wheel scrolls. Alt+M gives it back."
            case False:
                said = "The terminal's own selection works now. Alt+M takes the mouse again."
        if isinstance(self.screen, ChatScreen):
            self.screen.pane.notice.say(said)
        else:
            self.notify(with_present_keys(self, said), markup=False)

    def action_theme(self) -> None:
        """Choose a theme."""
        choose: Callable[[], Awaitable[None]] = self.looks.choose
        self.run_worker(choose, group="theme", exclusive=True)

    def _test_keys(self) -> None:
        rows = active_rows(self.screen.active_bindings)
        self.push_screen(KeyTesterScreen(rows, self.line, self.escape_delay_s))

    async def end(self, code: int) -> None:
        """Somebody ends the process and cannot be asked anything: save, give the terminal back, go."""
        jobs_end = asyncio.create_task(self._end_jobs())
        if (pane := self._pane) is None:
            pass
        elif code == HANGUP and self.services.settings["terminal.on_hangup"] == "finish":
            self.left = pane.let_go()
        else:
            await pane.stop_everything(interrupted=True)
        await asyncio.to_thread(self._save_to_end)
        await jobs_end
        self._keep_last_answer()
        self.exit(return_code=code)

    async def _end_jobs(self) -> None:
        self.paused = pulls_under_way(self.services.jobs)
        await asyncio.to_thread(self.services.jobs.close, _JOBS_END_S)

    def _save_to_end(self) -> None:
        outbox = self.services.outbox
        if outbox.flush(2.0) and self.left and outbox.store is not None:
            with suppress(StoreError):  # then they are found when this process has ended
                outbox.store.give_up_drafts()

    async def action_quit(self) -> None:
        # In a worker: the question what to do with what is not saved waits for its answer, and is asked once.
        if not any(worker.group == "leave" and not worker.is_finished for worker in self.workers):
            leave: Callable[[], Awaitable[None]] = self._leave
            self.run_worker(leave, group="leave")

    async def _leave(self) -> None:
        if (pane := self._pane) is not None:
            if not (await may_leave(self, pane) and await may_stop(self, self.services.jobs)):
                return
            await pane.stop_everything()
        outbox = self.services.outbox
        saved = await asyncio.to_thread(outbox.flush, 2.0) or not (outbox.unsaved or any(outbox.drafts.values()))
        if saved or await ask_where_to_save(self, outbox):
            await self._end_jobs()
            self._keep_last_answer()
            self.exit()
        elif pane is not None:
            pane.stay()

    def _keep_last_answer(self) -> None:
        last = self._pane.session.last(Role.ASSISTANT) if self._pane is not None else None
        self.last_answer = last.text.strip("\n") if last is not None else ""

    @property
    def _pane(self) -> ChatPane | None:
        chat = self.screen_stack[0] if self.screen_stack else None
        return chat.pane if isinstance(chat, ChatScreen) else None
