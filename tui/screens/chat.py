"""The chat screen: what its keys do, which conversation is shown, and how the model is doing."""

from __future__ import annotations

import asyncio
import gc
import importlib
import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on, work
from textual.app import ComposeResult, SystemCommand
from textual.binding import BindingType
from textual.geometry import Region
from textual.strip import Strip

from tui.chat import presets
from tui.chat.active_model import ModelStatus
from tui.chat.context import ContextUse
from tui.chat.listed import ListedConversations
from tui.screens import opening, switching, tuning
from tui.screens.chat_keys import KEYS, commands
from tui.screens.chat_pane import ChatPane
from tui.screens.chat_status import status_facts
from tui.screens.context_meter import ContextMeter
from tui.screens.conversations import ConversationsScreen, first_page
from tui.screens.dialogs import TextDialog
from tui.screens.find import FindScreen
from tui.screens.help import HelpScreen
from tui.screens.message_screen import MessageScreen
from tui.screens.type_ahead import changes_screen
from tui.store import personas
from tui.store.records import Conversation
from tui.terminal.title import show_title
from tui.widgets.assistant_message import AssistantMessage
from tui.widgets.blank import blank_rows
from tui.widgets.message_box import MessageBox
from tui.widgets.status_line import StatusLine
from tui.widgets.system_line import SystemLine

if TYPE_CHECKING:
    from tui.chat.session import ChatSession
    from tui.screens.services import Services, Start

_TICK_S, _LOADING_TICK_S = 0.25, 0.02
_QUIT_AGAIN_S = 3.0
_QUIET_S = 1.0  # with nothing under way; then there is time for what is needed later
_LATER = ("models", "settings", "sampling_panel", "inspector", "alternatives")  # panels that take long to import
_STEP = 0.1
_HOTTEST = 2.0


