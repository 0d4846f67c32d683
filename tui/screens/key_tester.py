"""The key tester: a key is pressed, and its bytes, its name and what it does are shown. It does nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from tui.screens.key_table import KeyRow, chat_keys, keys_to_see
from tui.screens.panel import Panel
from tui.terminal.display import TerminalApp
from tui.terminal.input import Done
from tui.terminal.key_notes import alike, notes, spelled
from tui.terminal.link import Link
from tui.terminal.output import Output
from tui.widgets.keys_row import key_label
from tui.widgets.visible import visible

_LEAVING = ("escape", "ctrl+c")
_MOST_BYTES = 16
_BEFORE = 8  # keys
_NAMES = 8  # columns
_ALT_LETTER, _ANY_ALT = re.compile(r"alt\+[a-z]"), "alt+e"


class KeyTesterScreen(Panel[None], inherit_bindings=False):
    """Shows keys as they come. Esc or Ctrl+C, pressed twice, leaves.

    Args:
        rows: What keys do.
        line: What the terminal is connected with.
        escape_delay: Seconds that Esc waits for the rest of a key.
    """

    HEADING = "Key tester"
    DEFAULT_CSS: ClassVar[str] = """
    KeyTesterScreen {
        .key-tester--rest { height: 1fr; scrollbar-size-vertical: 1; }
        .key-tester--rest Static { margin-top: 1; }
        .key-tester--heading { color: $text-primary; }
        .key-tester--leave { height: 1; color: $text-muted; text-wrap: nowrap; }
        &.-tall .key-tester--leave { margin-top: 1; }
        &.-short .key-tester--rest Static { margin: 0; }
    }
    """

    class Pressed(Message):
        """Keys came, or a paste, with the bytes that they were, where those are known."""

        def __init__(self, came: bytes | None, done: Sequence[Done]) -> None:
            super().__init__()
            self.came, self.done = came, done

    def __init__(self, rows: Iterable[KeyRow], line: Link, escape_delay: float) -> None:
        super().__init__()
        rows = [*rows]
        self._does = chat_keys(rows)
        self._to_see = keys_to_see(rows)
        self._seen: set[str] = set()
        self._came_before: list[str] = []  # as they are shown
        self._last = ""
        self._notes = [(note, Static(Content(note.text))) for note in notes(line)]
        self._line, self._escape_delay = line, escape_delay
        self._output: Output | None = None
        self._key, self._unseen, self._leave = Static(), Static(), Static(classes="key-tester--leave")

    def compose(self) -> ComposeResult:
        with Vertical(classes="panel--column"):
            with Horizontal(classes="panel--top"):
                yield Static(Content(self.HEADING), classes="panel--heading")
                yield Static(classes="panel--facts")
            yield self._key
            with VerticalScroll(classes="key-tester--rest", can_focus=False):
                yield self._unseen
                yield Static(Content("Known of terminals (PgUp and PgDn scroll):"), classes="key-tester--heading")
                yield from (shown for _, shown in self._notes)
                yield Static(Content(_connected(self._line, self._escape_delay)))
            yield self._leave

    def on_mount(self) -> None:
        self._key.update(Content("Press a key."))
        self._show_unseen()
        if isinstance(self.app, TerminalApp) and self.app.input is not None:
            self._output = self.app.output
            self.app.input.tap = self._came

    def on_unmount(self) -> None:
        if isinstance(self.app, TerminalApp) and self.app.input is not None:
            self.app.input.tap = None

    def _came(self, came: bytes, done: list[Done]) -> None:
        if self._output is not None:
            self._output.hurry()
        self.post_message(self.Pressed(came, done))

    def on_key(self, event: events.Key) -> None:
        """Take it where nobody has the bytes, and keep it from doing anything."""
        event.stop()
        event.prevent_default()
        self._pressed(self.Pressed(None, [event]))

    def on_paste(self, event: events.Paste) -> None:
        """As a key."""
        event.stop()
        self._pressed(self.Pressed(None, [event]))

    @on(Pressed)
    def _pressed(self, event: Pressed) -> None:
        for each in event.done:
            name = each.key if isinstance(each, events.Key) else ""
            if name in _LEAVING and name == self._last:
                self.dismiss(None)
                return
            self._last = name
            self._seen |= {name, _ALT_LETTER.sub(_ANY_ALT, name)}
        self._key.update(Content("\n").join(self._facts(event)))
        self._came_before += map(_label, event.done)
        self._show_unseen()
        if self._last in ("pageup", "pagedown"):
            rest = self.query_one(".key-tester--rest", VerticalScroll)
            page = max(1, rest.size.height - 1)
            rest.scroll_relative(y=page if self._last == "pagedown" else -page, animate=False)

    def _facts(self, event: Pressed) -> Iterable[Content]:
        if event.came is not None:
            came, more = event.came[:_MOST_BYTES], " ..." * (len(event.came) > _MOST_BYTES)
            yield _fact("Bytes", came.hex(" ") + more)
            yield _fact("", visible(spelled(came)) + more)
        yield _fact("Key", ", ".join(_named(each) for each in event.done))
        yield _fact("Here", " ".join(dict.fromkeys(self._what(each) for each in event.done)))
        if event.came is not None and (other := alike(event.came)):
            yield _fact("", other)
        if before := self._came_before[-_BEFORE:]:
            yield _fact("Before", "  ".join(before))

    def _what(self, done: Done) -> str:
        if isinstance(done, events.Paste):
            return "It goes into the text as it is."
        if done.key in self._does:
            return self._does[done.key]
        return "It is typed." if _types(done) else "Nothing."

    def _show_unseen(self) -> None:
        unseen = [key for key in self._to_see if key not in self._seen]
        self.show_facts(f"{len(self._to_see) - len(unseen)} of {len(self._to_see)} keys seen")
        names = "  ".join(map(key_label, unseen))
        self._unseen.update(
            Content.assemble(("Not seen yet  ", "bold"), names) if unseen else Content("All were seen.")
        )
        for note, shown in self._notes:
            shown.display = self._seen.isdisjoint(note.keys)
        again = key_label(self._last) if self._last in _LEAVING else ""
        self._leave.update(Content(f"{again} again leaves." if again else "Esc twice or Ctrl+C twice leaves."))


def _types(key: events.Key) -> bool:
    return key.is_printable and set(key.key.split("+")[:-1]) <= {"shift"}


def _label(done: Done) -> str:
    if isinstance(done, events.Paste):
        return "a paste"
    return visible(done.character) if done.character and done.character != " " and _types(done) else key_label(done.key)


def _named(done: Done) -> str:
    return f"{_label(done)} ({done.key})" if isinstance(done, events.Key) else f"a paste, {len(done.text):,} characters"


def _fact(name: str, value: str) -> Content:
    return Content.assemble((name.ljust(_NAMES), "bold"), value)


def _connected(line: Link, escape_delay: float) -> str:
    name = " in ".join(filter(None, (line.multiplexer, line.terminal or "a terminal that does not say its name")))
    far = ", over SSH" if line.remote else ""
    return f"This is {name}{far}. Esc waits {escape_delay * 1000:.0f} ms for the rest of a key."
