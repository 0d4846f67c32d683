"""One conversation at work: its transcript, what waits to be sent, and the prompt. Sends, follows, keeps the draft."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.geometry import Region
from textual.message import Message as Event
from textual.strip import Strip
from textual.timer import Timer

from tui.engine.errors import OvchatError
from tui.screens.overflow import OverflowChoice, OverflowScreen
from tui.store.errors import StoreError
from tui.store.records import Message
from tui.widgets.blank import blank_rows
from tui.widgets.notice import Notice
from tui.widgets.prompt import Prompt
from tui.widgets.queue import QueueStrip
from tui.widgets.session_view import SessionView

if TYPE_CHECKING:
    from tui.chat.active_model import ActiveModel
    from tui.chat.outbox import Outbox
    from tui.chat.session import ChatSession
    from tui.chat.turn import Turn

_DRAFT_S = 0.5
_STOP_S = 5.0  # the journal has all but the last moment of an answer anyway


class ChatPane(Vertical):
    """Shows one session at a time; a turn of another one goes on unseen.

    Args:
        session: Shown first.
        new_session: Makes an empty one.
        outbox: Takes the drafts.
        active: Has the engine.
    """

    DEFAULT_CSS = "ChatPane SessionView { height: 1fr; }"

    class Changed(Event):
        """The prompt, the branch or the turn changed: counts and status are no longer right."""

    def __init__(
        self, session: ChatSession, new_session: Callable[[], ChatSession], outbox: Outbox, active: ActiveModel
    ) -> None:
        super().__init__()
        self.session = session
        self._new_session = new_session
        self._outbox = outbox
        self._active = active
        self._queue: list[str] = []
        self._sending = ""  # left the queue, and is not in the conversation yet
        self._works: set[object] = set()  # what happens to the conversation, and what waits for it to end
        self._one = asyncio.Lock()
        self._editing: int | None = None  # the user's message that the prompt has instead of the draft
        self._kept_draft = ""
        self._draft_timer: Timer | None = None
        self._live: dict[str, ChatSession] = {}  # sessions with a turn under way, by conversation
        # Held, not looked for: what a thread brings may come while they are taken down.
        self.transcript, self.prompt, self.notice, self._strip = SessionView(), Prompt(), Notice(), QueueStrip()

    def compose(self) -> ComposeResult:
        yield from (self.transcript, self._strip, self.notice, self.prompt)

    async def on_mount(self) -> None:
        await self.transcript.show_session(self.session)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Nothing of its own; it is asked for that with every row that is drawn anywhere."""
        return blank_rows(self, crop)

    @property
    def busy(self) -> bool:
        """A conversation is being shown, or a turn begins, runs or is being drawn."""
        return bool(self._works)

    @property
    def next_text(self) -> str:
        """The message that Enter would add to the branch."""
        return "" if self._editing is not None else self.prompt.text_to_send

    def live_session(self, id: str) -> ChatSession | None:
        """The session of a conversation in which a turn is under way, shown or not."""
        session = self._live.get(id)
        return session if session is not None and session.turn is not None else None

    @property
    def begun(self) -> bool:
        """Something is typed, waits or was said."""
        return bool(self.prompt.text or self._queue or self.session.messages)

    def show(self, session: ChatSession, draft: str = "", focus: int | None = None) -> None:
        """Show another session, with its draft, at the message `focus` or at its end."""
        self.workers.cancel_group(self, "turn")
        self._works.clear()
        self.save_draft()
        self._queue.clear()
        self._sending, self._editing = "", None
        self.notice.clear()
        self.prompt.load(draft)
        self.session = session
        self._begin(partial(self._show, session, focus, session.turn))
        self._show_queue()

    async def _show(self, session: ChatSession, focus: int | None, turn: Turn | None) -> None:
        await self._take(session, focus)
        self.prompt.focus()
        if turn is not None:
            await self._follow(turn)

    async def _take(self, session: ChatSession, focus: int | None = None) -> None:
        self.session = session
        session.runner = self._active.runner
        await self.transcript.show_session(session, focus)
        self.post_message(self.Changed())

    # Turns

    @on(Prompt.Submitted)
    def _submitted(self, event: Prompt.Submitted) -> None:
        self.notice.clear()
        if self._editing is None:
            self._queue.append(event.text)
            self.send_next()
            return
        edited = self._editing
        self._end_edit()
        if not self.answer(lambda: self.session.edit(edited, event.text)):
            self._begin_edit(edited, event.text)

    def send_next(self) -> None:
        """Send the first message that waits, if there is one and nothing is in its way."""
        if self._queue and not self.busy and self._active.status.model is not None:
            self._sending = self._queue.pop(0)
            self._begin(self._send)
        self._show_queue()
        error = self._active.status.error
        if self._queue and error is not None and self._active.status.model is None:
            self.say_error(error)  # why it waits

    async def _send(self) -> None:
        text = self._sending
        has_room = await self._make_room(text)
        self._sending = ""
        if not (has_room and self.answer(lambda: self.session.ask(text))):
            self.prompt.give_back(text)

    def answer(self, start: Callable[[], Turn]) -> bool:
        """Begin a turn and show it; False where it cannot begin, and that is said."""
        session = self.session
        session.runner = self._active.runner
        if not self._is_free():
            return False
        if self._active.status.choice is not None:
            session.set_model(self._active.status.choice.name)
        first = not session.messages
        try:
            turn = start()
        except OvchatError as error:
            self.say_error(error)
            return False
        self.say_all(turn.notices)
        self._live = {id: each for id, each in self._live.items() if each.turn is not None}
        self._live[session.conversation.id] = session
        if first and not session.temporary:
            self._outbox.draft("", "")  # it was a new chat's until now
        self.save_draft()
        self.post_message(self.Changed())
        self._begin(partial(self._follow, turn))
        return True

    def move(self, message_id: int, step: int) -> None:
        """Show the version `step` after (or before) a message, and the branch that it is on."""
        if self._is_free() and self.session.move(message_id, step):
            self._begin(self._sync)

    def _is_free(self) -> bool:
        """Whether something else can happen to the conversation; said where it cannot."""
        free = self.session.turn is None and not self._sending
        if not free:
            self.notice.say("An answer is being written. Esc stops it.")
        return free

    def _begin(self, doing: Callable[[], Coroutine[None, None, None]]) -> None:
        """Do it when what happens to the conversation has ended; after the last, what waits is sent."""
        key = object()
        self._works.add(key)
        self._do(key, doing)

    @work(group="turn")
    async def _do(self, key: object, doing: Callable[[], Coroutine[None, None, None]]) -> None:
        async with self._one:
            await doing()
        self._works.discard(key)
        self.send_next()

    async def _follow(self, turn: Turn) -> None:
        await self.transcript.follow(turn)
        if turn.message_id not in (each.id for each in self.session.messages):
            self.notice.say("Stopped before the first word. Ctrl+R answers the message.")
        self.post_message(self.Changed())

    async def _sync(self) -> None:
        await self.transcript.sync()
        self.post_message(self.Changed())

    async def _make_room(self, text: str) -> bool:
        """Whether `text` can be sent, after the user has chosen what to do where the context is too small."""
        try:
            overflow = await asyncio.to_thread(self.session.overflow, text)
        except OvchatError as error:
            self.say_error(error)
            return False
        if overflow is None:
            return True
        match await self.app.push_screen_wait(OverflowScreen(overflow)):
            case OverflowChoice.DROP:
                self.session.drop_oldest(overflow)
                await self._take(self.session)
            case OverflowChoice.NEW:
                await self._take(self._new_session())
            case _:
                return False
        return True

    def stop(self) -> bool:
        """End the turn under way, its text stays; False where there is none."""
        if self.session.turn is None:
            return False
        self.session.turn.cancel()
        return True

    async def stop_everything(self) -> None:
        """Cancel every turn and wait, not for ever, until what they wrote is with the outbox."""
        self.leave_edit()
        while self._queue:  # else the next one would be sent where the user stays after all
            self.take_back()
        self.save_draft()
        turns = [session.turn for session in {self.session, *self._live.values()} if session.turn is not None]
        for turn in turns:
            turn.cancel()
        await asyncio.gather(*(asyncio.to_thread(turn.wait, _STOP_S) for turn in turns))

    # What is being written

    def edit(self, message: Message) -> None:
        """Put a message of the user's into the prompt; sent, it becomes a branch of its own."""
        if self._editing == message.id:
            return
        self.notice.say("Editing: Enter sends it as a new branch, the old one stays; Esc leaves it.", stays=True)
        self._begin_edit(message.id, message.text)
        self.prompt.focus()

    def _begin_edit(self, message_id: int, text: str) -> None:
        if self._editing is None:
            self._kept_draft = self.prompt.text_to_send
        self._editing = message_id
        self.prompt.load(text)

    def leave_edit(self) -> bool:
        """Back to the draft; False where nothing is being edited."""
        if self._editing is None:
            return False
        self._end_edit()
        self.notice.clear()
        return True

    def _end_edit(self) -> None:
        self._editing = None
        self.prompt.load(self._kept_draft)

    @on(Prompt.TakeBack)
    def take_back(self) -> None:
        """Put the last message that waits back into the prompt."""
        if self._queue:
            self.prompt.give_back(self._queue.pop())
            self._show_queue()

    def _show_queue(self) -> None:
        self._strip.show(self._queue)
        self.prompt.queued = len(self._queue)

    @on(Prompt.Changed)
    def _typed(self) -> None:
        self.notice.fade()
        self.post_message(self.Changed())
        if self._draft_timer is not None:
            self._draft_timer.stop()
        self._draft_timer = self.set_timer(_DRAFT_S, self.save_draft)

    def save_draft(self) -> None:
        """Store what is not sent yet, messages that wait included."""
        if not self.session.temporary:
            key = self.session.conversation.id if self.session.messages else ""
            self._outbox.draft(key, "\n\n".join(filter(None, (self._sending, *self._queue, *self._unsent()))))

    def _unsent(self) -> list[str]:
        """What is in the prompt, and the draft that an edit stands in the place of."""
        if self._editing is None:
            return [self.prompt.draft]
        edited = self.prompt.draft
        return [self._kept_draft, edited if edited != self.session.message(self._editing).text else ""]

    # Notices

    @on(Prompt.Failed)
    def _failed(self, event: Prompt.Failed) -> None:
        self.notice.say(event.text, "error")

    def say_error(self, error: OvchatError | StoreError) -> None:
        """Say what is wrong, and the next step."""
        self.notice.say(str(error), "error")

    def say_all(self, notices: Iterable[str]) -> None:
        """Say what the user should know; nothing where there is nothing."""
        self.notice.add(notices)
