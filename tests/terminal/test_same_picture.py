"""The app through all its screens: a terminal shows of our output, cell for cell, what it shows of Textual's own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from rich.color import ColorSystem
from rich.style import Style
from textual.strip import Strip

if os.name != "posix":
    pytest.skip("pipes that do not block are POSIX's", allow_module_level=True)

from tests.chat_app import chat_app, running
from tests.screens.using import Chat
from tests.scripted import ScriptedRunner
from tests.terminal.emulator import Emulator
from tests.terminal.line import Line
from tui.app import ChatApp
from tui.engine.reasoning import Channel
from tui.terminal.link import Link

ANSWER = """# All of it

Prose with **bold**, *italic*, ~~struck~~, `code` and a [link](https://example.org): “quoted” … — 漢字 😀 ünï.

| number | what it is |
| ---: | --- |
| 1 | one 漢字 |
| 22 | two |

> A quotation
> of two lines.

1. first
   - with a list in it

```python
def area(radius: float) -> float:
    return 3.14159 * radius ** 2
```
"""
THOUGHTS = [(Channel.REASONING, "Let me think about it. " * 30), (Channel.ANSWER, ANSWER * 2)]


class BothWays:
    """What is drawn goes to two terminals, to one of them through our output.

    Attributes:
        frames: How many were compared.
    """

    def __init__(self, app: ChatApp, size: tuple[int, int]) -> None:
        self.frames = 0
        self._is_damaged = True  # until all of it was drawn
        self._app = app
        self._ours = Line(Link(erases_with_colour=True), *size)
        self._textual = Emulator(*size)
        self._display = app._display
        app._driver.output = self._ours.output  # type: ignore[union-attr]
        app._display = self.display  # type: ignore[method-assign]
        self._ours.output.begin()
        app.refresh(layout=True)

    def display(self, screen: Any, renderable: Any) -> None:
        """In place of the app's own."""
        self._ours.now += 100
        self._display(screen, renderable)
        if renderable is None or self._app._batch_count:
            return
        self._textual.feed(renderable.render_segments(self._app.console))
        self._ours.answer()
        self.frames += 1
        self.compare()

    def compare(self) -> None:
        """The first cell that differs, in what has changed since the last time, fails; but not while it is damaged.

        Nor is a frame compared that was drawn for another size, before the app heard of a new one.
        """
        if self._is_damaged or self._app._frame.width != self._ours.emulator.columns:
            return
        ours, textual = self._ours.emulator, self._textual
        changed = sorted(ours.dirty | textual.dirty)
        ours.dirty.clear()
        textual.dirty.clear()
        for y in changed:
            for x, (one, other) in enumerate(zip(ours.row(y), textual.row(y), strict=True)):
                if one != other:
                    pytest.fail(f"row {y}, column {x} of {self._app.screen}: {one}, and of Textual's output {other}")

    async def damage_and_heal(self, chat: Chat) -> None:
        """Somebody writes into the terminal past us, and the user has it drawn again."""
        self._is_damaged = True  # something may be drawn before the key arrives
        self._ours.emulator.feed("\x1b[H\x1b[2J\x1b[2;9r\x1b[41mThe system is going down\x0e")
        await chat.press("ctrl+l")
        await chat.until(lambda: all(map(self._is_same, range(chat.app.size.height))), "the damage is healed")
        self._is_damaged = False

    def _is_same(self, y: int) -> bool:
        return self._ours.emulator.row(y) == self._textual.row(y)

    def resize(self, width: int, height: int) -> None:
        """The terminals get another size, and show what they like."""
        for emulator in (self._ours.emulator, self._textual):
            emulator.resize(height, width)
            emulator.feed("\x1b[2J")

    def close(self) -> None:
        self._app._display = self._display  # type: ignore[method-assign]
        self._app._driver.output = None  # type: ignore[union-attr]
        self._ours.close()


async def use_every_screen(chat: Chat, both: BothWays) -> None:
    """What there is to see."""
    press = chat.press
    await both.damage_and_heal(chat)
    await chat.write("What is there? 漢字")
    await chat.idle(2)
    await press("f9", "pageup", "pageup", "pagedown", "ctrl+end", "f6", "f8")
    await both.damage_and_heal(chat)
    await chat.write("And more of it?")
    await chat.idle(4)
    await press(*"typed, and 漢字", "ctrl+j", *"in lines", "shift+left", "shift+left", "backspace", "ctrl+u")
    for key in ("f1", "f3", "alt+i", "ctrl+o", "ctrl+f", "ctrl+p", "alt+s"):
        before = chat.app.screen
        await press(key)
        await chat.until(lambda before=before: chat.app.screen is not before)
        await press("down", "up", *"an", "pagedown")
        if key != "ctrl+p":  # Textual's own, which does not know Ctrl+L
            await both.damage_and_heal(chat)
        while chat.app.screen is not chat.screen:
            await press("escape")
    await press("alt+e", "escape", "shift+tab", "up", "down", "escape", "alt+left", "ctrl+r")
    await chat.idle(4)
    for size in ((60, 20), (20, 5), (100, 30)):
        both.resize(*size)
        await chat.pilot.resize_terminal(*size)
        await press(*"narrow", "f1", "escape")
    await chat.pilot.hover(offset=(5, 3))
    await press("ctrl+c")
    await chat.new_chat()


def _render_style(style: Style, text: str, color_system: ColorSystem) -> str:
    style._ansi = None
    return style.render(text, color_system=color_system)


@pytest.mark.parametrize(
    ("theme", "colours"),
    [
        ("ovchat-dark", ColorSystem.TRUECOLOR),
        pytest.param("ovchat-light", ColorSystem.EIGHT_BIT, marks=pytest.mark.slow),
        pytest.param("ovchat-ansi", ColorSystem.STANDARD, marks=pytest.mark.slow),
    ],
)
async def test_every_screen_is_the_same_picture(
    theme: str, colours: ColorSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = (100, 30)
    # A style remembers its codes for the colours it was first drawn with, which may be another test's.
    monkeypatch.setattr(Strip, "render_style", staticmethod(_render_style))
    app = chat_app(tmp_path, ScriptedRunner([THOUGHTS], tokens_per_s=2000), user={"appearance.theme": theme})
    app.console._color_system = colours
    async with running(app, size) as pilot:
        chat = Chat(app, pilot)
        await chat.ready()
        both = BothWays(app, size)
        try:
            await use_every_screen(chat, both)
            assert both.frames > 50
        finally:
            both.close()
