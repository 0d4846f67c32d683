"""The summary with which a new conversation begins: it is shown while the model writes it, and can be changed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tui.engine.errors import OvchatError
from tui.screens.dialogs import NEW_LINE, Lines
from tui.screens.panel import Panel
from tui.terminal.display import frame_interval
from tui.widgets.notice import Notice

if TYPE_CHECKING:
    from tui.chat.summary import Summary
    from tui.chat.turn import Turn

_ABOUT = "The new conversation begins with this; the present one stays as it is."
_LEAST_PAUSE_S = 0.1


class SummaryScreen(Panel[str | None]):
    """Answers the summary; None where the user does not want it.

    Args:
        summary: It is written here.
    """

    HEADING = "Summary"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "stop", "Stop", id="summary.stop", tooltip="Stop the model; what it has written stays."),
        Binding("escape", "close", "Back", id="summary.back", tooltip="Leave it, and go back to the prompt."),
        Binding("enter", "accept", "Use it", id="summary.accept", tooltip="Begin the new conversation with it."),
        NEW_LINE,
    ]

    DEFAULT_CSS: ClassVar[str] = """
    SummaryScreen {
        .summary--about { height: auto; padding: 0 1; color: $text-muted; }
        Lines { height: 1fr; border: none; padding: 0 1; background: $surface; }
        &.-tall .summary--about { margin-bottom: 1; }
    }
    """

    def __init__(self, summary: Summary) -> None:
        super().__init__()
        self._summary = summary
        self._turn: Turn | None = None
        self._writing = True
        self._area = Lines(compact=True, highlight_cursor_line=False, read_only=True)

    def content(self) -> Iterable[Widget]:
        yield Static(Content(_ABOUT), classes="summary--about")
        yield self._area
        yield Notice()

    def on_mount(self) -> None:
        self._area.focus()
        self._write()

    def on_unmount(self) -> None:
        self._stop()

    @work
    async def _write(self) -> None:
        summary = self._summary
        self.show_facts("counting")
        try:
            await asyncio.to_thread(summary.plan)
            self._say_what_is_missing()
            while self._writing and (turn := summary.begin()) is not None:
                self._turn = turn
                await self._follow(turn)
                summary.take(turn)
                self._show(summary.text)
                if turn.error is not None:
                    raise turn.error
        except OvchatError as error:
            self._warn(str(error))
        else:
            self._say_what_it_is()
        self._writing = self._area.read_only = False
        self.show_facts("")
        self.refresh_bindings()

    async def _follow(self, turn: Turn) -> None:
        while not turn.done:
            progress = turn.progress()
            part = f"part {self._summary.part} of {self._summary.parts}, " if self._summary.parts > 1 else ""
            doing = "thinking" if progress.thinking else f"{progress.tokens:,} tokens"
            if not progress.tokens:
                read = progress.prefill
                doing = f"reading {read.done * 100 // max(1, read.total)} %" if read is not None else "waiting"
            self.show_facts(f"{part}{doing}")
            if text := turn.message().text.strip():
                self._show(text)
            await asyncio.sleep(max(_LEAST_PAUSE_S, frame_interval(self.app)))

    def _say_what_is_missing(self) -> None:
        for count, what in ((self._summary.shortened, "read without the middle"), (self._summary.left_out, "left out")):
            if count:
                messages = "1 message is" if count == 1 else f"{count:,} messages are"
                self._warn(f"{messages} too long for the context: {what}.")

    def _say_what_it_is(self) -> None:
        summary = self._summary
        if not summary.text:
            self._warn("The model has written none. Write one here, or Esc goes back.")
        elif not self._writing and summary.part < summary.parts:
            self._warn(f"Stopped in part {summary.part} of {summary.parts}: what came later is not in it.")

    def _show(self, text: str) -> None:
        before = self._area.text
        if text.startswith(before):
            self._area.insert(text[len(before) :], self._area.document.end)
        else:
            self._area.load_text(text)
        self._area.move_cursor(self._area.document.end)

    def _warn(self, text: str) -> None:
        self.query_one(Notice).add([text])

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        match action:
            case "stop":
                return self._writing
            case "accept" | "new_line" | "close":
                return not self._writing
        return True

    def leave(self) -> None:
        if self._writing:
            self.action_stop()
        else:
            self.dismiss(None)

    def action_stop(self) -> None:
        self._writing = False
        self._stop()

    def _stop(self) -> None:
        if self._turn is not None:
            self._turn.cancel()

    def action_accept(self) -> None:
        if text := self._area.text.strip():
            self.dismiss(text)

    def action_new_line(self) -> None:
        self._area.insert("\n")
