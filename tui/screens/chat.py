"""The chat screen: what its keys do, which conversation is shown, and how the model is doing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from textual import getters, on, work
from textual.app import ComposeResult, SystemCommand
from textual.binding import BindingType
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip

from tui.chat.active_model import ModelStatus
from tui.chat.context import ContextUse
from tui.chat.presets import PRESETS, next_preset
from tui.chat.session import ChatSession
from tui.engine.errors import OvchatError
from tui.screens import message_actions, switching
from tui.screens.chat_keys import COMMANDS, KEYS
from tui.screens.chat_pane import ChatPane
from tui.screens.chat_status import status_facts
from tui.screens.context_meter import ContextMeter
from tui.screens.conversations import ConversationsScreen
from tui.screens.details import DetailsScreen
from tui.screens.dialogs import ChoiceDialog, TextDialog
from tui.screens.find import FindScreen
from tui.screens.help import HelpScreen
from tui.store.conversations import LAST, Conversations
from tui.store.errors import StoreError
from tui.store.records import Conversation, Message, Role, new_conversation_id
from tui.widgets.blank import blank_rows
from tui.widgets.keys_row import key_label
from tui.widgets.status_line import StatusLine

if TYPE_CHECKING:
    from tui.screens.services import Services, Start

_TICK_S, _LOADING_TICK_S = 0.25, 0.05
_QUIT_AGAIN_S = 3.0
_STEP = 0.1
_HOTTEST = 2.0


class ChatScreen(Screen[None]):
    """Chats with the model in use."""

    BINDINGS: ClassVar[list[BindingType]] = [*KEYS]
    pane = getters.query_one(ChatPane)
    _status = getters.query_one(StatusLine)

    def __init__(self, services: Services, start: Start) -> None:
        super().__init__()
        self._services = services
        self._start = start
        self._model = ModelStatus()
        self._use: ContextUse | None = None
        self._meter = ContextMeter(self, self._counted)
        self._ctrl_c_at = 0.0

    def compose(self) -> ComposeResult:
        yield ChatPane(self._new_session(), self._new_session, self._services.outbox, self._services.active)
        yield StatusLine()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Nothing of its own; it is asked for that with every row that is drawn anywhere."""
        return blank_rows(self, crop)

    def on_mount(self) -> None:
        self.pane.prompt.focus()
        # Everything that reads, imports or computes waits until there is something to look at.
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        self._services.active.use(self._start.model, self._start.device)
        self._watch()
        self.pane.say_all(self._start.notices)
        self._restore()

    @property
    def session(self) -> ChatSession:
        """The conversation that is shown."""
        return self.pane.session

    # Conversations

    @work(group="open", exclusive=True)
    async def _restore(self) -> None:
        """The prompts and the draft of before; the last conversation where it is wanted, or was interrupted."""
        if (store := await self._store()) is None:
            return
        self.pane.say_all(store.notices)
        self.pane.prompt.earlier.fill(await asyncio.to_thread(store.prompts))
        interrupted = await asyncio.to_thread(store.interrupted)
        if interrupted is not None:
            await self._open(interrupted.id)
            self.pane.notice.say("This answer was interrupted; what was written is here. Alt+G continues it.")
        elif self._start.go_on:
            with suppress(StoreError):  # there is none yet
                await self._open((await asyncio.to_thread(store.find, LAST)).id)
        elif not self.pane.prompt.text:  # somebody may type already
            self.pane.prompt.load(await asyncio.to_thread(store.draft, ""))

    async def _store(self) -> Conversations | None:
        """The stored conversations; None, and the reason said, where they cannot be read."""
        try:
            return await asyncio.to_thread(self._services.outbox.opened)
        except StoreError as error:
            self.pane.say_error(error)
            return None

    def _new_session(self, temporary: bool = False) -> ChatSession:
        now = time.time()
        settings = self._services.settings
        return ChatSession(
            Conversation(new_conversation_id(), created=now, updated=now),
            None if temporary else self._services.outbox,
            app_sampling=settings.shipped_section("sampling"),
            user_sampling=settings.user_section("sampling"),
        )

    async def _open(self, id: str, focus: int | None = None) -> None:
        """Show a stored conversation; `focus` is a message of it."""
        settings = self._services.settings
        if (store := await self._store()) is None:
            return
        try:
            draft = await asyncio.to_thread(store.draft, id)
            session = self.pane.live_session(id) or await asyncio.to_thread(
                ChatSession.open,
                self._services.outbox,
                id,
                app_sampling=settings.shipped_section("sampling"),
                user_sampling=settings.user_section("sampling"),
            )
        except StoreError as error:
            self.pane.say_error(error)
            return
        if focus is not None:
            session.show_branch_of(focus)
        await self.pane.show(session, draft, focus)
        wanted = session.conversation.model
        if wanted and self._model.choice is not None and wanted != self._model.choice.name:
            self._services.active.use(wanted)

    @work(group="dialog", exclusive=True)
    async def action_new_chat(self) -> None:
        store = await self._store()
        await self.pane.show(self._new_session(), await asyncio.to_thread(store.draft, "") if store else "")

    @work(group="dialog", exclusive=True)
    async def action_temporary_chat(self) -> None:
        await self.pane.show(self._new_session(temporary=True))

    @work(group="dialog", exclusive=True)
    async def action_conversations(self) -> None:
        if (store := await self._store()) is not None:
            session = self.session
            panel = ConversationsScreen(store, session.conversation.id, session.update)
            id = await self.app.push_screen_wait(panel)
            if panel.deleted_current and session.turn is not None:
                session.turn.cancel()
            if id is not None:
                await self._open(id)
            elif panel.deleted_current:
                await self.pane.show(self._new_session())

    @work(group="dialog", exclusive=True)
    async def action_find(self) -> None:
        if (store := await self._store()) is not None:
            found = await self.app.push_screen_wait(FindScreen(store))
            if found is not None:
                await self._open(*found)

    @work(group="dialog", exclusive=True)
    async def action_rename(self) -> None:
        title = await self.app.push_screen_wait(
            TextDialog("Rename the conversation", self.session.conversation.title, required=True)
        )
        if title is not None:
            self.session.rename(title)

    @work(group="dialog", exclusive=True)
    async def action_system_prompt(self) -> None:
        text = await self.app.push_screen_wait(
            TextDialog(
                "System prompt",
                self.session.conversation.system,
                text="What the model is told first in this conversation.",
                lines=True,
            )
        )
        if text is not None:
            self.session.set_system(text.strip())
            self.on_chat_pane_changed()

    @work(group="dialog", exclusive=True)
    async def action_save(self) -> None:
        try:
            self._say(await message_actions.save_to_file(self.app, self.session))
        except OSError as error:
            self._say(f"The file cannot be written: {error.strerror}. Choose another place with Alt+S.", "error")

    # Answers and branches

    def action_back(self) -> None:
        if self.pane.leave_edit():
            return
        if self.pane.stop():
            self._show_status("stopping")
        elif not self.pane.notice.clear():
            self.pane.prompt.focus()

    def action_interrupt(self) -> None:
        if selected := self.pane.prompt.selected_text or self.get_selected_text():
            self._say(message_actions.copy(self.app, selected))
        elif self.pane.stop():
            self._show_status("stopping")
        elif time.monotonic() - self._ctrl_c_at < _QUIT_AGAIN_S:
            self.call_later(self.app.run_action, "quit")
        else:
            self._ctrl_c_at = time.monotonic()
            self._say("Ctrl+C again quits.")

    def action_regenerate(self) -> None:
        self.pane.answer(lambda: self.session.regenerate(self._chosen(Role.ASSISTANT)))

    def action_replay(self) -> None:
        self.pane.answer(lambda: self.session.replay(self._chosen(Role.ASSISTANT)))

    def action_proceed(self) -> None:
        self.pane.answer(lambda: self.session.proceed(self._chosen(Role.ASSISTANT)))

    def action_edit(self) -> None:
        if message := self._message(Role.USER):
            self.pane.edit(message)

    @work(group="dialog", exclusive=True)
    async def action_edit_earlier(self) -> None:
        questions = [message for message in reversed(self.session.messages) if message.role is Role.USER]
        number = await self.app.push_screen_wait(
            ChoiceDialog("Edit which message?", [message.text for message in questions])
        )
        if number is not None:
            self.pane.edit(questions[number])

    def action_take_back(self) -> None:
        self.pane.take_back()

    @work(group="turn", exclusive=True)
    async def action_sibling(self, step: int) -> None:
        places = [message.id for message in self.session.messages if self.session.position(message.id)[1] > 1]
        chosen = self.pane.transcript.current
        if not places:
            self._say("There is one version of every message so far: Ctrl+R and Alt+E make others.")
            return
        try:
            moved = self.session.move(chosen if chosen in places else places[-1], step)
        except OvchatError as error:
            self.pane.say_error(error)
            return
        if moved:
            await self.pane.transcript.sync()
            self.on_chat_pane_changed()

    def _chosen(self, role: Role) -> int | None:
        """The focused message, if it has this role."""
        current = self.pane.transcript.current
        return current if current is not None and self.session.message(current).role is role else None

    def _message(self, role: Role) -> Message | None:
        """The focused message of a role, else the last one; None, and that said, where there is none."""
        chosen = self._chosen(role)
        if chosen is not None:
            return self.session.message(chosen)
        last = next((message for message in reversed(self.session.messages) if message.role is role), None)
        if last is None:
            self._say("There is no answer yet." if role is Role.ASSISTANT else "There is nothing to edit yet.")
        return last

    def action_copy_answer(self) -> None:
        if message := self._message(Role.ASSISTANT):
            self._say(message_actions.copy(self.app, message.text))

    @work(group="dialog", exclusive=True)
    async def action_copy_code(self) -> None:
        if message := self._message(Role.ASSISTANT):
            self._say(await message_actions.copy_code(self.app, message))

    def action_details(self) -> None:
        if message := self._message(Role.ASSISTANT):
            self.app.push_screen(DetailsScreen(message, self.session.position(message.id)))

    # Model and sampling

    @work(group="dialog", exclusive=True)
    async def action_models(self) -> None:
        if name := await switching.choose_model(self.app, self._services):
            self.session.set_model(name)

    @work(group="dialog", exclusive=True)
    async def action_device(self) -> None:
        await switching.choose_device(self.app, self._services)

    def action_temperature(self, direction: int) -> None:
        warmth = self.session.sampling().params.temperature + direction * _STEP
        self._set_sampling({"temperature": round(min(max(warmth, 0.0), _HOTTEST), 2)})

    def action_preset(self) -> None:
        self._set_sampling(PRESETS[next_preset(self.session.sampling().params)])

    def _set_sampling(self, values: dict[str, object]) -> None:
        self.session.set_sampling({**self.session.conversation.sampling, **values})
        self._show_status()

    @work(group="model", exclusive=True)
    async def _after_failure(self, status: ModelStatus) -> None:
        if status.error is not None:
            self.pane.say_error(status.error)
            await switching.after_failure(self.app, self._services, status)

    # Looks

    def action_focus_prompt(self) -> None:
        self.pane.prompt.focus()

    def action_edit_externally(self) -> None:
        self.pane.prompt.action_edit_externally()

    def action_page(self, direction: int) -> None:
        transcript = self.pane.transcript
        transcript.action_page_up() if direction < 0 else transcript.action_page_down()

    def action_follow(self) -> None:
        self.pane.transcript.follow_end()

    def action_fold_thinking(self) -> None:
        self.pane.transcript.fold_thinking(not self.pane.transcript.thinking_folded)

    def action_redraw(self) -> None:
        self.refresh(repaint=True, layout=True)

    def action_help(self) -> None:
        self.app.push_screen(HelpScreen(self.active_bindings))

    def commands(self) -> Iterable[SystemCommand]:
        """Every action of this screen, for the palette."""
        for key in KEYS:
            yield SystemCommand(key.description, f"{key.tooltip} ({key_label(key.key)})", self._run(key.action))
        for command in COMMANDS:
            yield SystemCommand(command.title, command.help, self._run(command.action))

    def _run(self, action: str) -> Callable[[], object]:
        return lambda: self.call_later(self.run_action, action)

    @on(ChatPane.Changed)
    def on_chat_pane_changed(self) -> None:
        if not self.app.is_running:
            return
        self._meter.measure(self.session, self.pane.next_text)
        self._show_status()

    def _counted(self, use: ContextUse | None) -> None:
        self._use = use
        self._show_status()

    @work
    async def _watch(self) -> None:
        """Look at what happens in threads, for as long as the app runs."""
        while self.app.is_running:
            self._look()
            # Somebody may wait for the first word: what is loaded is put to work at once.
            await asyncio.sleep(_LOADING_TICK_S if self._model.loading else _TICK_S)

    def _look(self) -> None:
        before, self._model = self._model, self._services.active.status
        if self._model.model is not None and self._model.model is not before.model:
            self.session.runner = self._services.active.runner
            told = self._model.choice.notices if self._model.choice is not None else ()
            self.pane.say_all((*told, *self._model.model.notices))
            self.on_chat_pane_changed()
            self.pane.send_next()
        if self._model.error is not None and self._model.error is not before.error:
            self._after_failure(self._model)
        self._show_status()

    def _show_status(self, state: str = "") -> None:
        if not self.app.is_running:
            return  # the widgets are being taken down, one by one; a count may come in the middle of it
        self._status.show(status_facts(self.session, self._model, self._use, self._services.outbox.trouble, state))

    def _say(self, text: str, severity: str = "information") -> None:
        if text:
            self.pane.notice.say(text, severity)
