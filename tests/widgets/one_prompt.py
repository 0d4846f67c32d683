"""An app with a prompt in it, for the tests of the prompt."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import ClassVar

from textual import events, on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.pilot import Pilot
from textual.widgets import Button

from tui.widgets.prompt import Prompt

LARGE = "row of a log\n" * 80_000  # 1.04 MB
SCREEN_KEYS = (
    *("f6", "f7", "f9", "pageup", "pagedown", "escape", "ctrl+c", "ctrl+f", "ctrl+g", "ctrl+end", "ctrl+r", "ctrl+n"),
    *("alt+e", "alt+left", "alt+right", "ctrl+o", "ctrl+t", "ctrl+l"),
)


class OnePrompt(App[None]):
    """A prompt, and what reaches the app from it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding(key, f"note('{key}')") for key in SCREEN_KEYS]

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[str] = []
        self.keys: list[str] = []
        self.failures: list[str] = []
        self.taken_back = 0
        self.queue_sent = 0

    def compose(self) -> ComposeResult:
        yield Button("other")
        yield Prompt()

    def on_mount(self) -> None:
        self.prompt.focus()

    @property
    def prompt(self) -> Prompt:
        return self.query_one(Prompt)

    def action_note(self, key: str) -> None:
        self.keys.append(key)

    @on(Prompt.Submitted)
    def _sent(self, event: Prompt.Submitted) -> None:
        self.sent.append(event.text)

    @on(Prompt.Failed)
    def _failed(self, event: Prompt.Failed) -> None:
        self.failures.append(event.text)

    @on(Prompt.TakeBack)
    def _take_back(self) -> None:
        self.taken_back += 1

    @on(Prompt.SendQueued)
    def _send_queued(self) -> None:
        self.queue_sent += 1


@asynccontextmanager
async def running(size: tuple[int, int] = (80, 24)) -> AsyncIterator[tuple[OnePrompt, Pilot[None]]]:
    app = OnePrompt()
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield app, pilot


async def paste(app: OnePrompt, pilot: Pilot[None], text: str) -> None:
    app.post_message(events.Paste(text))
    await pilot.pause()


def row_texts(prompt: Prompt) -> list[str]:
    """What the prompt's rows show, without the spaces behind them."""
    return [prompt.render_line(y).text.rstrip() for y in range(prompt.content_size.height)]
