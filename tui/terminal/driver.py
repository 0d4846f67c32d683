"""Textual's driver for POSIX terminals, writing through our `Output`."""

from __future__ import annotations

import os
import selectors
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from textual import events
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from tui.terminal import early_keys
from tui.terminal.charset import UTF_8
from tui.terminal.hangup import LastingFile
from tui.terminal.input import META_OFF, META_ON, META_QUESTION, Done, Input
from tui.terminal.output import Output
from tui.terminal.scrollback import Scrollback
from tui.terminal.title import GIVEN_BACK, KEPT, has_title, titled

if TYPE_CHECKING:
    from tui.terminal.display import TerminalApp

_PAUSE_S, _CLOSE_S = 2.0, 1.0
_LOOK_S = 0.1  # whether the terminal is to be given back
_READ_BYTES = 1 << 16
# What somebody does who waits to see it.
_WAITS = Done | events.MouseDown | events.MouseUp | events.MouseScrollDown | events.MouseScrollUp


class TerminalDriver(LinuxDriver):
    """Powers display and input.

    Attributes:
        output: Where everything is written; None where that is Textual's own thread.
        input: What everything that is read goes through.
    """

    def __init__(
        self, app: TerminalApp, *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse and app.line.mouse(app.terminal["mouse"]), size=size)
        self._has_to_wait = app.has_to_wait
        self._is_early: Callable[[], bool] = lambda: app.holds_input
        self._is_ending: Callable[[], bool] = lambda: app.is_ending
        self._charset = UTF_8
        if self._file is not None:
            self._charset = self._file.encoding
            self._file = LastingFile(self._file)  # type: ignore[assignment]
        self.output = self._open_output(app) if app.writes_differences else None
        answered = self.output.answered if self.output is not None else lambda: None
        self.input = Input(app.escape_delay_s, answered, self._typed_with_alt, charset=self._charset)
        self._has_switched_meta = False
        self._is_on = False  # application mode
        self._is_lent = False
        self._title = ""
        self._is_titled = False  # the title is ours

    def _open_output(self, app: TerminalApp) -> Output | None:
        """An output on a descriptor of its own: what is set on the shell's would stay when we are gone."""
        try:
            descriptor = self.open_terminal()
        except OSError:
            return None
        return Output(
            descriptor,
            app.line,
            app.terminal["refresh"],
            charset=self._charset,
            synchronised=lambda: app.knows_synchronised_updates,
        )

    def open_terminal(self) -> int:
        """A new descriptor of the terminal, for writing, non-blocking.

        Raises:
            OSError: There is no terminal.
        """
        flags = os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC
        if self._file is not None:
            with suppress(OSError):
                return os.open(os.ttyname(self._file.fileno()), flags)
        return os.open("/dev/tty", flags)

    def scrollback(self, escape_delay: float) -> Scrollback:
        """Writes a text into the terminal's scrollback, while that is given up.

        Raises:
            OSError: There is no terminal.
        """
        return Scrollback(self.fileno, self.open_terminal(), self._charset, escape_delay)

    def write(self, data: str) -> None:
        """Write data, in order with everything else."""
        if self.output is not None:
            self.output.write(data)
        elif not self._is_lent:
            super().write(data)

    def show_title(self, text: str) -> None:
        """Give the terminal this title, until it is given back."""
        self._title = text
        if self._is_titled:
            self.write(titled(text))

    def run_input_thread(self) -> None:
        """Read until the terminal is given back."""
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                wait = self.input.wait
                if not selector.select(_LOOK_S if wait is None else min(wait, _LOOK_S)):
                    found = self.input.tick()
                elif data := self._read():
                    self.input.is_early = self._is_early()
                    found = self.input.feed(data)
                else:
                    # There is no terminal any more, and not every system says so.
                    os.kill(os.getpid(), signal.SIGHUP)
                    return
                for message in found:
                    self.process_message(message)

    def _read(self) -> bytes:
        try:
            return os.read(self.fileno, _READ_BYTES)
        except OSError:
            return b""

    def process_message(self, message: Message) -> None:
        """Hand on what was read."""
        if isinstance(message, _WAITS):
            if self.output is not None:
                self.output.hurry()
            if isinstance(message, Done) and self._has_to_wait(message):
                return
        super().process_message(message)

    def _typed_with_alt(self) -> None:
        """Alt and a letter would type another letter; the thread that reads was told so."""
        with suppress(RuntimeError):  # everything has ended
            self._loop.call_soon_threadsafe(self._switch_meta)

    def _switch_meta(self) -> None:
        if self._is_on:
            self.write(META_ON)
            self._has_switched_meta = True

    def switch_mouse(self) -> bool:
        """Take the mouse, or give it back to the terminal; whether it is ours now."""
        if self._mouse:
            self._disable_mouse_support()
        self._mouse = not self._mouse
        if self._mouse:
            self._enable_mouse_support()
            if self._mouse_pixels:
                self._enable_mouse_pixels()
        return self._mouse

    def _disable_mouse_support(self) -> None:
        super()._disable_mouse_support()
        if self._mouse and self._mouse_pixels:  # Textual leaves that on
            self.write("\x1b[?1016l")

    # Taking the terminal and giving it back

    def start_application_mode(self) -> None:
        """Take the terminal, to begin with or again."""
        if self._is_on:  # continued after a stop that nobody was told of
            # A shell has set the terminal for itself meanwhile, and drawn on another screen, maybe.
            self.suspend_application_mode()
        self._is_lent = False
        super().start_application_mode()  # type: ignore[no-untyped-call]
        if (before := early_keys.taken()) is not None and self.attrs_before is not None:
            self.attrs_before = before
        # It does not get there in the background: the process is stopped there, and continued is here again.
        self._is_on = self._key_thread is not None and self._key_thread.is_alive()
        if self._is_on:
            self._resize_in_order()
        if self._is_on and os.environ.get("TERM_PROGRAM") != "Apple_Terminal":  # which writes a "p" on the screen
            self.write(META_QUESTION)
        if self._is_on and has_title(os.environ):
            self._is_titled = True
            self.write(KEPT + (titled(self._title) if self._title else ""))
        if self.output is not None and self._is_on:
            self.output.begin()

    def _resize_in_order(self) -> None:
        """Look at the terminal's size in the loop: of two looks, one in the middle of the other, the older came last.

        That is what happens where a signal comes while that of the resize before is being handled.
        """
        look = signal.getsignal(signal.SIGWINCH)
        if not callable(look):
            return

        def later(*_: object) -> None:
            with suppress(RuntimeError):  # everything has ended
                self._loop.call_soon_threadsafe(look, signal.SIGWINCH, None)

        signal.signal(signal.SIGWINCH, later)

    def stop_application_mode(self) -> None:
        """Leave the terminal as it was."""
        if self._is_lent:  # and as it was since then
            return
        if self._has_switched_meta:
            self._has_switched_meta = False
            self.write(META_OFF)
        if self._is_titled:
            self._is_titled = False
            self.write(GIVEN_BACK)
        super().stop_application_mode()

    def disable_input(self) -> None:
        """Read no more; what the terminal was asked has been answered by then, or it takes too long."""
        if self._is_lent:  # what is typed there is somebody else's
            return
        if self.output is not None and self._is_on:
            self.output.pause(_PAUSE_S)
        self._is_on = False
        super().disable_input()

    def suspend_application_mode(self) -> None:
        """Give the terminal to somebody else, who finds everything written."""
        self.stop_application_mode()
        super().close()
        if self.output is not None:
            self.output.pause(_PAUSE_S)
        self._is_lent = True

    def close(self) -> None:
        """Write what is left, and let go of the terminal."""
        super().close()
        if self.output is not None:
            self.output.close(_CLOSE_S)

    def _sigtstp_application(self, *_: object) -> None:
        """The process is to stop: not in the middle of writing."""
        if self._auto_restart:
            self._loop.call_soon_threadsafe(super()._sigtstp_application)
        else:
            super()._sigtstp_application()

    def _sigcont_application(self, *_: object) -> None:
        if self._auto_restart:
            self._loop.call_soon_threadsafe(self._take_again)

    def _take_again(self) -> None:
        """Continued: take the terminal, but not to end. In the background it would be stopped there, and stay."""
        if not self._is_ending():
            self.resume_application_mode()
