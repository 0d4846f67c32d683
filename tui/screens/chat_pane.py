"""One conversation at work: its transcript, what waits to be sent, and the prompt. Sends, follows, keeps the draft."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.geometry import Region
from textual.message import Message as Event
from textual.strip import Strip
from textual.timer import Timer

from tui.chat.titles import derive_title
from tui.engine.errors import OvchatError
from tui.screens import interrupted
from tui.screens.draft import Draft
from tui.screens.making_room import make_room
from tui.screens.outgoing import WAITS_FOR_MODEL, WHAT_WAITS, ModelAwaited, Outgoing, UnderWay, Wish
from tui.screens.works import Works
from tui.store.errors import StoreError
from tui.store.records import Message
from tui.widgets.blank import blank_rows
from tui.widgets.notice import Notice
from tui.widgets.prompt import Prompt
from tui.widgets.queue import QueueStrip
from tui.widgets.session_view import SessionView

if TYPE_CHECKING:
    from tui.chat.active_model import ActiveModel
    from tui.chat.context import Overflow
    from tui.chat.outbox import Outbox
    from tui.chat.session import ChatSession
    from tui.chat.turn import Turn

_DRAFT_S = 0.5


class ChatPane(Vertical):
    """Shows one session at a time; a turn of another one goes on unseen.

    Args:
        session: Shown first.
        new_session: Makes an empty one; `temporary=True` for one that is not stored.
        outbox: Takes the drafts.
        active: Has the engine.
    """

    DEFAULT_CSS = "ChatPane SessionView { height: 1fr; }"

    class Changed(Event):
        """The prompt, the branch or the turn changed: counts and status are no longer right."""

    def __init__(
        self, session: ChatSession, new_session: Callable[..., ChatSession], outbox: Outbox, active: ActiveModel
    ) -> None:
        super().__init__()
        self.new_session = new_session
        self._active = active
        self.under_way = UnderWay(self, lambda session: Outgoing(session, active, outbox), session)
        self._works = Works(self, self.send_next)
        self._draft_timer: Timer | None = None
        self._is_leaving = False  # the app is about to end: nothing begins any more
        # Held, not looked for: what a thread brings may come while they are taken down.
        self.transcript, self.prompt, self.notice, self._strip = SessionView(), Prompt(), Notice(), QueueStrip()
        self._draft = Draft(self.prompt)

    def compose(self) -> ComposeResult:
        yield from (self.transcript, self._strip, self.notice, self.prompt)

    async def on_mount(self) -> None:
        await self.transcript.show_session(self.session)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Nothing of its own; it is asked for that with every row that is drawn anywhere."""
        return blank_rows(self, crop)

    @property
    def _out(self) -> Outgoing:
        return self.under_way.shown

    @property
    def session(self) -> ChatSession:
        """The conversation that is shown."""
        return self._out.session

    @property
    def busy(self) -> bool:
        """A conversation is being shown, or a turn begins, runs or is being drawn."""
        return bool(self._works)

    @property
    def editing(self) -> int | None:
        """The message that what is typed would stand in the place of; None: it comes last."""
        return self._draft.editing

    @property
    def next_text(self) -> str:
        """The message that Enter would add to the branch."""
        return "" if self._draft.editing is not None else self.prompt.text_to_send

    @property
    def begun(self) -> bool:
        """Something is typed, waits or was said."""
        return bool(self.prompt.text or self._out.under_way or self._out.begun)

    def show(self, session: ChatSession, draft: str = "", focus: int | None = None, *, is_start: bool = False) -> None:
        """Show another session, with its draft, at the message `focus` or at its end.

        What waits in the one before goes out unseen; a temporary one ends. What was told of the one before goes, and
        of the app, too, but where `is_start`: nobody has read that yet.
        """
        self._works.drop()
        self.save_draft()
        self._draft.load(self.under_way.show(session, draft))
        self.notice.clear(warnings=not is_start)
        self._say_held()
        self.prompt.focus()  # now: once it is shown, a panel that was opened meanwhile may have the focus
        self._works.begin(partial(self._show, session, focus, session.turn))
        self._show_queue()

    async def _show(self, session: ChatSession, focus: int | None, turn: Turn | None) -> None:
        await self.take(session, focus)
        if turn is not None:
            await self._follow(turn)
        else:
            interrupted.tell(self.notice, session)

    def tend(self) -> None:
        """Go on with what nobody sees, and look at what happens elsewhere; to be called again and again."""
        self.under_way.tend()
        self.notice.look()
        if not self.busy and self.session.written_elsewhere is not None:
            self._works.begin(self._renew)

    async def _renew(self) -> None:
        if await self.transcript.renew():
            interrupted.tell(self.notice, self.session)
            self.post_message(self.Changed())

    async def take(self, session: ChatSession, focus: int | None = None) -> None:
        session.runner = self._active.runner
        self.prompt.label = "temporary: nothing is stored" if session.temporary else ""
        await self.transcript.show_session(session, focus)
        self.post_message(self.Changed())

    # Turns

    @on(Prompt.Submitted)
    def _submitted(self, event: Prompt.Submitted) -> None:
        self.notice.clear()
        if (edited := self._draft.editing) is not None:
            self._send_edited(edited, event.text)
            return
        self._out.waiting.append(event.text)
        self.send_waiting()

    @on(Prompt.SendQueued)
    def send_waiting(self) -> None:
        """Send what waits, also what was held."""
        self._out.held = ""
        self.notice.clear()
        self.save_draft()
        self.send_next()

    def send_next(self) -> None:
        """Send the first message that waits, if there is one and nothing is in its way."""
        out = self._out
        is_free = not (self.busy or self._is_leaving) and self._active.status.model is not None
        if is_free and out.wish is not None:
            wish, out.wish, out.going = out.wish, None, True
            self._works.begin(partial(self._answer, wish))
        elif is_free and out.waiting and not out.held:
            out.going = True
            self._works.begin(self._send)
        elif (waits := out.wish) is not None:
            self.notice.say(WAITS_FOR_MODEL, stays=True, lasts=lambda: out.wish is waits)
        self._show_queue()
        error = self._active.status.error
        if out.waiting and error is not None and self._active.status.model is None:
            self.say_error(error, lambda: self._active.status.error is error)  # why it waits

    async def _send(self) -> None:
        text = self._out.waiting[0]
        has_room = await make_room(self, lambda: self.session.overflow(text), text)
        self._out.going = False
        # It may have been taken back while the user was asked: by quitting, which he then did not.
        if not (has_room and self._out.waiting and self._start(self._out.say_next)):
            self._take_back_all()

    def _send_edited(self, edited: int, text: str) -> None:
        session = self.session

        async def send() -> None:
            # In a new conversation there is nothing to stand in the place of.
            wish = Wish(
                lambda: session.edit(edited, text) if self.session is session else self.session.ask(text),
                lambda: self.session.overflow(text, edited if self.session is session else None),
                text,
                edited,
            )
            begun = await self._answer(wish)
            self._draft.edited = ""
            if begun:
                self.save_draft()
            else:
                self._draft.edit(edited, text)
                self._say_editing()

        self._draft.end_edit()
        if self._is_free():
            self._out.going, self._draft.edited = True, text
            self._works.begin(send)
        else:
            self._draft.edit(edited, text)

    def answer(self, start: Callable[[], Turn], overflow: Callable[[], Overflow | None] | None = None) -> None:
        """Begin a turn that says nothing new, once the model is there, and show it; else it is said why not.

        Args:
            start: Begins it.
            overflow: What has to leave the context first; it computes.
        """
        if self._is_free():
            self.notice.clear(warnings=False)
            self._out.going, self._out.wish = True, None
            self._works.begin(partial(self._answer, Wish(start, overflow)))

    async def _answer(self, wish: Wish) -> bool:
        has_room = wish.overflow is None or await make_room(self, wish.overflow, wish.text, wish.instead_of)
        self._out.going = False
        return has_room and self._start(lambda: self._out.begin(wish.start), None if wish.text else wish)

    def _start(self, begin: Callable[[], Turn], wish: Wish | None = None) -> bool:
        """Begin a turn and show it; False where it cannot begin: that is said, or it stays a wish."""
        if self._is_leaving:
            return False
        try:
            turn = begin()
        except OvchatError as error:
            if wish is not None and isinstance(error, ModelAwaited):
                self._out.wish = wish
            else:
                without_model = self._active.status.model is None
                self.say_error(error, (lambda: self._active.status.model is None) if without_model else None)
            return False
        self.say_all(turn.notices)
        self.save_draft()
        self.post_message(self.Changed())
        self._works.begin(partial(self._follow, turn))
        return True

    def move(self, message_id: int, step: int) -> None:
        """Show the version `step` after (or before) a message, and the branch that it is on."""
        if self._is_free() and self.session.move(message_id, step):
            self._works.begin(self._sync)

    def _is_free(self) -> bool:
        """Whether something else can happen to the conversation; said where it cannot."""
        if self._out.is_free:
            return True
        self.notice.say("An answer is being written. Esc stops it.", lasts=lambda: not self._out.is_free)
        return False

    async def _follow(self, turn: Turn) -> None:
        await self.transcript.follow(turn)
        if turn.message_id not in (each.id for each in self.session.messages):
            self.notice.say("Stopped before the first word. Ctrl+R answers the message.")
        self._out.settle()
        self._say_held()
        self.post_message(self.Changed())

    async def _sync(self) -> None:
        await self.transcript.sync()
        self.post_message(self.Changed())

    def stop(self) -> bool:
        """End the turn under way, its text stays, or take back the one that is wished; False where there is none."""
        if stopped := self._out.stop():
            interrupted.tell(self.notice, self.session)
        return stopped

    async def stop_everything(self, *, interrupted: bool = False) -> None:
        """Cancel every turn; what is not said yet is the draft.

        Args:
            interrupted: Nobody wants it to end; as for `Turn.cancel`.
        """
        self._keep_all()
        await self.under_way.stop(interrupted=interrupted)

    def let_go(self) -> list[Turn]:
        """The turns under way, which go on; what is not said yet is the draft."""
        self._keep_all()
        return self.under_way.let_go()

    def stay(self) -> None:
        """The user stays after all."""
        self._is_leaving = False
        self.send_next()

    def _keep_all(self) -> None:
        self._is_leaving = True
        self._take_back_all()  # else the next one would be sent where the user stays after all
        self.save_draft()

    def withdraw(self) -> None:
        """Say nothing more in this conversation, which was deleted: all that waits is its draft."""
        self.stop()
        self._take_back_all()

    # What is being written

    def edit(self, message: Message) -> None:
        """Put a message of the user's into the prompt; sent, it becomes a branch of its own."""
        if self._draft.editing == message.id:
            return
        self.notice.clear()
        self._draft.edit(message.id, message.text)
        self._say_editing()
        self.prompt.focus()

    def _say_editing(self) -> None:
        if self.notice.shown or self._draft.editing is None:  # it says why it could not be sent
            return
        what = f"Editing “{derive_title(self.session.message(self._draft.editing).text)}”"
        self.notice.say(
            f"{what}: Enter sends it as a new branch, the old one stays; Esc leaves it.",
            stays=True,
            lasts=lambda: self._draft.editing is not None,
        )

    def leave_edit(self) -> bool:
        """Back to the draft; False where nothing is being edited."""
        if not self._draft.end_edit():
            return False
        self.notice.clear()
        return True

    @on(Prompt.TakeBack)
    def take_back(self) -> bool:
        """Put the last message that waits back into the prompt; False where none does."""
        out = self._out
        if len(out.waiting) <= out.going:
            return False
        if not self.prompt.text:
            self.leave_edit()  # nothing is left of it
        self._draft.give_back(out.waiting.pop())
        self._show_queue()
        self._say_held()
        return True

    def _take_back_all(self) -> None:
        while self._out.waiting:
            self._draft.give_back(self._out.waiting.pop())
        self._show_queue()

    def _show_queue(self) -> None:
        # Without the one that is about to be said: it would be seen for a blink.
        waiting = self._out.waiting[self._out.going :]
        self._strip.show(waiting)
        self.prompt.queued = len(waiting)

    def _say_held(self) -> None:
        out = self._out
        if not out.waiting:
            out.held = ""
        elif out.held:
            self.notice.say(f"{out.held} {WHAT_WAITS}", "warning", lasts=lambda: bool(out.waiting and out.held))

    @on(Prompt.Changed)
    def _typed(self) -> None:
        self.notice.fade()
        self.post_message(self.Changed())
        if self._draft_timer is not None:
            self._draft_timer.stop()
        self._draft_timer = self.set_timer(_DRAFT_S, self.save_draft)

    def save_draft(self) -> None:
        """Store what is not sent yet, messages that wait included."""
        self._out.typed = self._draft.unsent(self.session)
        self._out.save()

    # Notices

    @on(Prompt.Failed)
    def _failed(self, event: Prompt.Failed) -> None:
        self.notice.say(event.text, "error")

    def say_error(self, error: OvchatError | StoreError, lasts: Callable[[], bool] | None = None) -> None:
        """Say what is wrong, and the next step; where that is known, as long as it `lasts`."""
        self.notice.say(str(error), "error", lasts=lasts)

    def say_all(self, notices: Iterable[str]) -> None:
        """Say what the user should know; nothing where there is nothing."""
        self.notice.add(notices)
