"""Tokens as a text that scrolls, each in its own style; only the rows that are seen are drawn.

It never has the focus: the screen has the keys.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.events import Click, Resize
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.terminal.display import is_plain
from tui.widgets.token_layout import TokenRows, lay_out
from tui.widgets.visible import SHOWN

# A line end is seen, and ends the row.
_SEEN = {**SHOWN, ord("\n"): "↵\n", ord("\t"): "→"}
_MARK, _NO_MARK = "│ ", "  "
# What the styles are where there is no colour.
_PLAIN = {
    "tokens--odd": "underline",
    "tokens--special": "bold reverse",
    "tokens--likely": "italic",
    "tokens--open": "underline",
    "tokens--unlikely": "bold",
    "tokens--rare": "bold italic underline",  # not reverse: the cursor is that
}


def seen(texts: Sequence[str]) -> list[str]:
    """What `TokenView` shows of the texts of tokens. For 32,000 of them it takes a moment: not for an event loop."""
    return [text if text.isprintable() else text.translate(_SEEN) for text in texts]


class TokenView(ScrollView, can_focus=False):
    """The tokens."""

    DEFAULT_CSS: ClassVar[str] = """
    TokenView {
        height: 1fr;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable; /* rows laid out before there is one must not lose a column to it */
        scrollbar-background: $background;
        scrollbar-color: $panel;
        & > .tokens--odd { background: $foreground 12%; }
        & > .tokens--special { color: $text-accent; background: $accent 25%; text-style: bold; }
        & > .tokens--part { color: $text-muted; text-style: italic; }
        & > .tokens--note { color: $text-muted; }
        & > .tokens--rule { color: $text-muted; text-style: italic; }
        & > .tokens--likely { background: $success 25%; }
        & > .tokens--open { background: $warning 30%; }
        & > .tokens--unlikely { background: $error 35%; }
        & > .tokens--rare { background: $error 70%; text-style: bold; }
        & > .tokens--cursor { text-style: reverse; }
        &:ansi > .tokens--odd { background: ansi_default; text-style: underline; }
        &:ansi > .tokens--special { color: ansi_magenta; background: ansi_default; text-style: bold; }
        &:ansi > .tokens--note, &:ansi > .tokens--rule { text-style: dim; }
        &:ansi > .tokens--likely { color: ansi_green; background: ansi_default; }
        &:ansi > .tokens--open { color: ansi_yellow; background: ansi_default; }
        &:ansi > .tokens--unlikely { color: ansi_red; background: ansi_default; }
        &:ansi > .tokens--rare { color: ansi_red; background: ansi_default; text-style: bold underline; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "tokens--odd",
        "tokens--special",
        "tokens--part",
        "tokens--note",
        "tokens--rule",
        "tokens--likely",
        "tokens--open",
        "tokens--unlikely",
        "tokens--rare",
        "tokens--cursor",
    }

    cursor: reactive[int | None] = reactive(None)
    """The token that is looked at; None: none is."""

    class Moved(Message):
        """The cursor is on another token."""

    def __init__(self) -> None:
        super().__init__()
        self._texts: Sequence[str] = ()
        self._notes: Sequence[str] | None = None
        self._shown: Sequence[str] = ()  # texts with their notes
        self._style_of: Callable[[int], str] = lambda _: ""
        self._marked, self._rule = 0, ""
        self._rows = TokenRows(array("l"), array("l"))
        self._styles: dict[str, Style] = {}

    def show(self, texts: Sequence[str], style_of: Callable[[int], str], *, marked: int = 0, rule: str = "") -> None:
        """Show tokens in place of those that were there.

        Args:
            texts: What `seen` gives.
            style_of: The component class of a token, by its number; "" for none.
            marked: So many of the first ones have a line at their left ...
            rule: ... and this below them.
        """
        self._texts, self._shown, self._notes, self._style_of = texts, texts, None, style_of
        self._marked, self._rule = marked, rule
        self._lay_out()

    def annotate(self, notes: Sequence[str] | None) -> None:
        """Show a few characters behind each token; None: nothing."""
        top = self._token_at(self.scroll_offset.y)
        self._notes = notes
        if notes is None:
            self._shown = self._texts
        else:
            self._shown = [_with_note(text, note) for text, note in zip(self._texts, notes, strict=True)]
        self._lay_out()
        if self.cursor is None:
            self.scroll_to(y=self._screen_row(top), animate=False, force=True, immediate=True)
        else:
            self._reveal()

    def move(self, step: int) -> None:
        """Move the cursor by that many tokens."""
        if self._texts and self.cursor is not None:
            self.cursor = min(max(self.cursor + step, 0), len(self._texts) - 1)

    def move_rows(self, step: int) -> None:
        """Move the cursor by that many rows, to the token that is nearest."""
        if not self._texts or self.cursor is None:
            return
        row = self._rows.row_of(self.cursor)
        begin = self._rows.tokens[row]
        place = self.cursor - begin
        target = min(max(row + step, 0), len(self._rows) - 1)
        tokens = [token for token, start, _ in self._rows.parts(target, self._shown) if start == 0]
        if tokens:
            self.cursor = tokens[min(place, len(tokens) - 1)]
        else:  # one token fills that row
            self.move(1 if step > 0 else -1)

    @property
    def page(self) -> int:
        """How many rows a page has."""
        return max(1, self.size.height - 1)

    def watch_cursor(self) -> None:
        self.refresh()
        self._reveal()
        self.post_message(self.Moved())

    def on_resize(self, event: Resize) -> None:
        top = self._token_at(self.scroll_offset.y)
        self._lay_out()
        self.scroll_to(y=self._screen_row(top), animate=False, force=True, immediate=True)
        self._reveal()

    def on_click(self, event: Click) -> None:
        row = self._row_at(self.scroll_offset.y + event.y)
        if self.cursor is None or row < 0:
            return
        column = event.x - len(_NO_MARK)
        for token, start, stop in self._rows.parts(row, self._shown):
            column -= Segment(self._shown[token][start:stop]).cell_length
            if column < 0:
                self.cursor = token
                return

    def notify_style_update(self) -> None:
        self._styles.clear()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        line = self.scroll_offset.y + y
        if self._rule and line == self._rule_row:
            return Strip([Segment(f"└ {self._rule}", self.style_named("tokens--rule"))]).adjust_cell_length(
                width, self.rich_style
            )
        row = self._row_at(line)
        if row < 0:
            return Strip.blank(width, self.rich_style)
        marked = self._rows.tokens[row] < self._marked
        segments = [Segment(_MARK if marked else _NO_MARK, self.style_named("tokens--rule"))]
        for token, begin, end in self._rows.parts(row, self._shown):
            segments += self._segments(token, begin, end)
        return Strip(segments).adjust_cell_length(width, self.rich_style)

    def _segments(self, token: int, begin: int, end: int) -> list[Segment]:
        shown = self._shown[token]
        style = self.style_named(self._style_of(token))
        if token == self.cursor:
            style += self.style_named("tokens--cursor")
        if self._notes is None or not (note := self._notes[token]):
            return [Segment(shown[begin:end], style)]
        border = len(shown) - len(note) - shown.endswith("\n")
        parts = [
            (shown[begin : min(border, end)], style),
            (shown[max(border, begin) : end], self.style_named("tokens--note")),
        ]
        return [Segment(text, its) for text, its in parts if text]

    def style_named(self, name: str) -> Style:
        """How tokens of a component class look."""
        if name not in self._styles:
            if name and is_plain(self.app) and name != "tokens--cursor":
                self._styles[name] = self.rich_style + Style.parse(_PLAIN.get(name, ""))
            elif name == "tokens--cursor":
                self._styles[name] = Style(reverse=True)
            else:
                self._styles[name] = self.get_component_rich_style(name) if name else self.rich_style
        return self._styles[name]

    def _lay_out(self) -> None:
        width = self.scrollable_content_region.width - len(_NO_MARK)
        if width < 2 or not self._texts:
            return
        self._rows = lay_out(self._shown, width, self._marked)
        self._styles.clear()
        self.virtual_size = Size(self.scrollable_content_region.width, len(self._rows) + bool(self._rule))
        self.refresh()

    @property
    def _rule_row(self) -> int:
        """The row of the screen that the rule is in."""
        return self._rows.row_of(self._marked) if self._marked < len(self._texts) else len(self._rows)

    def _row_at(self, line: int) -> int:
        """The row of tokens that a line of the screen shows; -1 where it shows none."""
        if self._rule and line >= self._rule_row:
            line = line - 1 if line > self._rule_row else -1
        return line if line < len(self._rows) else -1

    def _screen_row(self, token: int) -> int:
        row = self._rows.row_of(token)
        return row + (1 if self._rule and row >= self._rule_row else 0)

    def _token_at(self, line: int) -> int:
        row = self._row_at(line)
        return self._rows.tokens[row] if row >= 0 else 0

    def _reveal(self) -> None:
        if self.cursor is not None and len(self._rows):
            region = Region(0, self._screen_row(self.cursor), 1, 1)
            self.scroll_to_region(region, animate=False, force=True, immediate=True)


def _with_note(text: str, note: str) -> str:
    """The note comes before the line end that a token ends with."""
    return f"{text[:-1]}{note}\n" if text.endswith("\n") else text + note
