"""What somebody looks for: words in any order, each anywhere in a message; text in "double quotes" stays together.

Upper and lower case are alike, and so are a space and a line's end. Says whether and where a text has the words, and
which groups of characters the index is to be asked for; knows no database.
"""

from __future__ import annotations

import heapq
import itertools
import re
from collections import Counter
from collections.abc import Iterator

_GROUP = 3  # characters that the index knows together
_GROUPS = 64  # asked for at most: they tell one message from another long before
_BEFORE, _AFTER = 40, 160  # characters of an excerpt before and from the beginning of the place that is shown
_NEAR = 120  # characters in which as many words as can be are wanted
_PLACES = 100  # of a word, that are looked at

# A quotation mark that is not closed yet is closed by the end: somebody is typing.
_WORDS = re.compile(r'"([^"]*[^"\s][^"]*)(?:"(?!\S)|$)|(\S+)')
# What the index cannot join: whitespace, of which any is meant, and where SQLite ends a text.
_JOINTS = re.compile(r"[\s\0]+")
_NO_SINGLE_SPACE = re.compile(r" \s+|[^\S ]\s*")

Mark = tuple[int, int]


class Query:
    """The words of `text`, as it was typed. False where there are none."""

    def __init__(self, text: str) -> None:
        typed = (quoted or word for quoted, word in _WORDS.findall(text))
        # Of two that differ in case, one.
        self._texts = tuple({each.casefold(): each for each in typed}.values())
        patterns = [r"\s+".join(map(re.escape, each.split())) for each in self._texts]
        self._words = [re.compile(each, re.IGNORECASE) for each in patterns]
        # A tenth of the time of the patterns; a K that is the sign of a temperature is no k then.
        self._ascii = [each.lower().encode() for each in self._pieces() if each.isascii()]
        self._any = re.compile("|".join(sorted(patterns, key=len, reverse=True)), re.IGNORECASE)

    def __bool__(self) -> bool:
        return bool(self._texts)

    def groups(self) -> list[str]:
        """Three characters each, which every message that is found has somewhere; none where all words are shorter."""
        every = (piece[at : at + _GROUP] for piece in self._pieces() for at in range(len(piece) - _GROUP + 1))
        return list(dict.fromkeys(itertools.islice(every, _GROUPS)))

    def beginnings(self) -> list[set[str]]:
        """For words shorter than that: every message that is found has, for each set, a group that begins with one."""
        pieces = self._pieces()
        longest = max(map(len, pieces), default=0)
        return [_cases(piece) for piece in pieces if len(piece) == longest]

    def excerpt(self, text: str) -> tuple[str, tuple[Mark, ...], int] | None:
        """The first place of `text` that has the most words; None where not all of them are in `text`.

        Returns:
            One line; where in it words stand; and where in it the place begins, after what stands before it.
        """
        letters = text.encode().lower() if self._ascii else b""
        if not all(each in letters for each in self._ascii) or not all(word.search(text) for word in self._words):
            return None
        start, end = self._place(text)
        # More than is shown, since runs of whitespace become one space.
        begin, end = max(0, start - 2 * _BEFORE), max(start + 2 * _AFTER, end)
        line, marks, at = "", list[Mark](), begin
        place = 0
        for found in self._any.finditer(text, begin, end):
            line += _one_line(text[at : found.start()])
            if found.start() <= start:
                place = len(line)
            marks.append((len(line), len(line) + len(_one_line(found.group()))))
            line += _one_line(found.group())
            at = found.end()
        line += _one_line(text[at:end])
        left, right = max(0, place - _BEFORE), min(len(line), place + _AFTER)
        before = "…" if begin or left else ""
        after = "…" if right < len(line) or end < len(text) else ""
        shown = line[left:right]
        if not before:
            left += len(shown) - len(shown.lstrip())
            shown = shown.lstrip()
        if not after:
            shown = shown.rstrip()
        shift = len(before) - left
        seen = ((max(first, left), min(last, right)) for first, last in marks)
        shown_marks = tuple((first + shift, last + shift) for first, last in seen if first < last)
        return before + shown + after, shown_marks, place + shift

    def _pieces(self) -> list[str]:
        return [piece for text in self._texts for piece in _JOINTS.split(text) if piece]

    def _place(self, text: str) -> Mark:
        """The first word of the first of the places that have the most."""
        every = heapq.merge(*(_places(word, number, text) for number, word in enumerate(self._words)))
        places: list[tuple[int, int, int]] = []
        counts: Counter[int] = Counter()
        first = most = 0
        place = 0, 0
        for each in every:
            places.append(each)
            start, end, number = each
            counts[number] += 1
            while (here := places[first])[0] < start and (end - here[0] > _NEAR or counts[here[2]] > 1):
                counts[here[2]] -= 1
                first += 1
            if (words := len(+counts)) > most:
                most, place = words, here[:2]
                if most == len(self._words):
                    break
        return place


def _places(word: re.Pattern[str], number: int, text: str) -> Iterator[tuple[int, int, int]]:
    return ((*found.span(), number) for found in itertools.islice(word.finditer(text), _PLACES))


def _cases(text: str) -> set[str]:
    return {"".join(each) for each in itertools.product(*({c, c.lower(), c.upper()} for c in text))}


def _one_line(text: str) -> str:
    return _NO_SINGLE_SPACE.sub(" ", text)
