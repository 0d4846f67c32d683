"""Large pastes: kept aside, with a token in the prompt's document in their place.

A document of a megabyte would make every key slow. A token is one label between two marks that no text can contain, so
text that only looks like a token never becomes one. Pure: knows no widget.
"""

from __future__ import annotations

from tui.widgets.prompt_text import CLOSE, OPEN, SPACE, TOKEN, hold, release, with_plain_line_ends

LIMIT = 20_000
"""Bytes that may stand in the document; a paste beyond them is kept aside."""
_TAB = 8  # bytes that a tab counts more than itself
_SMALL = 1_000  # bytes; a paste that small always stands in the document
LONGEST_DRAFT = 1_000_000
"""Bytes that a draft may have with its pastes; those above that are left out of it."""
_MOST_KEPT = 16_000_000  # characters of pastes that no document refers to any more


class Pastes:
    """The pastes of one prompt.

    In every method, `held` is the text of the prompt's document, and everything else is text as the user means it.
    """

    def __init__(self) -> None:
        self._contents: dict[str, str] = {}

    def take(self, text: str, beside: int = 0) -> str:
        """What goes into the document, which has `beside` characters, for a paste of `text`."""
        text = with_plain_line_ends(text)
        is_small = len(text) <= _SMALL and _size(text) <= _SMALL
        return hold(text) if is_small or _weight(text) + beside <= LIMIT else self._token(text, "pasted")

    def expand(self, held: str) -> str:
        """The text that `held` stands for."""
        return "".join(self._contents.get(part, "") if is_token else release(part) for is_token, part in _parts(held))

    def fold(self, text: str) -> str:
        """The `held` that expands to `text`: with the pastes that are known, and nothing long outside a token."""
        parts = [(False, with_plain_line_ends(text))]
        for token, content in self._contents.items():
            parts = [new for is_token, part in parts for new in _split(is_token, part, token, content)]
        return "".join(
            part if is_token else hold(part) if _weight(part) <= LIMIT else self._token(part, "text")
            for is_token, part in parts
        )

    def draft(self, held: str) -> str:
        """`expand`, but pastes beyond `LONGEST_DRAFT` are only named."""
        room = LONGEST_DRAFT
        kept: list[str] = []
        for is_token, part in _parts(held):
            text = self._contents.get(part, "") if is_token else release(part)
            if is_token and _size(text) > room:
                text = f"[{_label(part)}, not kept]"
            room -= _size(text)
            kept.append(text)
        return "".join(kept)

    def forget_all_but(self, held: str) -> None:
        """Drop what `held` does not refer to, oldest first, beyond what recalling recent messages needs."""
        used = set(TOKEN.findall(held))
        total = sum(len(content) for token, content in self._contents.items() if token not in used)
        for token in [each for each in self._contents if each not in used]:
            if total <= _MOST_KEPT:
                return
            total -= len(self._contents.pop(token))

    def _token(self, content: str, kind: str) -> str:
        for token, known in self._contents.items():
            if known == content:
                return token
        label = f"{kind} {_size_label(_size(content))}"
        number = 1
        while (token := _token_of(label if number == 1 else f"{label} #{number}")) in self._contents:
            number += 1
        self._contents[token] = content
        return token


def tokens_in(line: str) -> list[tuple[int, int]]:
    """Where the tokens in a line of the document begin and end."""
    # Nearly every line has none, and this is asked at every key.
    return [each.span() for each in TOKEN.finditer(line)] if OPEN in line else []


def _split(is_token: bool, part: str, token: str, content: str) -> list[tuple[bool, str]]:
    if is_token or content not in part:
        return [(is_token, part)]
    split: list[tuple[bool, str]] = []
    for between in part.split(content):
        split += [(True, token), (False, between)]
    return split[1:]


def _parts(held: str) -> list[tuple[bool, str]]:
    parts: list[tuple[bool, str]] = []
    end = 0
    for match in TOKEN.finditer(held):
        parts += [(False, held[end : match.start()]), (True, match[0])]
        end = match.end()
    return [*parts, (False, held[end:])]


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _weight(text: str) -> int:
    """Bytes, more where there are many tabs in a line: each of them is measured again with every key in it."""
    if len(text) > LIMIT:
        return len(text)
    tabs = max(line.count("\t") for line in text.split("\n")) if "\t" in text else 0
    return _size(text) + _TAB * tabs


def _size_label(size: int) -> str:
    return f"{size / 1e3:.0f} kB" if size < 999_500 else f"{size / 1e6:.1f} MB"


def _token_of(label: str) -> str:
    return f"{OPEN}{label.replace(' ', SPACE)}{CLOSE}"


def _label(token: str) -> str:
    return token[1:-1].replace(SPACE, " ")
