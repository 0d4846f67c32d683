"""What a conversation has yet to say: messages that wait their turn, and what is typed. It stays when it is left.

A conversation that was left goes on unseen: its turn ends, and what waits goes out, one message after the other, as
long as nobody has to decide anything. Until it is said, all of it is the stored draft: no end of the app loses it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from textual.widget import Widget
from textual.worker import Worker

from tui.engine.errors import NoModel, OvchatError

if TYPE_CHECKING:
    from tui.chat.active_model import ActiveModel
    from tui.chat.context import Overflow
    from tui.chat.outbox import Outbox
    from tui.chat.session import ChatSession
    from tui.chat.turn import Turn

_STOP_S = 5.0  # the journal has all but the last moment of an answer anyway
WHAT_WAITS = "What is queued waits: Enter in an empty prompt sends it, Up takes it back."
WAITS_FOR_MODEL = "The model is being loaded; this is done when it is there. Esc takes it back."


@dataclass(frozen=True, slots=True)
class Wish:
    """A turn that is to begin.

    Attributes:
        start: Begins it.
        overflow: What has to leave the context first; it computes. None where that is not asked.
        text: What it says, which can also begin a new conversation; "" for nothing new.
        instead_of: The message in whose place that stands.
    """

    start: Callable[[], Turn]
    overflow: Callable[[], Overflow | None] | None = None
    text: str = ""
    instead_of: int | None = None


class ModelAwaited(OvchatError):
    """Nothing is in the way of a turn but that its model is not there yet."""


class Outgoing:
    """What one conversation has yet to say.

    Args:
        session: The conversation.
        active: Has the engine.
        outbox: Takes the draft.

    Attributes:
        waiting: Messages that wait, the next one first.
        typed: What stands in the prompt; the pane says so when it saves it.
        wish: A turn that says nothing new and begins when the model is there, before what waits.
        held: Why nothing goes out until the user says so; "" where nothing is in the way.
        going: Something is about to be said: its tokens are counted, or the user is asked about it.
    """

    def __init__(self, session: ChatSession, active: ActiveModel, outbox: Outbox) -> None:
        self.session = session
        self.waiting: list[str] = []
        self.typed = ""
        self.wish: Wish | None = None
        self.held = ""
        self.going = False
        self._active = active
        self._outbox = outbox
        self._turn: Turn | None = None  # the latest, until what came of it is known

    @property
    def begun(self) -> bool:
        """Something was said."""
        return bool(self.session.messages)

    @property
    def is_free(self) -> bool:
        """Nothing is being said, or about to be."""
        return self.session.turn is None and not self.going

    @property
    def under_way(self) -> bool:
        """A turn is, or something waits."""
        return bool(self.waiting) or self.session.turn is not None

    @property
    def is_unbegun(self) -> bool:
        """Nothing was said in it yet, but something was typed."""
        return bool(self.waiting or self.typed) and not (self.begun or self.session.temporary)

    def begin(self, start: Callable[[], Turn]) -> Turn:
        """Begin a turn of the session with the model in use.

        Raises:
            ModelAwaited: The model is being loaded; one that was unloaded, from now on.
            OvchatError: It cannot begin.
        """
        session, status = self.session, self._active.status
        session.runner = self._active.runner if status.model is not None else None
        if status.model is not None and status.choice is not None:
            session.set_model(status.choice.name)
        try:
            self._turn = turn = start()
        except NoModel as error:
            self._active.wake()
            if self._active.status.loading:
                raise ModelAwaited("The model is being loaded.", "Do it again when it is there.") from error
            raise
        self.save()
        return turn

    def stop(self) -> bool:
        """End the turn under way, its text stays, or take back the one that is wished; False where there is none."""
        turn, wish, self.wish = self.session.turn, self.wish, None
        if turn is not None:
            turn.cancel()
        return turn is not None or wish is not None

    def save(self) -> None:
        """Store all of it as the draft; nothing of a temporary conversation."""
        if not self.session.temporary:
            unsent = "\n\n".join(filter(None, (*self.waiting, self.typed)))
            self._outbox.draft(self.session.conversation.id, unsent)

    def settle(self) -> None:
        """Look at what came of the latest turn: where it failed, the next one would fail, too."""
        if self._turn is not None and self._turn.done:
            if self._turn.error is not None and self.waiting:
                self.held = "The answer before it failed."
            self._turn = None

    def wake_model(self) -> None:
        """Load the model again where it was unloaded and something waits for it.

        Where it cannot be loaded, that is told, and a wish does not wait for whatever is loaded next.
        """
        if self._active.status.error is not None and self._active.status.model is None:
            self.wish = None
        if self.wish is not None or (self.waiting and not self.held):
            self._active.wake()

    @property
    def can_go_unseen(self) -> bool:
        """The next message can be said where nobody looks: the conversation is free, and its model is loaded."""
        status, model = self._active.status, self._active.present_name(self.session.conversation.model)
        free = bool(self.waiting) and not (self.held or self.going or self._turn or self.session.turn)
        return free and status.model is not None and status.choice is not None and model in ("", status.choice.name)

    async def go_unseen(self) -> None:
        """Say the next message, unless the user has to decide something first."""
        text = self.waiting[0]
        self.session.runner = self._active.runner
        try:
            if await asyncio.to_thread(self.session.overflow, text) is not None:
                self.held = "The context is full."
            else:
                self.say_next()
        except OvchatError as error:
            self.held = str(error)

    def say_next(self) -> Turn:
        """Say the first message that waits.

        Raises:
            OvchatError: It cannot be said; it goes on waiting.
        """
        text = self.waiting.pop(0)
        try:
            return self.begin(lambda: self.session.ask(text))
        except OvchatError:
            self.waiting.insert(0, text)
            raise


class UnderWay:
    """The conversation that is shown, and those that were left while something was under way in them.

    Args:
        owner: Its workers go on with those that were left; they end with it.
        outgoing: Makes what a session has yet to say: nothing so far.
        session: Shown first.

    Attributes:
        shown: The conversation that is shown.
        taken: New chats of earlier processes, whose drafts went into another one.
    """

    def __init__(self, owner: Widget, outgoing: Callable[[ChatSession], Outgoing], session: ChatSession) -> None:
        self._owner = owner
        self._outgoing = outgoing
        self.taken: set[str] = set()
        self.shown = outgoing(session)
        self._left: dict[str, Outgoing] = {}
        self._workers: dict[str, Worker[None]] = {}

    def show(self, session: ChatSession, draft: str) -> str:
        """Another session is shown; what waits in the one before goes out unseen. A temporary one ends.

        Returns:
            What was typed in it: as it was left, or `draft`.
        """
        left, id = self.shown, session.conversation.id
        left.going, left.wish = False, None  # of what he sees
        if left.session.conversation.id == id:
            draft = left.typed  # newer than what was read
        if left.session.temporary:
            left.stop()
        elif left.under_way or left.is_unbegun:
            self._left[left.session.conversation.id] = left
        known = self._left.pop(id, None)
        if (worker := self._workers.pop(id, None)) is not None:
            worker.cancel()
        if known is None or known.session is not session:
            self.shown = self._outgoing(session)
            return draft
        known.going = False
        known.settle()
        self.shown = known
        return known.typed

    def move_on(self, session: ChatSession) -> None:
        """A new session is shown, and has all that the one before had yet to say."""
        left, self.shown = self.shown, self._outgoing(session)
        self.shown.waiting, left.waiting = left.waiting, []
        self.shown.typed, left.typed = left.typed, ""
        self.shown.going, left.going = left.going, False
        left.save()
        self.shown.save()

    def session(self, id: str) -> ChatSession | None:
        """The session of a conversation in which something is under way, shown or not."""
        found = self.shown if self.shown.session.conversation.id == id else self._left.get(id)
        return found.session if found is not None and found.under_way else None

    @property
    def unbegun(self) -> ChatSession | None:
        """The new chat, shown or not, in which something was typed; it may wait for the model."""
        return next((each.session for each in (self.shown, *self._left.values()) if each.is_unbegun), None)

    @property
    def known(self) -> set[str]:
        """The conversations whose drafts are looked after here."""
        return {self.shown.session.conversation.id, *self._left, *self.taken}

    def tend(self) -> None:
        """Go on where a turn has ended that nobody saw; to be called again and again."""
        self.shown.wake_model()
        for id, outgoing in list(self._left.items()):
            outgoing.settle()
            outgoing.wake_model()
            if not (outgoing.under_way or outgoing.is_unbegun):
                del self._left[id]
                self._workers.pop(id, None)
            elif outgoing.can_go_unseen:
                outgoing.going = True
                self._workers[id] = self._owner.run_worker(partial(self._go, outgoing), group="unseen")

    async def _go(self, outgoing: Outgoing) -> None:
        try:
            await outgoing.go_unseen()
        finally:
            if outgoing is not self.shown:  # else it was shown meanwhile, and says things there
                outgoing.going = False

    def forget(self, id: str) -> None:
        """Say nothing more in a conversation that was left and is deleted. What waits stays its draft."""
        if (worker := self._workers.pop(id, None)) is not None:
            worker.cancel()
        if (found := self._left.pop(id, None)) is not None:
            found.stop()

    def let_go(self) -> list[Turn]:
        """Nothing else goes out. The turns under way, which go on."""
        for worker in self._workers.values():
            worker.cancel()
        for each in self._left.values():
            each.going, each.held = False, each.held or "You were about to quit."
        shown_and_left = (self.shown, *self._left.values())
        return [turn for each in shown_and_left if (turn := each.session.turn) is not None]

    async def stop(self, *, interrupted: bool = False) -> None:
        """Cancel every turn and wait, not for ever, until what they wrote is with the outbox. Nothing else goes out."""
        turns = self.let_go()
        for turn in turns:
            turn.cancel(interrupted=interrupted)
        await asyncio.gather(*(asyncio.to_thread(turn.wait, _STOP_S) for turn in turns))
