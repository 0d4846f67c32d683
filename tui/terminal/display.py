"""An app that writes to the terminal what changed, and no more: the hook between Textual's compositor and its driver.

What is private in Textual is used here, in other modules of this package and in a few outside:
tests/terminal/test_textual_version.py lists it, and has the version that it was written for.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.color import ColorSystem
from textual import events
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App, SuspendNotSupported
from textual.filter import LineFilter, Monochrome, NoColor
from textual.geometry import Size
from textual.widgets import Input as InputBox
from textual.widgets import TextArea

from tui.terminal.clipboard import Clipboard, Copied, Copying
from tui.terminal.frame import Frame
from tui.terminal.link import Link
from tui.terminal.other_keys import KeyInWords, names_other_key, told

if TYPE_CHECKING:
    from rich.console import RenderableType
    from textual.driver import Driver
    from textual.message import Message
    from textual.screen import Screen

    from tui.terminal.input import Input
    from tui.terminal.output import Output
    from tui.terminal.scrollback import Scrollback


def frame_interval(app: App[Any]) -> float:
    """Seconds between two frames at least, as the terminal of `app` and the line to it are now."""
    return app.frame_interval_s if isinstance(app, TerminalApp) else Link().refresh(None)


def is_plain(app: App[Any]) -> bool:
    """Whether nothing is told by colours: words have to do it."""
    return isinstance(app, TerminalApp) and app.plain


def with_present_keys(app: App[Any], sentence: str) -> str:
    """A sentence of ours that names keys, with those that do it now."""
    if not isinstance(app, TerminalApp) or not names_other_key(sentence, app.keys_in_words):
        return sentence
    ids = {active.binding.id or "" for active in app.screen.active_bindings.values()}
    here = {id.partition(".")[0] for id in ids}
    return told(sentence, app.keys_in_words) if "chat" in here else told(sentence, app.keys_in_words, here)


async def copy(app: App[Any], text: str) -> Copied:
    """Copy a text to the clipboard; what became of it."""
    if isinstance(app, TerminalApp):
        return await app.copy(text)
    app.copy_to_clipboard(text)
    return Copied(f"{len(text):,} characters were sent to the terminal.")


def output_facts(app: App[Any]) -> str:
    """What is written to the terminal, and how quickly it takes it; "" where that is not known."""
    output = app.output if isinstance(app, TerminalApp) else None
    if output is None:
        return ""
    facts = f"{output.bytes_per_s / 1000:.1f} kB/s, {output.frames_per_s:.1f} frames/s"
    return f"{facts}, the last one in {1000 * output.write_s:.0f} ms" if output.frames else facts


class TerminalApp(App[None]):
    """An app for a terminal at the end of a line that may be far and slow.

    Args:
        line: What the terminal is connected with.
        terminal: The settings of the section `terminal`.

    Attributes:
        plain: No colour is shown, whatever the style sheets say; what colours tell, words do.
        keys_in_words: What keys are called in sentences; none where all are the default ones.
    """

    def __init__(self, line: Link, terminal: Mapping[str, Any]) -> None:
        super().__init__()
        self.plain = False
        self.keys_in_words: Sequence[KeyInWords] = ()
        self.line = line
        self.terminal = terminal
        self._frame = Frame(0, 0)
        self._clipboards = Clipboard(line, terminal["clipboard"], self._write, self._seconds_for)
        self._is_lent = False  # somebody else has the terminal
        self._early: list[Message] | None = None  # what was read and waits
        self._reading = threading.RLock()
        if line.remote:
            self.animation_level = "none"

    @property
    def writes_differences(self) -> bool:
        """Our output is wanted, not Textual's own."""
        return self.terminal["output"] == "diff" and os.environ.get("OVCHAT_OUTPUT") != "textual"

    @property
    def is_ending(self) -> bool:
        """Somebody outside has asked for the end."""
        return False

    @property
    def output(self) -> Output | None:
        """Where everything is written; None where that is Textual's own."""
        return getattr(self._driver, "output", None)

    @property
    def input(self) -> Input | None:
        """What everything that is read goes through; None where that is Textual's own."""
        return getattr(self._driver, "input", None)

    @property
    def escape_delay_s(self) -> float:
        """Seconds that Esc waits for the rest of a key."""
        return self.line.escape_delay(self.terminal["escape_delay"])

    def hold_input(self) -> None:
        """There is nobody yet to type to: what is typed waits for `take_input`."""
        self._early = []

    def take_input(self) -> None:
        """Somebody has the focus: what was typed before comes first."""
        with self._reading:
            early, self._early = self._early or [], None
            for message in early:
                if self._driver is not None:
                    self._driver.process_message(message)

    @property
    def holds_input(self) -> bool:
        """There is nobody yet to type to."""
        return self._early is not None

    def has_to_wait(self, message: Message) -> bool:
        """Whether what was read waits, which it then does. From the thread that reads."""
        with self._reading:
            if self._early is not None:
                self._early.append(message)
            return self._early is not None

    def get_line_filters(self) -> Sequence[LineFilter]:
        """What every row goes through. Textual's own for NO_COLOR leaves shades of grey, and cannot be turned off."""
        filters = [each for each in super().get_line_filters() if not isinstance(each, Monochrome | NoColor)]
        return [*filters, NoColor()] if self.plain else filters

    def redraw(self) -> None:
        """Write the whole screen again, whatever the terminal shows."""
        if self.output is not None:
            self.output.invalidate()
        self.refresh(layout=True)

    def switch_mouse(self) -> bool | None:
        """Take the mouse or give it back. Whether it is the app's now; None where it stays as it is."""
        switch: Callable[[], bool] | None = getattr(self._driver, "switch_mouse", None)
        return switch() if switch is not None else None

    def copy_to_clipboard(self, text: str) -> None:
        """Copy a text; where it was not sent anywhere, that is said."""

        async def say() -> None:
            if (copied := await copying.outcome()).nowhere:
                self.notify(copied.said, severity="warning", markup=False)

        copying = self._copy(text)
        if not copying.sent:
            work: Callable[[], Awaitable[None]] = say
            self.run_worker(work, group="clipboard")

    async def copy(self, text: str) -> Copied:
        """Copy a text; what became of it."""
        return await self._copy(text).outcome()

    def _copy(self, text: str) -> Copying:
        self._clipboard = text  # what is pasted in here
        return self._clipboards.copy(text)

    def _write(self, text: str) -> None:
        if self.output is not None:
            self.output.write(text, may_be_cut=True)
        elif self._driver is not None:
            self._driver.write(text)

    def _seconds_for(self, count: int) -> float:
        return self.output.seconds_for(count) if self.output is not None else 0.0

    async def show_in_scrollback(self, text: str, last_line: str) -> None:
        """Leave the screen, write a text into the terminal's own scrollback, and come back when a key is pressed.

        The app goes on meanwhile.

        Args:
            text: The text; its control characters are obeyed.
            last_line: What to write below it; {} in it are the keys that come back.

        Raises:
            SuspendNotSupported: This terminal cannot be given up.
        """
        if self._driver is None or not self._driver.can_suspend:
            raise SuspendNotSupported
        make: Callable[[float], Scrollback] | None = getattr(self._driver, "scrollback", None)
        try:
            scrollback = make(self.escape_delay_s) if make is not None else None
        except OSError as error:
            raise SuspendNotSupported from error
        with self._lent(self._driver):
            if scrollback is None:
                await asyncio.to_thread(_print_and_wait, f"{text}\n{last_line.format('Enter')}\n")
                return
            shown = asyncio.ensure_future(asyncio.to_thread(scrollback.show, text, last_line.format("Enter or Alt+V")))
            try:
                there = await asyncio.shield(shown)
            finally:
                scrollback.stop()
                await asyncio.wait([shown])
            if not there:
                os.kill(os.getpid(), signal.SIGHUP)  # not every system says so

    @contextmanager
    def _lent(self, driver: Driver) -> Iterator[None]:
        """As Textual's `suspend`, but the app goes on, and draws nothing; one that ends does not take it back."""
        self.app_suspend_signal.publish(self)
        self._is_lent = True
        driver.suspend_application_mode()
        try:
            with driver.no_automatic_restart():
                yield
        finally:
            if not self._exit:
                driver.resume_application_mode()
                self._is_lent = False
                self.app_resume_signal.publish(self)
                self.refresh(layout=True)

    @property
    def frame_interval_s(self) -> float:
        """Seconds between two frames at least, as the line is now."""
        if self.output is not None:
            return self.output.interval_s
        return self.line.refresh(self.terminal["refresh"])

    @property
    def knows_synchronised_updates(self) -> bool:
        """The terminal holds back what it draws within an update."""
        return self._sync_available

    def get_driver_class(self) -> type[Driver]:
        """Ours in place of the one for POSIX terminals."""
        textual = super().get_driver_class()
        if textual.__name__ != "LinuxDriver":
            return textual
        from tui.terminal.driver import TerminalDriver

        return TerminalDriver

    def on_resize(self, event: events.Resize) -> None:
        """Whatever the terminal made of its rows: nothing is known of them."""
        if self.output is None:
            return
        self.output.forget()
        if event.size == Size(self._frame.width, self._frame.height):
            # It had another size in between, maybe: what does not change is not drawn anew.
            self._show_frame(self.output)

    def _show_frame(self, output: Output) -> None:
        x, y = Size(self._frame.width, self._frame.height).clamp_offset(self.cursor_position)
        output.show(self._frame, (x, y))

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """No cursor blinks at the end of a far line."""
        if self.line.remote and isinstance(event.widget, InputBox | TextArea):
            event.widget.cursor_blink = False

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """Take what the compositor has drawn."""
        output = self.output
        if self._is_lent:
            return
        if output is None or renderable is None or self._batch_count or not self._running or self._closed:
            super()._display(screen, renderable)
        elif isinstance(renderable, LayoutUpdate | ChopsUpdate):
            size = self.screen.outer_size
            if (self._frame.width, self._frame.height) != size:
                self._frame = Frame(*size)
            self._frame.take(renderable, self.console._color_system or ColorSystem.TRUECOLOR)
            self._show_frame(output)
            self.post_display_hook()
        else:
            super()._display(screen, renderable)
            output.invalidate()


def _print_and_wait(text: str) -> None:
    if sys.__stdout__ is not None and sys.__stdin__ is not None:
        sys.__stdout__.write(text)
        sys.__stdout__.flush()
        sys.__stdin__.readline()
