"""A transcript that shows a session: brings itself up to the session's branch, and follows its turns."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual.signal import Signal

from tui.store import personas
from tui.store.errors import StoreError
from tui.store.records import Message
from tui.terminal.display import frame_interval
from tui.widgets.assistant_message import AssistantMessage
from tui.widgets.first_run import FirstRun
from tui.widgets.message_view import MessageView
from tui.widgets.pace import Pace
from tui.widgets.system_line import SystemLine
from tui.widgets.taken_down import taken_down
from tui.widgets.transcript import Transcript

if TYPE_CHECKING:
    from tui.chat.session import ChatSession
    from tui.chat.turn import Turn

_FIRST_S = 0.02  # between two looks for the first word: somebody waits for it


class SessionView(Transcript):
    """Shows one session at a time; set it with `show_session`."""

    def __init__(self) -> None:
        super().__init__()
        self._session: ChatSession | None = None
        self.drawn: Signal[AssistantMessage] = Signal(self, "drawn")
        """More of an answer is about to be drawn: what else is new can be in the same frame."""
        self._shown: list[int] = []  # ids of the messages, mounted or not

    async def show_session(self, session: ChatSession, focus: int | None = None) -> None:
        """Show a session's branch anew, at its end or at the message `focus`."""
        self._session = session
        views = [self._view(session, message) for message in session.messages]
        self._shown = [view.message.id for view in views]
        await taken_down(self.query(FirstRun).remove())
        await self.show_system()
        await self.show(views, focus=focus)
        if not views:
            await self.mount(first := FirstRun(temporary=session.temporary))
            self.begin_with(first)  # it is read from its beginning

    async def show_system(self) -> None:
        """Bring the line that shows the session's system prompt up to date; without one there is no line."""
        conversation = self._session.conversation if self._session is not None else None
        line = next(iter(self.query_children(SystemLine)), None)
        if conversation is None or not conversation.system:
            await taken_down(self.query_children(SystemLine).remove())
            return
        found, _ = await asyncio.to_thread(personas.all_personas)
        if line is None:
            await self.mount(line := SystemLine(), before=0 if self.children else None)
        line.say(conversation.system, personas.name_of(conversation.system, found, conversation.persona))

    async def sync(self, turn: Turn | None = None) -> AssistantMessage | None:
        """Bring the transcript up to the branch after it changed.

        Returns:
            Where the answer of `turn` is written, if it is on the branch.
        """
        session = self._session
        if session is None:
            return None
        messages = session.messages
        same = 0
        while same < min(len(messages), len(self._shown)) and messages[same].id == self._shown[same]:
            same += 1
        if first := self.query(FirstRun):
            await taken_down(first.remove())
            self.follow_end()
        if same < len(self._shown):
            await self.cut(self._shown[same - 1] if same else None)
        self._shown = [message.id for message in messages]
        answer = None
        for place, message in enumerate(messages):
            if turn is not None and message.id == turn.message_id:
                answer = await self.begin_answer(self._view(session, turn.catch_up()))
            elif place >= same:
                await self.add(self._view(session, message))
            elif place == same - 1:
                self.refresh_view(self._view(session, message))  # it may have a sibling more
        return answer

    async def follow(self, turn: Turn) -> None:
        """Show a turn of the session until it ends: pulled at the pace at which it can be drawn."""
        session, answer = self._session, await self.sync(turn)
        if session is None or answer is None:
            return
        pace = Pace(lambda: frame_interval(self.app), lambda: answer.cpu_s)
        began = False
        while not turn.done:
            if events := turn.drain():
                await answer.feed(events)
                self.drawn.publish(answer)
                began = bool(answer.text or answer.reasoning)
            await asyncio.sleep(pace.pause if began else _FIRST_S)
            pace.drawn()
        await answer.feed(turn.drain())
        if turn.message_id in (message.id for message in session.messages):
            await answer.finish(self._view(session, session.message(turn.message_id)))
        else:  # stopped before its first word
            await self.sync()

    async def renew(self) -> bool:
        """Show what another process has written of the last answer since; whether it has ended."""
        session = self._session
        if session is None or (before := session.written_elsewhere) is None:
            return False
        try:
            now = await asyncio.to_thread(session.read_elsewhere)
        except StoreError:  # the next look may find it
            return False
        if now is None or now == before or self._shown[-1:] != [now.id]:
            return False
        answer = await self.begin_answer(self._view(session, now))
        if answer.writing:
            return False
        await answer.finish(answer.view)
        return True

    def _view(self, session: ChatSession, message: Message) -> MessageView:
        try:
            place = session.position(message.id)
        except KeyError:  # it has just come to nothing; the end of its turn takes it away here, too
            place = (1, 1)
        return MessageView(message, place, session.in_context(message.id))
