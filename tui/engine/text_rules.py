"""The rules an OpenVINO detokenizer applies to its text, as filters over a stream of bytes.

A filter takes bytes in pieces of any size and returns what is final: `feed` holds back only what a later byte could
still change, `finish` returns the rest. However the input is cut, the output is that of the rule on the whole text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol

REPLACEMENT = "\N{REPLACEMENT CHARACTER}".encode()


class Filter(Protocol):
    """One rule at work on one text."""

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes; return those that are final now."""

    def finish(self) -> bytes:
        """Return what was held back; the filter is spent afterwards."""


Rule = Callable[[], Filter]
"""Makes a fresh filter for a text that begins."""


def apply(rules: tuple[Rule, ...], data: bytes) -> bytes:
    """Apply rules, in order, to a whole text."""
    for rule in rules:
        running = rule()
        data = running.feed(data) + running.finish()
    return data


class Substitution:
    """Replace every match of a pattern, leftmost first, as PCRE2's global substitution does.

    Args:
        pattern: What to replace. No match may contain a proper beginning of another match that starts earlier.
        replacement: In the syntax of `re`.
        unfinished: Matches, up to the end, what could still become a match of the pattern.
    """

    def __init__(self, pattern: re.Pattern[bytes], replacement: bytes, unfinished: re.Pattern[bytes]) -> None:
        self._pattern = pattern
        self._replacement = replacement
        self._unfinished = unfinished
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        data = self._held + data
        after_matches = 0
        for match in self._pattern.finditer(data):
            after_matches = match.end()
        tail = self._unfinished.search(data, after_matches)
        cut = tail.start() if tail else len(data)
        self._held = data[cut:]
        return self._pattern.sub(self._replacement, data[:cut])

    def finish(self) -> bytes:
        return self._held


class LeadingSpace:
    """Drop one space at the start of the text (`^ `), or only one before something else (`(^ )([^ ])`)."""

    def __init__(self, *, before_other: bool = False) -> None:
        self._before_other = before_other
        self._held = b""
        self._started = False

    def feed(self, data: bytes) -> bytes:
        if self._started:
            return data
        data = self._held + data
        if not data or (self._before_other and data == b" "):
            self._held = data
            return b""
        self._started = True
        spared = self._before_other and data.startswith(b"  ")
        return data if spared else data.removeprefix(b" ")

    def finish(self) -> bytes:
        return b"" if self._started else self._held


class TrailingSpace:
    """Drop one space at the end of the text or before its final line end (` $`)."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        data = self._held + data
        tail = re.search(rb" \n?\Z", data)
        cut = tail.start() if tail else len(data)
        self._held = data[cut:]
        return data[:cut]

    def finish(self) -> bytes:
        return self._held.removeprefix(b" ")


_UNFINISHED_CHARACTER = re.compile(rb"(?:[\xc0-\xf7]|[\xe0-\xf7][\x80-\xbf]|[\xf0-\xf7][\x80-\xbf]{2})\Z")
_BROKEN_CHARACTER = re.compile(
    rb"(?P<overlong>[\xc0\xc1][\x80-\xbf]|\xe0[\x80-\x9f][\x80-\xbf]|\xf0[\x80-\x8f][\x80-\xbf]{2})"
    rb"|(?P<whole>[\x00-\x7f]+|[\xc0-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf7][\x80-\xbf]{3})"
    rb"|(?P<cut>[\xe0-\xf7][\x80-\xbf]{1,2}|[\x80-\xff])"
)


class ValidUtf8:
    """Make valid UTF-8 as the `UTF8Validate` operation does, which is not as Python's decoder does.

    A sequence that breaks off is one U+FFFD however many bytes it has, an overlong one is U+FFFD per byte, and encoded
    surrogates pass (openvino_tokenizers, src/utf8_validate.cpp).

    Args:
        replace: Put U+FFFD where bytes are not UTF-8; otherwise leave them out.
    """

    def __init__(self, *, replace: bool) -> None:
        self._bad = REPLACEMENT if replace else b""
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        data = self._held + data
        tail = _UNFINISHED_CHARACTER.search(data, max(0, len(data) - 3))
        cut = tail.start() if tail else len(data)
        self._held = data[cut:]
        return self._repair(data[:cut])

    def finish(self) -> bytes:
        return self._bad if self._held else b""

    def _repair(self, data: bytes) -> bytes:
        try:
            data.decode()
        except UnicodeDecodeError:
            return _BROKEN_CHARACTER.sub(self._repair_one, data)
        return data

    def _repair_one(self, match: re.Match[bytes]) -> bytes:
        match match.lastgroup:
            case "whole":
                return match[0]
            case "overlong":
                return self._bad * len(match[0])
            case _:
                return self._bad


def leading_space(*, before_other: bool = False) -> Rule:
    """Rule of `LeadingSpace`."""
    return lambda: LeadingSpace(before_other=before_other)


def valid_utf8(*, replace: bool) -> Rule:
    """Rule of `ValidUtf8`."""
    return lambda: ValidUtf8(replace=replace)


def literal(old: bytes, new: bytes) -> Rule:
    """Rule that replaces every `old` by `new`."""
    beginnings = b"|".join(re.escape(old[:length]) for length in range(len(old) - 1, 0, -1))
    pattern = re.compile(re.escape(old))
    unfinished = re.compile(rb"(?:%b)\Z" % beginnings if beginnings else rb"(?!)")
    replacement = new.replace(b"\\", rb"\\")
    return lambda: Substitution(pattern, replacement, unfinished)


# What `clean_up_tokenization_spaces` means to the converter: no space before punctuation and English contractions. The
# second was written before 2024.5; the extension reads it as the first.
_CLEAN_UP_PATTERNS = {
    rb"(?| ([\\.\\?\\!,])| ('[ms])| (') | ('[rv]e)| (n't))",
    rb" ([\\.\\?\\!,])| ('[ms])| (') | ('[rv]e)| (n't)",
}
_CLEAN_UP = re.compile(rb" (?:([\\.?!,])|('[ms])|(') |('[rv]e)|(n't))")
_CLEAN_UP_UNFINISHED = re.compile(rb" (?:'[rv]?|n'?)?\Z")


def clean_up() -> Rule:
    """Rule of `clean_up_tokenization_spaces`."""
    return lambda: Substitution(_CLEAN_UP, rb"\1\2\3\4\5", _CLEAN_UP_UNFINISHED)


_NOT_LITERAL = re.compile(rb"[\\^$.\[\]|()?*+{}#]")


def from_regex(pattern: bytes, replacement: bytes) -> Rule | None:
    """The rule of a `RegexNormalization` operation in a detokenizer.

    Args:
        pattern: Its PCRE2 search pattern.
        replacement: Its replacement, groups as `$1` or `\\1`.

    Returns:
        The rule, or None where the pattern is not one that this module can apply to a stream.
    """
    if pattern in _CLEAN_UP_PATTERNS:
        return clean_up()
    match pattern, replacement:
        case b"^ ", b"":
            return leading_space()
        case b"(^ )([^ ])", (b"$2" | b"\\2"):
            return leading_space(before_other=True)
        case b" $", b"":
            return TrailingSpace
        case b"##", _:
            return literal(pattern, replacement)
    if pattern and not _NOT_LITERAL.search(pattern) and not re.search(rb"[$\\]", replacement):
        return literal(pattern, replacement)
    return None
