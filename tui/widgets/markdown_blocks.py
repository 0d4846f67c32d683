"""Markdown as what a terminal draws: blocks of text, code, tables and rules, each with the prefix of the lists and
quotations it stands in.

Text in, plain data out; nothing is drawn here. Nothing of the text is markup of ours: HTML is text, a link shows its
address behind its words, an image is a link.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token
from textual.content import Content, Span

_BULLETS = ("• ", "– ", "▪ ")
_QUOTE = "│ "
_STYLES = {"strong_open": ".answer--strong", "em_open": ".answer--em", "s_open": ".answer--strike"}


@dataclass(frozen=True, slots=True)
class Text:
    """Lines of running text. `head` stands before the first row, `rest` before the others."""

    content: Content
    head: str = ""
    rest: str = ""


@dataclass(frozen=True, slots=True)
class Code:
    """A block of code. It is `closed` once its last line has come; `number` counts those of the answer from 1."""

    number: int
    info: str
    code: str
    closed: bool
    head: str = ""
    rest: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells, the first of them the heading."""

    rows: tuple[tuple[Content, ...], ...]
    head: str = ""
    rest: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across."""

    head: str = ""
    rest: str = ""


Part = Text | Code | Table | Rule


@dataclass(frozen=True, slots=True)
class Block:
    """A top-level block: what it is made of, and the line of the source that it begins in."""

    parts: tuple[Part, ...]
    line: int

    def looks_like(self, other: Block) -> bool:
        """They are drawn alike. (Contents that are equal have the same text; their styles may differ.)"""
        return self.parts == other.parts and self._spans() == other._spans()

    def _spans(self) -> list[Sequence[Span]]:
        cells = (cell for part in self.parts if isinstance(part, Table) for row in part.rows for cell in row)
        return [content.spans for content in (*(p.content for p in self.parts if isinstance(p, Text)), *cells)]


def parse(markdown: str, *, code_before: int = 0) -> list[Block]:
    """The blocks of `markdown`; `code_before` blocks of code stand before it in the answer."""
    numbers = _Numbers(code_before)
    blocks = []
    for opening, inner in _groups(_parsers.blocks.parse(markdown)):
        parts = tuple(_parts(opening, inner, _Prefix("", ""), numbers, depth=0))
        if parts:
            blocks.append(Block(parts, opening.map[0] if opening.map else 0))
    return blocks


def code_blocks(markdown: str) -> list[tuple[str, str]]:
    """Language and code of every block of code in `markdown`, in the order of their numbers on the screen."""
    fences = (token for token in _parsers.blocks.parse(markdown) if token.type in ("fence", "code_block"))
    return [(language_of(token.info), token.content) for token in fences]


def language_of(info: str) -> str:
    """The language in the words behind a fence; "" for none."""
    return next(iter(info.split()), "")


# Deeper lists and quotes than that lose their text; markdown-it's own limit, 20, is met by ten levels of a list.
_DEEPEST = 100


class _Parsers(threading.local):
    """This thread's parsers: making one takes a millisecond, and linkify keeps state while it looks at a text."""

    def __init__(self) -> None:
        # Without references: what they refer to may come after them, and would not be shown where it stands.
        self.inline = MarkdownIt("gfm-like", {"html": False, "maxNesting": _DEEPEST}).disable("reference")
        self.blocks = MarkdownIt("gfm-like", {"html": False, "maxNesting": _DEEPEST}).disable(
            ["reference", "inline", "linkify", "text_join"]
        )


_parsers = _Parsers()


@dataclass(slots=True)
class _Numbers:
    last: int

    def next(self) -> int:
        self.last += 1
        return self.last


@dataclass(slots=True)
class _Prefix:
    """What stands before the rows of a block inside lists and quotations; the first row may have a bullet."""

    first: str
    rest: str

    def take(self) -> tuple[str, str]:
        taken = self.first, self.rest
        self.first = self.rest
        return taken

    def inside(self, first: str, rest: str) -> _Prefix:
        head, others = self.take()
        return _Prefix(head + first, others + rest)

    def gap(self) -> Text:
        return Text(Content(), self.rest.rstrip(), self.rest.rstrip())


def _groups(tokens: Sequence[Token]) -> Iterator[tuple[Token, Sequence[Token]]]:
    """The blocks of one level: the opening token, and the tokens inside."""
    begin = depth = 0
    for index, token in enumerate(tokens):
        if depth == 0:
            begin = index
        depth += token.nesting
        if depth == 0:
            yield tokens[begin], tokens[begin + 1 : index]


