"""The app as somebody uses it: keys in, and what is on the screen, in the engine's requests and on disk out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from textual.pilot import Pilot

from tests.waiting import wait_until_async
from tui.app import ChatApp
from tui.chat.session import ChatSession
from tui.screens.chat import ChatScreen
from tui.screens.chat_pane import ChatPane
from tui.screens.conversations import ConversationsScreen
from tui.widgets.notice import Notice
from tui.widgets.prompt import Prompt
from tui.widgets.queue import QueueStrip
from tui.widgets.status_line import StatusLine


class Chat:
    """The app in a terminal, and what a test does with it and sees of it."""

    def __init__(self, app: ChatApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot
        self.press = pilot.press

    @property
    def screen(self) -> ChatScreen:
        found = self.app.screen_stack[0]
        assert isinstance(found, ChatScreen)
        return found

    @property
    def pane(self) -> ChatPane:
        return self.screen.pane

    @property
    def prompt(self) -> Prompt:
        return self.pane.prompt

    @property
    def session(self) -> ChatSession:
        return self.pane.session

    @property
    def texts(self) -> list[str]:
        """What was said, on the branch that is shown."""
        return [message.text for message in self.session.messages]

    @property
    def notice(self) -> str:
        notice = self.screen.query_one(Notice)
        return str(notice.content) if notice.has_class("-shown") else ""

    @property
    def status(self) -> str:
        return self.screen.query_one(StatusLine).render().plain

    @property
    def queued(self) -> list[str]:
        """The rows of the messages that wait."""
        strip = self.screen.query_one(QueueStrip)
        return str(strip.content).splitlines() if strip.has_class("-waiting") else []

    @property
    def shown(self) -> str:
        """What the terminal shows, as text."""
        return "\n".join("".join(part.text for part in strip) for strip in self.app.screen._compositor.render_strips())

    async def write(self, text: str) -> None:
        """Write a message and send it."""
        self.prompt.insert(text)
        await self.press("enter")

    async def until(self, condition: Callable[[], object], what: str = "") -> None:
        try:
            await wait_until_async(condition, what=what)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self._what_is()}") from None

    async def sees(self, text: str) -> None:
        """A text is shown, wherever its lines break."""
        await self.until(lambda: text in " ".join(self.shown.split()), f"{text!r} is shown")

    async def ready(self) -> None:
        """The model and the stored conversations are there."""
        services = self.app.services
        await self.until(lambda: services.active.status.model is not None and services.outbox.store)
        await self.until(lambda: self.session.runner is not None)

    async def idle(self, messages: int) -> None:
        """No turn is under way, and there are so many messages in the conversation."""
        await self.until(
            lambda: not self.pane.busy and len(self.session.messages) == messages, f"idle with {messages} messages"
        )

    def _what_is(self) -> str:
        """What a test that waits in vain should tell."""
        turn = self.session.turn
        return (
            f"{self.shown}\n{self.texts} (busy: {self.pane.busy}, queued: {self.queued}, prompt: {self.prompt.text!r},"
            f" notice: {self.notice!r}, turn: {turn.progress() if turn is not None else None},"
            f" on top: {self.app.screen!r})"
        )

    async def still(self) -> str:
        """Wait until nothing changes on the screen; what it shows then."""
        shown = ""
        while shown != (shown := self.shown):
            await self.pilot.pause()
        return shown

    async def resize(self, columns: int, rows: int) -> str:
        """Give the terminal another size; what it shows then."""
        await self.pilot.resize_terminal(columns, rows)
        await self.until(lambda: self.app.screen.size == (columns, rows))
        return await self.still()

    async def panel(self, kind: type[Any]) -> Any:
        """The panel of that kind, once it is open and has something to choose from."""
        await self.until(lambda: isinstance(self.app.screen, kind) and self.app.screen.is_mounted)
        await self.until(lambda: not hasattr(self.app.screen, "rows") or self.app.screen.rows.items)
        return self.app.screen

    async def new_chat(self) -> None:
        before = self.session
        await self.press("ctrl+n")
        await self.until(lambda: self.session is not before)

    async def open_first(self) -> None:
        """Open the first conversation of the list."""
        self.app.services.outbox.flush(5)
        await self.press("ctrl+o")
        await self.panel(ConversationsScreen)
        await self.press("enter")


OpenChat = Callable[..., AbstractAsyncContextManager[Chat]]
"""`opened(runner=None, *, ready=True, **arguments of chat_app)`: the app, once its model is loaded."""