class ChatScreen(MessageScreen):
    """Chats with the model in use."""

    BINDINGS: ClassVar[list[BindingType]] = [*KEYS]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012 - as Textual declares it

    def __init__(self, services: Services, start: Start) -> None:
        new_session = partial(opening.new_session, services)
        super().__init__(ChatPane(new_session(), new_session, services.outbox, services.active))
        self._services = services
        self._start = start
        self._model = ModelStatus()
        self._use: ContextUse | None = None
        self._meter = ContextMeter(self, self._counted)
        self._ctrl_c_at = 0.0
        self._drawn_at = -math.inf  # when a piece of an answer was drawn last, in seconds
        self._noticed = 0  # of the outbox's notices, so many were said
        self._of_model: tuple[str, ...] = ()  # what was said of the model
        self._undoable: list[Conversation] = []  # what was deleted or archived since the app was opened
        self._status = StatusLine()

    def compose(self) -> ComposeResult:
        yield self.pane
        yield self._status

    def render_lines(self, crop: Region) -> list[Strip]:
        """Nothing of its own; it is asked for that with every row that is drawn anywhere."""
        return blank_rows(self, crop)

    def on_mount(self) -> None:
        self.pane.prompt.focus()
        self.app.take_input()
        self.pane.transcript.drawn.subscribe(self, self._show_status_too, immediate=True)
        # Everything that reads, imports or computes waits until there is something to look at.
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        # A persona of new conversations may name one.
        own = self.session.conversation.model if not self._start.go_on else ""
        self._services.active.use(self._start.model or own or None, self._start.device)
        self._watch()
        self._restore()
        # Looking for cycles among all that was imported takes 50 ms, again and again, and finds none.
        gc.freeze()

    # Conversations

    @work(group="open")
    async def _restore(self) -> None:
        with self._told():
            await opening.restore(self._services, self.pane, go_on=self._start.go_on)
        self.pane.say_all(self._start.notices)

    @work(group="dialog", exclusive=True)
    async def action_new_chat(self) -> None:
        if await opening.may_leave(self.app, self.pane):
            with self._told():
                await opening.open_new(self._services, self.pane)

    @work(group="dialog", exclusive=True)
    async def action_temporary_chat(self) -> None:
        if await opening.may_leave(self.app, self.pane):
            self.pane.show(opening.new_session(self._services, temporary=True))

    @changes_screen
    @work(group="dialog", exclusive=True)
    async def action_conversations(self) -> None:
        with self._told():
            session = self.session
            listed = ListedConversations(self._services.outbox)
            first = await first_page(listed)
            panel = ConversationsScreen(listed, session.conversation.id, session.update, self._undoable, first)
            id = await self.app.push_screen_wait(panel)
            for deleted in panel.deleted:
                self.pane.under_way.forget(deleted)
            if panel.deleted_current and session is self.session:
                self.pane.withdraw()
            if id is not None and await opening.may_leave(self.app, self.pane):
                await opening.open_stored(self._services, self.pane, id)
            elif panel.deleted_current:
                await opening.open_new(self._services, self.pane)

    @changes_screen
    @work(group="dialog", exclusive=True)
    async def action_find(self) -> None:
        with self._told():
            found = await self.app.push_screen_wait(FindScreen(await opening.stored(self._services)))
            if found is not None and await opening.may_leave(self.app, self.pane):
                await opening.open_stored(self._services, self.pane, *found)

    @changes_screen
    @work(group="dialog", exclusive=True)
    async def action_rename(self) -> None:
        title = await self.app.push_screen_wait(
            TextDialog("Rename the conversation", self.session.conversation.title, required=True)
        )
        if title is not None:
            self.session.rename(title)

    @changes_screen
    @work(group="dialog", exclusive=True)
    async def action_system_prompt(self) -> None:
        now = self.session.conversation
        persona = personas.name_of(now.system, (await asyncio.to_thread(personas.all_personas))[0], now.persona)
        about = "What the model is told first in this conversation."
        about += f" It is that of the persona {persona}, which stays as it is." if persona else ""
        text = await self.app.push_screen_wait(TextDialog("System prompt", now.system, text=about, lines=True))
        if text is not None:
            self.session.set_system(text.strip())
            await self._said_first("The system prompt is set." if text.strip() else "There is no system prompt now.")

    @on(SystemLine.Opened)
    def _open_system_prompt(self) -> None:
        self.action_system_prompt()

    @changes_screen
    @work(group="dialog", exclusive=True)
    async def action_persona(self) -> None:
        from tui.screens.personas import choose

        if said := await choose(self.app, self._services, self.session):
            await self._said_first(said)

    @changes_screen
    @work(group="dialog", exclusive=True)
    async def action_save_persona(self) -> None:
        from tui.screens.personas import save_here

        if name := await save_here(self.app, self.session, self.pane.say_error):
            await self._said_first(f"The persona {name} is saved.")

    async def _said_first(self, told: str) -> None:
        """What the model is told first has changed."""
        self._say(told)
        await self.pane.transcript.show_system()
        self._talk_changed()

    # The turn under way

    def action_back(self) -> None:
        if self.pane.leave_edit():
            return
        if self.pane.stop():
            self._show_status()
        elif not self.pane.notice.clear():
            self.pane.prompt.focus()

    def action_interrupt(self) -> None:
        if selected := self.pane.prompt.selected_text or self.get_selected_text():
            self._copy(selected)
        elif self.pane.stop():
            self._show_status()
        elif time.monotonic() - self._ctrl_c_at < _QUIT_AGAIN_S:
            self.call_later(self.app.run_action, "quit")
        else:
            self._ctrl_c_at = time.monotonic()
            self.pane.notice.say(
                "Ctrl+C again quits.", lasts=lambda: time.monotonic() - self._ctrl_c_at < _QUIT_AGAIN_S
            )

    # Model and sampling

    @changes_screen
    @work(group="dialog", exclusive=True)
    async def action_models(self, then: str = "") -> None:
        if name := await switching.choose_model(self.app, self._services, then=then):
            self.session.set_model(name)

    @changes_screen
    @work(group="dialog", exclusive=True)
    async def action_device(self) -> None:
        await switching.choose_device(self.app, self._services)

    @changes_screen
    def action_devices(self) -> None:
        from tui.screens.devices import DevicesScreen

        self.app.push_screen(DevicesScreen(self._services))

    @changes_screen
    def action_settings(self) -> None:
        tuning.open_settings(self.app, self._services, self.session)

    @changes_screen
    async def action_sampling(self) -> None:
        await tuning.open_sampling(self, self._services)

    def action_temperature(self, direction: int) -> None:
        warmth = self.session.sampling().params.temperature + direction * _STEP
        temperature = round(min(max(warmth, 0.0), _HOTTEST), 2)
        self._set_sampling({**self.session.conversation.sampling, "temperature": temperature})

    def action_preset(self) -> None:
        set_here = self.session.conversation.sampling
        known = presets.all_presets(self._services.settings)
        self._set_sampling(presets.step(self.session.sampling().params, set_here, known))
        name = presets.name_of(self.session.sampling(), self.session.conversation.sampling, known)
        self._say(f"Preset: {name}." if name in known else f"No preset: {name} values." if name else "No preset.")

    def _set_sampling(self, values: Mapping[str, Any]) -> None:
        self.session.set_sampling(values)
        self.pane.notice.fade()
        self._show_status()

    @work(group="model")
    async def _after_failure(self, status: ModelStatus) -> None:
        if status.error is not None:
            self.pane.say_error(status.error, lambda: self._services.active.status.error is status.error)
            await switching.after_failure(self.app, self._services, status)

    # Looks

    def action_focus_prompt(self) -> None:
        self.pane.prompt.focus()

    def action_edit_externally(self) -> None:
        self.pane.prompt.action_edit_externally()

    def action_page(self, direction: int) -> None:
        if direction < 0:
            self.pane.transcript.action_page_up()
        else:
            self.pane.transcript.action_page_down()

    def action_follow(self) -> None:
        self.pane.transcript.follow_end()

    def action_fold_thinking(self) -> None:
        folded = not self.pane.transcript.thinking_folded
        self.pane.transcript.fold_thinking(folded)
        if not any(message.reasoning for message in self.session.messages):
            self._say(f"Thinking will be {'folded' if folded else 'shown'}; there is none here.")

    @changes_screen
    def action_help(self) -> None:
        chosen = [*MessageBox.BINDINGS, *AssistantMessage.BINDINGS]
        self.app.push_screen(HelpScreen(self.active_bindings, chosen=chosen))

    def commands(self) -> Iterable[SystemCommand]:
        """Every action of this screen, for the palette."""
        return commands(lambda action: lambda: self.call_later(self.run_action, action))

    @on(ChatPane.Changed)
    def _talk_changed(self) -> None:
        self._meter.measure(self.session, self.pane.next_text)
        self._show_status()

    def _counted(self, use: ContextUse | None) -> None:
        self._use = use
        self._show_status()

    @work
    async def _watch(self) -> None:
        """Look at what happens in threads, for as long as the screen is there."""
        while True:
            self._look()
            # Somebody may wait for the first word: what is loaded is put to work at once.
            await asyncio.sleep(_LOADING_TICK_S if self._model.loading else _TICK_S)

    def _look(self) -> None:
        before, self._model = self._model, self._services.active.status
        if self._model.model is not before.model:
            self._use = None  # another model counts otherwise
        if self._model.model is not None and self._model.model is not before.model:
            self.session.runner = self._services.active.runner
            self.pane.notice.withdraw(self._of_model)
            told = self._model.choice.notices if self._model.choice is not None else ()
            self._of_model = (*told, *self._model.model.notices)
            self.pane.say_all(self._of_model)
            self._talk_changed()
            self.pane.send_next()
            gc.freeze()  # what the engine has imported, too
            self._import_panels()
        self.pane.tend()
        if self._model.error is not None and self._model.error is not before.error:
            self._after_failure(self._model)
        notices = self._services.outbox.notices
        self.pane.say_all(notices[self._noticed :])
        self._noticed = len(notices)
        if self.app.screen is self:  # one below a panel is current, too
            self._tell_of_jobs()
        if time.monotonic() > self._drawn_at + 2 * _TICK_S:
            self._show_status()

    @work(group="later", exclusive=True)
    async def _import_panels(self) -> None:
        """Before one is opened for the first time, which took 100 ms longer; not while the app begins or answers."""
        for name in _LATER:
            await asyncio.sleep(_QUIET_S)
            while self.pane.busy:
                await asyncio.sleep(_QUIET_S)
            await asyncio.to_thread(importlib.import_module, f"tui.screens.{name}")
        gc.freeze()

    def _tell_of_jobs(self) -> None:
        jobs = self._services.jobs
        for job in jobs.news():
            from tui.widgets.job_lines import job_news

            text, severity = job_news(job)
            if job.error is None:  # it was not here any more, and is now
                self.pane.notice.withdraw([said for said in self._of_model if job.work.name in said])
            self.pane.notice.say(text, severity, stays=True, lasts=partial(jobs.has, job))

    def _show_status_too(self, _: AssistantMessage) -> None:
        """With the answer, in one frame: one of its own costs half as much again."""
        self._drawn_at = time.monotonic()
        if not self._status.has_to_wait:
            self._show_status()

    def _show_status(self) -> None:
        known = presets.all_presets(self._services.settings)
        services = self._services
        facts = status_facts(self.session, self._model, self._use, services.outbox.trouble, known, services.jobs)
        if self._use is not None and facts.used is not None:
            # What a turn has come to stands until it is counted anew.
            self._use = replace(self._use, tokens=facts.used)
        self._status.show(facts)
        self.sub_title = _title(self.session)

    def watch_sub_title(self, title: str | None) -> None:
        """The terminal's window tells which conversation it is, and the prompt."""
        show_title(self.app, f"{title} - {self.app.title}" if title else self.app.title)
        self.pane.prompt.title = title or ""


def _title(session: ChatSession) -> str:
    # Nothing of a temporary one is kept anywhere, and a terminal may write down its titles.
    return "Temporary chat" if session.temporary else session.conversation.title
