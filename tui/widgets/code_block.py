"""A block of code in an answer: numbered, with its language above it, in colours once it is complete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from markdown_it.token import Token
from pygments.token import Token as Kind
from textual.app import ComposeResult
from textual.content import Content
from textual.highlight import HighlightTheme, highlight
from textual.widgets.markdown import Markdown, MarkdownBlock, MarkdownFence

from tui.widgets.message_view import shown

if TYPE_CHECKING:
    from textual.highlight import TokenType


class _Colours(HighlightTheme):
    """Few colours: what structures code (keywords, definitions) and what is not code (strings, comments, numbers)."""

    STYLES: ClassVar[dict[TokenType, str]] = {
        Kind.Comment: "$text-muted italic",
        Kind.Keyword: "$text-primary",
        Kind.Keyword.Constant: "$text-warning",
        Kind.Literal.Number: "$text-warning",
        Kind.Literal.String: "$text-success",
        Kind.Name.Class: "bold",
        Kind.Name.Decorator: "$text-secondary",
        Kind.Name.Function: "bold",
        Kind.Name.Tag: "$text-primary",
        Kind.Name.Attribute: "$text-secondary",
        Kind.Operator.Word: "$text-primary",
        Kind.Generic.Inserted: "$text-success",
        Kind.Generic.Deleted: "$text-error",
        Kind.Generic.Heading: "bold",
    }


class _AnsiColours(HighlightTheme):
    """The same for themes in the terminal's own colours, which have no variables."""

    STYLES: ClassVar[dict[TokenType, str]] = {
        Kind.Comment: "dim italic",
        Kind.Keyword: "ansi_blue",
        Kind.Keyword.Constant: "ansi_yellow",
        Kind.Literal.Number: "ansi_yellow",
        Kind.Literal.String: "ansi_green",
        Kind.Name.Class: "bold",
        Kind.Name.Function: "bold",
        Kind.Name.Tag: "ansi_blue",
        Kind.Operator.Word: "ansi_blue",
        Kind.Generic.Inserted: "ansi_green",
        Kind.Generic.Deleted: "ansi_red",
        Kind.Generic.Heading: "bold",
    }


class CodeBlock(MarkdownFence):
    """One widget. Textual's own has two, scrolls sideways by mouse only, and guesses a language that is not given."""

    DEFAULT_CSS: ClassVar[str] = """
    CodeBlock {
        width: 1fr;
        height: auto;
        margin: 0 0 1 0;
        padding: 0 1;
        overflow: hidden hidden;
        color: $foreground;
        background: $surface;
        border-top: solid $foreground 20%;
        border-title-color: $text-muted;
        border-title-align: left;
        border-title-style: none;
    }
    CodeBlock:light { background: $surface; }
    CodeBlock:ansi { background: transparent; margin: 0 0 1 0; }
    """

    def __init__(self, markdown: Markdown, token: Token, code: str) -> None:
        super().__init__(markdown, token, code)
        self.language = language_of(token)
        self.closed = is_closed(token)
        self.set_content(self._drawn())

    def on_mount(self) -> None:
        """The number counts the blocks of this answer: a block can be copied by it."""
        self.number = 1 + list(self._markdown.query(CodeBlock)).index(self)
        self.border_title = self._title()

    @classmethod
    def highlight(cls, code: str, language: str, ansi: bool = False, dark: bool = False) -> Content:
        """Nothing: the base class asks before it is known whether the block is complete."""
        return Content()

    def notify_style_update(self) -> None:
        """Colours follow the theme."""
        super(MarkdownFence, self).notify_style_update()
        self.set_content(self._drawn())

    def set_content(self, content: Content) -> None:
        MarkdownBlock.set_content(self, content)

    def compose(self) -> ComposeResult:
        return ()

    async def _update_from_block(self, block: MarkdownBlock) -> None:
        if not isinstance(block, CodeBlock):
            await super()._update_from_block(block)
            return
        self.code, self.language, self.closed, self._token = block.code, block.language, block.closed, block._token
        self.border_title = self._title()
        self.set_content(block._content)

    def _title(self) -> Content:
        return Content(f"{self.number} {shown(self.language)}".rstrip())

    def _drawn(self) -> Content:
        # Only complete blocks: an open one is drawn again with every token, and colours are most of what that costs.
        if not self.closed or not self.language:
            return Content(self.code)
        theme: Any = _AnsiColours if self.app.native_ansi_color else _Colours
        return highlight(self.code, language=self.language, theme=theme)


def language_of(token: Token) -> str:
    """The language that a fence names; "" for none."""
    return token.info.split(maxsplit=1)[0] if token.info.strip() else ""


def is_closed(token: Token) -> bool:
    """The fence has its closing line (a block by indentation is taken for closed)."""
    if token.type != "fence" or token.map is None:
        return True
    begin, end = token.map
    return end - begin >= token.content.count("\n") + 2
