"""An answer: streamed while the model writes it, drawn once in full when it is complete."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Region
from textual.strip import Strip

from tui.engine.events import Event, TextDelta
from tui.engine.reasoning import Channel
from tui.store.records import Ended
from tui.widgets.answer_text import AnswerText
from tui.widgets.growing_markdown import GrowingMarkdown
from tui.widgets.message_box import Line, MessageBox
from tui.widgets.message_view import MessageView, capped, end_line, more_line, thought_line
from tui.widgets.thinking import Thinking
from tui.widgets.visible import visible

_WAITING = Content("…")


class AssistantMessage(MessageBox):
    """What a model answered.

    Attributes:
        text: The answer so far.
        reasoning: The thinking so far.
    """

    DEFAULT_CSS: ClassVar[str] = """
    AssistantMessage {
        & > .model { height: auto; color: $foreground-muted; text-style: italic; }
        & > .model:ansi { text-style: dim italic; }
    }
    """
    SPEAKER: ClassVar[str] = "Answer"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter",
            "toggle_thinking",
            "Thinking",
            id="message.thinking",
            tooltip="Fold or unfold the thinking",
            show=False,
        ),
    ]

    def __init__(
        self,
        view: MessageView,
        *,
        model: str = "",
        folded: bool = True,
        in_sight: Callable[[AssistantMessage], bool] = lambda _: True,
        markdown: GrowingMarkdown | None = None,
    ) -> None:
        super().__init__(view)
        self._answer = AnswerText(markdown)
        self.text = view.message.text
        self.reasoning = view.message.reasoning
        self._model = model
        self._folded = folded
        self._in_sight = in_sight
        self._drawn = 0  # characters of the text that were given to be drawn
        self._thinking_since = 0.0  # 0 while it does not think
        self._thought_s, self._thought_tokens = view.message.facts.reasoning_s, view.message.facts.reasoning_tokens

    @property
    def writing(self) -> bool:
        """It is being written."""
        return self.view.message.ended is Ended.WRITING

    @property
    def cpu_s(self) -> float:
        """CPU seconds of the thread that draws, and of those that parse for it."""
        return time.thread_time() + self._answer.thread_s

    def compose(self) -> ComposeResult:
        """Model, thinking, answer, and what is to say of it; each only where there is something."""
        if self._model:
            yield Line(visible(self._model), classes="model", markup=False)
        if self.reasoning:
            # Somebody may begin to look while it thinks.
            line = "Thinking…" if self.writing and not self.text else self._thought_line()
            yield Thinking(self.reasoning, line, folded=self._folded)
        yield self._answer

    async def on_mount(self) -> None:
        """Draw what there is; where that is parsed already, it costs nothing."""
        await self._draw()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Nothing of its own but the mark of the focus, or a title."""
        return super().render_lines(crop) if self.has_focus or self.styles.border_top[0] else []

    async def resume(self, view: MessageView) -> None:
        """Go on: `feed` adds to what is there."""
        self.view = view
        self.text, self.reasoning = view.message.text, view.message.reasoning
        self._thought_s, self._thought_tokens = view.message.facts.reasoning_s, view.message.facts.reasoning_tokens
        self._thinking_since = 0.0
        if self.reasoning:
            await (await self._thinking()).show_text(self.reasoning)
        await self._draw()
        await self.show_end_line()

    async def feed(self, events: Sequence[Event]) -> None:
        """Add what came; draw it where it can be seen."""
        for channel, text, tokens in _runs(events):
            if channel is Channel.REASONING:
                await self._think(text, tokens)
            else:
                await self._stop_thinking()
                self.text += text
        if self._in_sight(self):
            await self.flush()

    async def flush(self) -> None:
        """Draw what was gathered while nobody could see it."""
        text, before = self._drawable(), self._drawn
        if len(text) > before:
            self._drawn = len(text)
            await self._answer.add(visible(text[before:]))
        if not before or len(self.text) > len(text):
            await self.show_end_line()

    async def finish(self, view: MessageView) -> None:
        """The answer is complete, or was ended: draw all of it, once."""
        self.view = view
        self.text, self.reasoning = view.message.text, view.message.reasoning
        with self.app.batch_update():
            if self.reasoning:
                facts = view.message.facts
                self._thought_s, self._thought_tokens = facts.reasoning_s, facts.reasoning_tokens
                thinking = await self._thinking()
                thinking.say(self._thought_line())
                await thinking.show_text(self.reasoning)
            await self._draw()
            await self.show_end_line()

    def fold_thinking(self, folded: bool) -> None:
        """Fold or unfold the thinking, if there is one."""
        self._folded = folded
        for thinking in self.query_children(Thinking):
            thinking.folded = folded

    def action_toggle_thinking(self) -> None:
        """Fold the thinking if it is unfolded, and the other way round."""
        for thinking in self.query_children(Thinking):
            thinking.folded = not thinking.folded

    async def _draw(self) -> None:
        text = self._drawable()
        self._drawn = len(text)
        await self._answer.draw(visible(text))

    def _drawable(self) -> str:
        """The text that can be drawn now."""
        text, more = capped(self.text)
        # A carriage return may be half of a line end whose other half comes with the next piece.
        return text[:-1] if self.writing and not more and text.endswith("\r") else text

    async def _think(self, text: str, tokens: int) -> None:
        now = time.monotonic()
        self._thinking_since = self._thinking_since or now
        self.reasoning += text
        self._thought_tokens += tokens
        thinking = await self._thinking()
        await thinking.add(text, self._thought_s + now - self._thinking_since)

    async def _stop_thinking(self) -> None:
        """It answers now."""
        if self._thinking_since:
            self._thought_s += time.monotonic() - self._thinking_since
            self._thinking_since = 0.0
            (await self._thinking()).say(self._thought_line())

    def _thought_line(self) -> str:
        return thought_line(self._thought_s, self._thought_tokens)

    async def _thinking(self) -> Thinking:
        for thinking in self.query_children(Thinking):
            return thinking
        thinking = Thinking(folded=self._folded)
        await self.mount(thinking, before=self._answer)
        await self.show_end_line()
        return thinking

    def end_line(self) -> Content:
        """How it ended; while it is written, that nothing came yet."""
        if self.writing:
            more = more_line(capped(self.text)[1])
            return Content(more) if self.text or self.reasoning else _WAITING
        line, more = end_line(self.view), more_line(capped(self.text)[1])
        return Content("\n").join([part for part in (Content(more), line) if part])


def _runs(events: Sequence[Event]) -> list[tuple[Channel, str, int]]:
    """The text of the events, joined as long as the channel stays the same, and the number of its tokens."""
    deltas = (event for event in events if isinstance(event, TextDelta))
    runs = []
    for channel, group in itertools.groupby(deltas, key=lambda delta: delta.channel):
        run = list(group)
        runs.append((channel, "".join(delta.text for delta in run), sum(len(delta.token_ids) for delta in run)))
    return runs