def _parts(opening: Token, inner: Sequence[Token], prefix: _Prefix, numbers: _Numbers, depth: int) -> Iterator[Part]:
    match opening.type:
        case "fence" | "code_block":
            code = opening.content.removesuffix("\n")
            yield Code(numbers.next(), opening.info.strip(), code, _is_closed(opening), *prefix.take())
        case "bullet_list_open" | "ordered_list_open":
            yield from _list(opening, inner, prefix, numbers, depth)
        case "blockquote_open":
            yield from _sequence(inner, prefix.inside(_QUOTE, _QUOTE), numbers, depth)
        case "table_open":
            yield Table(tuple(_table_rows(inner)), *prefix.take())
        case "hr":
            yield Rule(*prefix.take())
        case "heading_open":
            style = ".answer--title" if opening.tag in ("h1", "h2") else ".answer--heading"
            yield Text(_content(inner).stylize_before(style), *prefix.take())
        case "paragraph_open":
            yield Text(_content(inner), *prefix.take())
        case _ if opening.content:  # whatever else the parser learns to give: its text is not lost
            yield Text(Content(opening.content), *prefix.take())


def _sequence(tokens: Sequence[Token], prefix: _Prefix, numbers: _Numbers, depth: int) -> Iterator[Part]:
    """Blocks one after the other, with a gap between those that are not set tight."""
    before: Token | None = None
    for opening, inner in _groups(tokens):
        if before is not None and not (before.hidden or opening.hidden):
            yield prefix.gap()
        before = opening
        yield from _parts(opening, inner, prefix, numbers, depth)
    if before is None:  # an empty item has its bullet nevertheless
        yield Text(Content(), *prefix.take())


def _list(opening: Token, inner: Sequence[Token], prefix: _Prefix, numbers: _Numbers, depth: int) -> Iterator[Part]:
    items = list(_groups(inner))
    loose = any(token.type == "paragraph_open" and not token.hidden for _, item in items for token in item[:1])
    ordered = opening.type == "ordered_list_open"
    start = int(opening.attrs.get("start", 1)) if ordered else 0
    width = len(f"{start + len(items) - 1}. ")
    for index, (_, item) in enumerate(items):
        if index and loose:
            yield prefix.gap()
        bullet = f"{start + index}. ".rjust(width) if ordered else _BULLETS[depth % len(_BULLETS)]
        inside = prefix.inside(bullet, " " * len(bullet))
        yield from _sequence(item, inside, numbers, depth if ordered else depth + 1)


def _table_rows(tokens: Sequence[Token]) -> Iterator[tuple[Content, ...]]:
    cells: list[Content] = []
    for token in tokens:
        if token.type == "tr_open":
            cells = []
        elif token.type == "inline":
            cells.append(_inline(token.content))
        elif token.type == "tr_close":
            yield tuple(cells)


def _content(tokens: Sequence[Token]) -> Content:
    return next((_inline(token.content) for token in tokens if token.type == "inline"), Content())


# While a list or a table grows, all of it is parsed again with every token; most of its items are what they were.
@functools.lru_cache(maxsize=1024)
def _inline(text: str) -> Content:
    """Text with its emphasis. A line break is kept: models that mean one often write only one."""
    texts: list[str] = []
    spans: list[Span] = []
    open_styles: list[tuple[str, int]] = []
    open_links: list[tuple[str, int]] = []
    length = 0

    def add(text: str, style: str = "") -> None:
        nonlocal length
        texts.append(text)
        if style:
            spans.append(Span(length, length + len(text), style))
        length += len(text)

    [inline] = _parsers.inline.parseInline(text)
    for token in inline.children or ():
        match token.type:
            case "softbreak" | "hardbreak":
                add("\n")
            case "code_inline":
                add(token.content, ".answer--code-inline")
            case "image":
                add(token.content or "image", ".answer--link")
                add(f" ({token.attrs.get('src', '')})", ".answer--muted")
            case "strong_open" | "em_open" | "s_open":
                open_styles.append((_STYLES[token.type], length))
            case "strong_close" | "em_close" | "s_close":
                style, begin = open_styles.pop()
                spans.append(Span(begin, length, style))
            case "link_open":
                open_links.append((str(token.attrs.get("href", "")), length))
            case "link_close":
                address, begin = open_links.pop()
                spans.append(Span(begin, length, ".answer--link"))
                if _without_scheme(address) not in "".join(texts)[begin:]:
                    add(f" ({address})", ".answer--muted")
            case _:
                add(token.content)
    return Content("".join(texts), spans)


def _without_scheme(address: str) -> str:
    for scheme in ("mailto:", "https://", "http://"):
        address = address.removeprefix(scheme)
    return address


def _is_closed(fence: Token) -> bool:
    """It has its closing line; code by indentation has none."""
    if fence.type != "fence" or fence.map is None:
        return True
    begin, end = fence.map
    lines = len(fence.content.removesuffix("\n").split("\n")) if fence.content else 0
    return end - begin >= lines + 2
