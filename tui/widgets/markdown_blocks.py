"""Markdown as what a terminal draws: blocks of text, code, tables and rules, each with the prefix of the lists and
quotations it stands in.

Tokens in, plain data out; nothing is drawn here. Nothing of the text is markup of ours: HTML is text, a link shows its
address behind its words, an image is a link.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token
from textual.content import Content

from tui.widgets.markdown_inline import inline, paragraphs

_BULLETS = ("• ", "– ", "▪ ")
_QUOTE = "│ "


@dataclass(frozen=True, slots=True)
class Text:
    """Lines of running text. `head` stands before the first row, `rest` before the others."""

    content: Content
    head: str = ""
    rest: str = ""

    def same(self, other: Part) -> bool:
        """They are drawn alike."""
        return self == other and isinstance(other, Text) and _same(self.content, other.content)


@dataclass(frozen=True, slots=True)
class Code:
    """A block of code, or a piece of one.

    Attributes:
        number: Its place among the blocks of code of the answer, from 1.
        info: What stands behind the fence.
        code: Its lines.
        closed: Its last line has come.
        begins: Its first line is in it.
    """

    number: int
    info: str
    code: str
    closed: bool
    head: str = ""
    rest: str = ""
    begins: bool = True

    def same(self, other: Part) -> bool:
        """They are drawn alike."""
        return self == other


TableRows = tuple[tuple[Content, ...], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells, the first of them the heading; or later rows of the table that begins with `above`."""

    rows: TableRows
    head: str = ""
    rest: str = ""
    above: TableRows = ()

    def same(self, other: Part) -> bool:
        """They are drawn alike."""
        return (
            self == other
            and isinstance(other, Table)
            and all(
                _same(one, two)
                for row, its in zip(self.rows, other.rows, strict=True)
                for one, two in zip(row, its, strict=True)
            )
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across."""

    head: str = ""
    rest: str = ""

    def same(self, other: Part) -> bool:
        """They are drawn alike."""
        return self == other


Part = Text | Code | Table | Rule


def _same(one: Content, other: Content) -> bool:
    """Contents that are equal have the same text; their styles may differ."""
    return one is other or one.spans == other.spans


@dataclass(frozen=True, slots=True)
class Block:
    """A top-level block, or a piece of one: what it is made of, and whether it is joined to the one above it."""

    parts: tuple[Part, ...]
    joined: bool = False


def code_blocks(markdown: str) -> list[tuple[str, str]]:
    """Language and code of every block of code in `markdown`, in the order of their numbers on the screen."""
    fences = (token for token in block_tokens(markdown) if token.type in ("fence", "code_block"))
    return [(language_of(token.info), token.content) for token in fences]


def language_of(info: str) -> str:
    """The language in the words behind a fence; "" for none."""
    return next(iter(info.split()), "")


# Deeper lists and quotes than that lose their text; markdown-it's own limit, 20, is met by ten levels of a list.
_DEEPEST = 100


class _Parser(threading.local):
    """This thread's parser: making one takes a millisecond."""

    def __init__(self) -> None:
        self.blocks = MarkdownIt("gfm-like", {"html": False, "maxNesting": _DEEPEST}).disable(
            ["reference", "inline", "linkify", "text_join"]
        )


_parser = _Parser()


def block_tokens(markdown: str) -> list[Token]:
    """The tokens of `markdown`; running text in them is not parsed."""
    return _parser.blocks.parse(markdown)


@dataclass(slots=True)
class Numbers:
    """Numbers one thing after the other."""

    last: int

    def next(self) -> int:
        """One more than the last one."""
        self.last += 1
        return self.last


@dataclass(slots=True)
class Prefix:
    """What stands before the rows of a block inside lists and quotations; the first row may have a bullet."""

    first: str = ""
    rest: str = ""

    def take(self) -> tuple[str, str]:
        """Before the first row, which then is past, and before the others."""
        taken = self.first, self.rest
        self.first = self.rest
        return taken

    def inside(self, first: str, rest: str) -> Prefix:
        """The prefix of what is one level deeper."""
        head, others = self.take()
        return Prefix(head + first, others + rest)

    def gap(self) -> Text:
        """An empty row."""
        return Text(Content(), self.rest.rstrip(), self.rest.rstrip())


def groups(tokens: Sequence[Token]) -> Iterator[tuple[Token, Sequence[Token]]]:
    """The blocks of one level: the opening token, and the tokens inside."""
    begin = depth = 0
    for index, token in enumerate(tokens):
        if depth == 0:
            begin = index
        depth += token.nesting
        if depth == 0:
            yield tokens[begin], tokens[begin + 1 : index]


@dataclass(slots=True)
class Reader:
    """Makes parts of tokens.

    Attributes:
        lines: What the tokens were made from.
        numbers: Numbers the blocks of code.
    """

    lines: Sequence[str]
    numbers: Numbers

    def parts(self, opening: Token, inner: Sequence[Token], prefix: Prefix, depth: int = 0) -> Iterator[Part]:
        """The parts of one block, `depth` levels of lists inside others."""
        match opening.type:
            case "fence" | "code_block":
                code = opening.content.removesuffix("\n")
                yield Code(self.numbers.next(), opening.info.strip(), code, is_closed(opening), *prefix.take())
            case "bullet_list_open" | "ordered_list_open":
                yield from self.items(list(groups(inner)), first_number(opening), prefix, depth)
            case "blockquote_open":
                yield from self._sequence(inner, prefix.inside(_QUOTE, _QUOTE), depth)
            case "table_open":
                yield Table(tuple(cells for _, cells in table_rows(inner)), *prefix.take())
            case "hr":
                yield Rule(*prefix.take())
            case "heading_open":
                style = ".answer--title" if opening.tag in ("h1", "h2") else ".answer--heading"
                yield Text(inline(_source(inner)).stylize_before(style), *prefix.take())
            case "paragraph_open":
                for content in paragraphs(_source(inner)):
                    yield Text(content, *prefix.take())
            case _ if opening.content:  # whatever else the parser learns to give: its text is not lost
                yield Text(Content(opening.content), *prefix.take())

    def items(
        self,
        items: Sequence[tuple[Token, Sequence[Token]]],
        number: int | None,
        prefix: Prefix,
        depth: int = 0,
        *,
        continues: bool = False,
    ) -> Iterator[Part]:
        """The items of a list, counted from `number`, or with bullets for None; `continues` it after other items.

        There is a gap where the text has one. Markdown has gaps everywhere or nowhere in a list, and says so only when
        all of it has come.
        """
        width = len(f"{number + len(items) - 1}. ") if number is not None else 0
        for index, (opening, item) in enumerate(items):
            if (index or continues) and self.is_blank_above(opening):
                yield prefix.gap()
            bullet = f"{number + index}. ".rjust(width) if number is not None else _BULLETS[depth % len(_BULLETS)]
            inside = prefix.inside(bullet, " " * len(bullet))
            yield from self._sequence(item, inside, depth + (number is None), in_list=True)

    def is_blank_above(self, opening: Token) -> bool:
        """The line before a block is empty."""
        return bool(opening.map and opening.map[0] and not self.lines[opening.map[0] - 1].strip(" \t>"))

    def _sequence(
        self, tokens: Sequence[Token], prefix: Prefix, depth: int, *, in_list: bool = False
    ) -> Iterator[Part]:
        """Blocks one after the other, with a gap between them; in a list where there is one in the text."""
        begun = False
        for opening, inner in groups(tokens):
            if begun and (not in_list or self.is_blank_above(opening)):
                yield prefix.gap()
            begun = True
            yield from self.parts(opening, inner, prefix, depth)
        if not begun:  # an empty item has its bullet nevertheless
            yield Text(Content(), *prefix.take())


def first_number(opening: Token) -> int | None:
    """The number that a list begins with; None for one with bullets."""
    return int(opening.attrs.get("start", 1)) if opening.type == "ordered_list_open" else None


def table_rows(tokens: Sequence[Token]) -> Iterator[tuple[int, tuple[Content, ...]]]:
    """The line that each row of a table stands in, and its cells."""
    line, cells = 0, list[Content]()
    for token in tokens:
        if token.type == "tr_open":
            line, cells = token.map[0] if token.map else 0, []
        elif token.type == "inline":
            cells.append(inline(token.content))
        elif token.type == "tr_close":
            yield line, tuple(cells)


def is_closed(fence: Token) -> bool:
    """It has its closing line; code by indentation has none."""
    if fence.type != "fence" or fence.map is None:
        return True
    begin, end = fence.map
    lines = len(fence.content.removesuffix("\n").split("\n")) if fence.content else 0
    return end - begin >= lines + 2


def _source(tokens: Sequence[Token]) -> str:
    return next((token.content for token in tokens if token.type == "inline"), "")
