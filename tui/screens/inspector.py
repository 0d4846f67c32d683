"""The prompt inspector: what the model would be given now, token by token."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tui.chat.inspection import Inspection
from tui.engine.errors import OvchatError
from tui.engine.token_pieces import TokenPieces
from tui.screens.reading_panel import ReadingPanel
from tui.store.records import Message
from tui.widgets.notice import Notice
from tui.widgets.token_view import TokenView, seen
from tui.widgets.visible import one_line

_SHORT = 40  # characters of a message that is only named


class InspectorScreen(ReadingPanel):
    """The tokens, and above them where they come from.

    Args:
        inspect: Finds out; it computes.
    """

    HEADING = "Prompt inspector"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("i,I", "switch_ids", "Ids", id="inspector.ids", tooltip="The id behind each token, or not."),
        Binding("ctrl+t", "close", "Close", id="inspector.close", tooltip="Back to where you were.", show=False),
    ]

    DEFAULT_CSS: ClassVar[str] = """
    InspectorScreen {
        .panel--column { max-width: 140; }
        .inspector--facts { height: auto; color: $text-muted; padding: 0 2; }
        &.-tall .inspector--facts { margin-bottom: 1; }
        TokenView { padding: 0; }
    }
    """

    def __init__(self, inspect: Callable[[], Inspection]) -> None:
        super().__init__()
        self._inspect = inspect
        self._pieces: TokenPieces | None = None
        self._with_ids = False

    def content(self) -> Iterable[Widget]:
        yield Static("Rendering the prompt…", classes="inspector--facts")
        yield Notice()
        yield TokenView()

    @property
    def _text(self) -> TokenView:
        return self.query_one(TokenView)

    def on_mount(self) -> None:
        # What computes in a thread would hold up the first paint.
        self.call_after_refresh(self._fill)

    @work
    async def _fill(self) -> None:
        try:
            inspection, texts = await asyncio.to_thread(self._look)
        except OvchatError as error:
            self.query_one(".inspector--facts", Static).update("")
            self.query_one(Notice).say(str(error), "error")
            return
        self._pieces = inspection.pieces
        self.show_facts(f"{len(texts):,} of {inspection.limit:,} tokens")
        self.query_one(".inspector--facts", Static).update(Content("\n").join(map(Content, _facts(inspection))))
        reused = inspection.reused or 0
        rule = f"{reused:,} tokens reused in the last turn" if reused else ""
        self._text.show(texts, self._style_of, marked=reused, rule=rule)

    def _look(self) -> tuple[Inspection, list[str]]:
        inspection = self._inspect()
        return inspection, seen(inspection.pieces.texts)

    def _style_of(self, number: int) -> str:
        pieces = self._pieces
        if pieces is None:
            return ""
        if pieces.ids[number] in pieces.special:
            return "tokens--special"
        if number in pieces.parts:
            return "tokens--part"
        return "tokens--odd" if number % 2 else ""

    def action_switch_ids(self) -> None:
        """Show the ids, or no longer."""
        if self._pieces is not None:
            self._with_ids = not self._with_ids
            self._text.annotate([f"[{token_id}]" for token_id in self._pieces.ids] if self._with_ids else None)


def _facts(inspection: Inspection) -> list[str]:
    """A line for each thing to know about a prompt."""
    facts = [f"Template: {inspection.template}"]
    if inspection.reused is None:
        facts.append("Cache: there was no turn yet since the conversation was opened")
    elif not inspection.reused:
        facts.append("Cache: nothing of this was in it when the last turn began")
    if inspection.left_out:
        facts.append(f"Out of context: {_named(inspection.left_out)}")
    return facts


def _named(messages: Iterable[Message]) -> str:
    """How many messages they are, and how the last one begins."""
    messages = list(messages)
    count = "1 message" if len(messages) == 1 else f"the first {len(messages):,} messages"
    text = one_line(messages[-1].text)
    return f"{count}, up to “{text if len(text) <= _SHORT else text[:_SHORT] + '…'}”"
