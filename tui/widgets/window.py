"""Which messages of a conversation are mounted: enough for two screens on either side of the one that is looked at."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from textual.geometry import Size

from tui.widgets.message_view import MessageView, capped

_SCREENS = 2.0
_FEWEST = 2  # messages, however long
_STEP = 10  # messages


@dataclass(frozen=True, slots=True)
class Window:
    """Messages `begin` to `end`, the last one excluded."""

    begin: int
    end: int

    @property
    def is_empty(self) -> bool:
        """No message is in it."""
        return self.begin >= self.end

    def grown(self, *, above: int = 0, below: int = 0) -> Window:
        """With so many messages more above and below; less where negative."""
        return Window(self.begin - above, self.end + below)

    def cut(self, count: int) -> Window:
        """With none after the first `count` messages of the conversation."""
        return Window(min(self.begin, count), min(self.end, count))


def window_around(views: Sequence[MessageView], index: int | None, screen: Size) -> Window:
    """The window to open a conversation with.

    Args:
        views: All messages.
        index: The one to look at; None for the end.
        screen: What of the transcript can be seen at once.
    """
    wanted = int(_SCREENS * screen.height)
    end = len(views) if index is None else index
    rows = 0
    while index is not None and end < len(views) and (rows < wanted or end - index < _FEWEST):
        rows += rows_of(views[end], screen.width)
        end += 1
    begin = len(views) if index is None else index
    rows = 0
    while begin > 0 and (rows < wanted or end - begin < _FEWEST):
        begin -= 1
        rows += rows_of(views[begin], screen.width)
    return Window(begin, end)


def step(views: Iterable[MessageView], screen: Size) -> int:
    """How many of `views` to mount at once, in their order, when the reader comes near to them."""
    rows = count = 0
    for view in itertools.islice(views, _STEP):
        if rows >= _SCREENS * screen.height:
            break
        rows += rows_of(view, screen.width)
        count += 1
    return count


def rows_of(view: MessageView, width: int) -> int:
    """About how many rows a message takes: it decides what is mounted, never where anything stands."""
    text, _ = capped(view.message.text)
    return 2 + sum(1 + len(line) // max(1, width - 4) for line in text.split("\n"))
