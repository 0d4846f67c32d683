"""An answer's Markdown, as it streams in and as it stands."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import ClassVar

from tui.widgets.block_view import BlockView
from tui.widgets.code_colours import find_colours
from tui.widgets.growing_markdown import GrowingMarkdown
from tui.widgets.markdown_blocks import Code, language_of
from tui.widgets.message_view import capped
from tui.widgets.visible import visible

# Characters that are parsed at once. Of the worst, it takes 20 ms; more than that is left to a thread.
_AT_ONCE = 2_000


class AnswerText(BlockView):
    """Markdown that can be added to.

    Args:
        markdown: What to begin with, parsed.
    """

    # It parts the answer from what follows.
    ROWS_BELOW: ClassVar[int] = 1

    def __init__(self, markdown: GrowingMarkdown | None = None) -> None:
        self._markdown = markdown or GrowingMarkdown()
        self._changing = asyncio.Lock()
        self.thread_s = 0.0
        """CPU seconds that threads have parsed for it."""
        super().__init__(self._markdown.blocks)

    @property
    def source(self) -> str:
        """The text."""
        return self._markdown.source

    async def add(self, text: str) -> None:
        """Add `text` at the end."""
        async with self._changing:
            await self._add(text)

    async def draw(self, text: str) -> None:
        """Show `text`; where it goes on with what is shown, that stays as it is."""
        async with self._changing:
            if text.startswith(self.source):
                await self._add(text[len(self.source) :])
            else:
                self._markdown = await asyncio.to_thread(GrowingMarkdown, text)
                self.replace(0, self._markdown.blocks)

    async def _add(self, text: str) -> None:
        if not text:
            return
        markdown = self._markdown
        if markdown.open_length + len(text) > _AT_ONCE:
            kept = await asyncio.to_thread(self._parse, text)
        else:
            kept = markdown.add(text)
        self.replace(kept, markdown.blocks[kept:])

    def _parse(self, text: str) -> int:
        began = time.thread_time()
        kept = self._markdown.add(text)
        self.thread_s += time.thread_time() - began
        return kept


def parse_answers(texts: Sequence[str], *, ansi: bool) -> list[GrowingMarkdown]:
    """The answers as they are shown, parsed, and the colours of their code found: for a thread."""
    answers = [GrowingMarkdown(visible(capped(text)[0])) for text in texts]
    for part in (part for answer in answers for block in answer.blocks for part in block.parts):
        if isinstance(part, Code) and part.closed and (language := language_of(part.info)):
            find_colours(part.code, language, ansi=ansi)
    return answers
