"""Running text of Markdown: its emphasis, code, links and images, as styled text."""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Iterator

from markdown_it import MarkdownIt
from textual.content import Content, Span

_STYLES = {"strong_open": ".answer--strong", "em_open": ".answer--em", "s_open": ".answer--strike"}
# Characters that are looked at together. What opens and does not close is looked for up to the end again and again:
# 40,000 brackets took four seconds. Nobody writes emphasis around as much.
_LONGEST = 2_000
_MOST_LINES = 50
_LINES = re.compile(rf"(?:[^\n]*\n){{1,{_MOST_LINES}}}")
_WORDS = re.compile(r".* ")


class _Parser(threading.local):
    """This thread's parser: making one takes a millisecond, and linkify keeps state while it looks at a text."""

    def __init__(self) -> None:
        # Without references: what they refer to may come after them, and would not be shown where it stands.
        self.inline = MarkdownIt("gfm-like", {"html": False}).disable("reference")


_parser = _Parser()


def inline(text: str) -> Content:
    """`text` with its emphasis. A line break is kept: models that mean one often write only one."""
    if len(text) <= _LONGEST:
        return _inline(text)
    return Content("").join([_inline(piece) + border for piece, border in pieces(text)])


def paragraphs(text: str) -> list[Content]:
    """`text` as `inline`, but a very long one in pieces that are set below each other: each is wrapped once."""
    return [_inline(piece) for piece, _ in pieces(text)]


def pieces(text: str) -> Iterator[tuple[str, str]]:
    """`text` cut where it is long, at a line end or else at a space: each piece, and the character it is cut at.

    A border does not move when more text comes.
    """
    while len(text) > _LONGEST or text.count("\n") >= _MOST_LINES:
        found = _LINES.match(text, 0, _LONGEST) or _WORDS.match(text, 0, _LONGEST)
        end = found.end() if found is not None else _LONGEST
        piece = text[:end].removesuffix("\n")
        yield piece, text[len(piece) : end]
        text = text[end:]
    yield text, ""


# While a list or a table grows, its end is parsed again with every token; most of its items are what they were.
@functools.lru_cache(maxsize=1024)
def _inline(text: str) -> Content:
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

    [parsed] = _parser.inline.parseInline(text)
    for token in parsed.children or ():
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
