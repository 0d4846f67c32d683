"""A transcript and an input in an app of their own, the messages to show in it, and what stands on its screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import RenderableType
from textual.app import App, ComposeResult
from textual.dom import NoScreen
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input

from tui.engine.events import TextDelta
from tui.engine.reasoning import Channel
from tui.store.records import Ended, Message, Role
from tui.widgets.message_box import MessageBox
from tui.widgets.message_view import MessageView
from tui.widgets.transcript import Transcript

SIZE = (60, 20)


class Shown(App[None]):
    def __init__(self, views: Sequence[MessageView] = (), focus: int | None = None) -> None:
        super().__init__()
        self.views = views
        self.to_focus = focus
        self.frames = 0

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        self.frames += renderable is not None
        super()._display(screen, renderable)

    def compose(self) -> ComposeResult:
        yield Transcript()
        yield Input()

    async def on_mount(self) -> None:
        self.query_one(Input).cursor_blink = False
        self.query_one(Input).focus()
        await self.transcript.show(self.views, focus=self.to_focus)

    @property
    def transcript(self) -> Transcript:
        return self.query_one(Transcript)


def said(id: int, text: str, **fields: Any) -> MessageView:
    return MessageView(Message(id, "", None, Role.USER, text, 0.0), **fields)


def answered(
    id: int, text: str, *, place: tuple[int, int] = (1, 1), in_context: bool = True, **fields: Any
) -> MessageView:
    return MessageView(Message(id, "", None, Role.ASSISTANT, text, 0.0, **fields), place, in_context)


def begun(id: int) -> MessageView:
    return answered(id, "", ended=Ended.WRITING)


def conversation(count: int) -> list[MessageView]:
    return [(answered if id % 2 else said)(id, f"message {id}\n\nits second line") for id in range(count)]


def words(text: str, channel: Channel = Channel.ANSWER) -> list[TextDelta]:
    return [TextDelta(word, (1,), channel) for word in text.splitlines(keepends=True)]


def rows(pilot: Pilot[None]) -> list[str]:
    """What stands on the screen, but for the input and the scrollbar; nothing in the middle of a change."""
    try:
        strips = pilot.app.screen._compositor.render_strips()
    except NoScreen:
        return []
    return [strip.text[: SIZE[0] - 1].rstrip() for strip in strips[: pilot.app.query_one(Transcript).size.height]]


def boxes(pilot: Pilot[None]) -> list[int]:
    return [box.message_id for box in pilot.app.query(MessageBox)]


def running(views: Sequence[MessageView] = (), focus: int | None = None, size: tuple[int, int] = SIZE) -> Any:
    return Shown(views, focus).run_test(size=size)
