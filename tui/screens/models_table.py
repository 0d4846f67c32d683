"""The columns of the models' table: which of them a width has room for, their cells, and what they are sorted by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from textual.content import Content

from tui.library.amounts import count_text, size_text
from tui.library.find import Source
from tui.screens.model_row import ModelRow, Scene, State
from tui.terminal.fitted import fitted
from tui.widgets.visible import one_line

_GAP = 2
_LEAST_NAME = 25
_FROM = {Source.ADDED: "added", Source.HUGGING_FACE: "cache"}
_STYLES = {
    State.LOADED: "$text-success",
    State.LOADING: "$text-accent",
    State.UNLOADING: "$text-accent",
    State.FAILED: "$text-error",
    State.BROKEN: "$text-error",
    State.NOT_FIT: "$text-warning",
    State.NO_DEVICE: "$text-warning",
    State.BAD_TEMPLATE: "$text-warning",
    State.NO_TEMPLATE: "$text-warning",
    State.OTHER_KIND: "$text-muted",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    Attributes:
        title: Its heading.
        width: Its cells; 0 takes what is left.
        text: What it says of a model; "" where nobody knows.
        key: What it is sorted by; None comes last.
        is_number: Set to the right, and the largest first.
        leaves: The one with the highest number leaves first where there is too little room; 0 stays.
    """

    title: str
    width: int
    text: Callable[[ModelRow, Scene], str]
    key: Callable[[ModelRow, Scene], Any]
    is_number: bool = False
    leaves: int = 0


def _fact(name: str) -> Callable[[ModelRow, Scene], Any]:
    return lambda row, scene: getattr(row.model.files, name, None) or None


def _said(key: Callable[[ModelRow, Scene], Any], say: Callable[[Any], str] = str) -> Callable[[ModelRow, Scene], str]:
    def text(row: ModelRow, scene: Scene) -> str:
        value = key(row, scene)
        return "" if value is None else one_line(say(value))

    return text


def _number(
    title: str, width: int, key: Callable[[ModelRow, Scene], Any], say: Callable[[Any], str], leaves: int
) -> Column:
    return Column(title, width, _said(key, say), key, is_number=True, leaves=leaves)


def _memory(row: ModelRow, scene: Scene) -> int | None:
    return row.need.total if row.need is not None else None


def _from(row: ModelRow, scene: Scene) -> str | None:
    """Where it is kept that is not the models folder."""
    return _FROM.get(row.model.source)


def _precision(weight_format: str) -> str:
    """Of `int4_sym g128`, what everybody asks for first."""
    return weight_format.split("_")[0].split(" ")[0]


COLUMNS = (
    Column("Name", 0, lambda row, scene: one_line(row.name), lambda row, scene: row.name.casefold()),
    Column("Architecture", 13, _said(_fact("model_type")), _fact("model_type"), leaves=6),
    _number("Parameters", 11, _fact("parameters"), count_text, 3),
    Column("Weights", 8, _said(_fact("weight_format"), _precision), _fact("weight_format"), leaves=4),
    _number("Size", 7, _fact("size_bytes"), size_text, 1),
    _number("Context", 9, _fact("context_length"), lambda tokens: f"{tokens:,}", 5),
    _number("Memory", 8, _memory, size_text, 2),
    Column("From", 5, _said(_from), _from, leaves=7),
    Column("State", 12, lambda row, scene: scene.state_text(row), lambda row, scene: scene.state(row) or None),
)


@lru_cache(maxsize=8)
def columns(width: int) -> Sequence[Column]:
    """The columns that there is room for."""
    shown = list(COLUMNS)
    for leaving in sorted((each for each in COLUMNS if each.leaves), key=lambda each: -each.leaves):
        if _name_width(shown, width) >= _LEAST_NAME:
            break
        shown.remove(leaving)
    return shown


def heading(width: int, sorted_by: Column | None) -> Content:
    """The titles, with a mark at the one that the rows are sorted by."""
    return Content(_line([f"{'↓' if each is sorted_by else ''}{each.title}" for each in columns(width)], width))


def cells(row: ModelRow, scene: Scene, width: int) -> Content:
    """A model's line."""
    line = _line([column.text(row, scene) for column in columns(width)], width)
    style = _STYLES.get(scene.state(row))
    state = COLUMNS[-1].width
    # Of its two pieces: putting one together from a dozen takes 2 ms, for each of 30 rows.
    return Content.assemble(line[:-state], (line[-state:], style)) if style else Content(line)


def ordered(rows: Sequence[ModelRow], scene: Scene, column: Column | None) -> list[ModelRow]:
    """The rows, sorted; without a column as they were found."""
    if column is None:
        return list(rows)
    keyed = [(column.key(row, scene), row) for row in rows]
    known = [(key, row) for key, row in keyed if key is not None]
    known.sort(key=lambda each: each[0], reverse=column.is_number)
    return [*(row for _, row in known), *(row for key, row in keyed if key is None)]


def matches(row: ModelRow, scene: Scene, words: Sequence[str]) -> bool:
    """Whether each word is in the name, the architecture, the weights' type, where it is from, or the state."""
    files = row.model.files
    facts = (files.architecture, files.model_type, files.weight_format) if files is not None else ()
    text = " ".join((row.name, *facts, _from(row, scene) or "", scene.state(row))).casefold()
    return all(word in text for word in words)


def _line(texts: Sequence[str], width: int) -> str:
    shown = columns(width)
    pieces = []
    for column, text in zip(shown, texts, strict=True):
        room = column.width or _name_width(shown, width)
        pieces.append(fitted(text, room, right=column.is_number))
    return (" " * _GAP).join(pieces)


def _name_width(shown: Sequence[Column], width: int) -> int:
    return max(1, width - sum(column.width + _GAP for column in shown if column.width))
