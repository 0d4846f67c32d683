"""An answer's Markdown, as it streams in and as it stands.

Text in, widgets out. Nothing of it is markup of ours, nothing of it is executed or opened: HTML is text, a link
shows its address behind its words, an image is a link.
"""

from __future__ import annotations

import threading
import time
from typing import ClassVar

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from textual.widgets.markdown import Markdown, MarkdownBlock

from tui.widgets.code_block import CodeBlock, language_of

_local = threading.local()


def _parser() -> MarkdownIt:
    """This thread's parser: making one takes a millisecond, and linkify keeps state while it looks at a text."""
    if not hasattr(_local, "parser"):
        # Without HTML: Textual's widgets would drop it, and not a word may be lost.
        parser = MarkdownIt("gfm-like", {"html": False})
        parser.core.ruler.push("for_the_terminal", _for_the_terminal)
        _local.parser = parser
    parser: MarkdownIt = _local.parser
    return parser


def _for_the_terminal(state: StateCore) -> None:
    for token in state.tokens:
        if token.children:
            token.children = [new for child in token.children for new in _readable(child, token.children)]


def _readable(child: Token, siblings: list[Token]) -> list[Token]:
    if child.type == "softbreak":
        # Models that mean a line break often write only one; the text was not wrapped at a width by anybody.
        return [Token("hardbreak", "br", 0)]
    if child.type == "image":
        address = str(child.attrs.get("src", ""))
        opening = Token("link_open", "a", 1, attrs={"href": address})
        return [opening, _text(child.content or "image"), Token("link_close", "a", -1), _text(f" ({address})")]
    if child.type == "link_close":
        words, address = _link_before(child, siblings)
        if address.removeprefix("mailto:").removeprefix("https://").removeprefix("http://") not in words:
            return [child, _text(f" ({address})")]
    return [child]


def _link_before(closing: Token, siblings: list[Token]) -> tuple[str, str]:
    words: list[str] = []
    end = next(index for index, token in enumerate(siblings) if token is closing)
    for token in reversed(siblings[:end]):
        if token.type == "link_open":
            return "".join(reversed(words)), str(token.attrs.get("href", ""))
        words.append(token.content)
    return "", ""


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def code_blocks(markdown: str) -> list[tuple[str, str]]:
    """Language and code of every block of code in `markdown`, in the order of their numbers on the screen."""
    fences = (token for token in _parser().parse(markdown) if token.type in ("fence", "code_block"))
    return [(language_of(token), token.content) for token in fences]


class AnswerText(Markdown):
    """Markdown that is only ever added to while it streams, and drawn once more in full when it is complete."""

    DEFAULT_CSS: ClassVar[str] = """
    AnswerText {
        padding: 0;
        MarkdownHeader {
            margin: 0 0 1 0;
            width: 1fr;
            content-align: left top;
            color: $text;
            background: transparent;
            text-style: bold;
        }
        MarkdownH1, MarkdownH2 { text-style: bold underline; }
        MarkdownBulletList, MarkdownOrderedList { margin: 0 0 1 0; }
        MarkdownBulletList MarkdownParagraph, MarkdownOrderedList MarkdownParagraph { margin: 0; }
        MarkdownBlockQuote {
            margin: 0 0 1 0;
            background: transparent;
            color: $text-muted;
            border-left: solid $foreground 40%;
        }
        MarkdownHorizontalRule { border-bottom: none; border-top: solid $foreground 30%; padding: 0; margin: 0 0 1 0; }
        MarkdownTable { background: transparent; margin: 0 0 1 0; }
        MarkdownTableContent { keyline: thin $foreground 30%; }
        MarkdownTableContent > .header { color: $text; text-style: bold; }
        MarkdownBullet { color: $text-muted; }
    }
    """
    BULLETS: ClassVar[list[str]] = ["• ", "– ", "▪ "]
    BLOCKS: ClassVar[dict[str, type[MarkdownBlock]]] = {
        **Markdown.BLOCKS,
        "fence": CodeBlock,
        "code_block": CodeBlock,
    }

    def __init__(self, text: str = "") -> None:
        super().__init__(text, parser_factory=_parser, open_links=False)
        self.append_seconds = 0.0

    async def add(self, text: str) -> None:
        """Add `text` at the end. `append_seconds` says what that took."""
        begun = time.perf_counter()
        await self.append(text)
        self.append_seconds = time.perf_counter() - begun

    async def draw(self, text: str) -> None:
        """Show `text` in full and for good: a stream of pieces leaves behind not quite what one parse gives."""
        await self.update(text)

    async def draw_to_add(self, text: str) -> None:
        """Show `text` so that it can be added to inside whatever block it ends in; `draw` forgets where that began."""
        await self.update("")
        await self.append(text)
