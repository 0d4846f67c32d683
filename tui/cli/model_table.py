"""The local models as lines: a table that fits a terminal, or one line each for another program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tui.engine.errors import OvchatError, TemplateError
from tui.engine.memory_need import MemoryNeed
from tui.engine.model_files import ModelFiles
from tui.library.amounts import count_text, size_text
from tui.library.local import LocalModel
from tui.terminal.visible import visible

_GAP = 2
_LEAST_NAME = 20


@dataclass(frozen=True, slots=True)
class Listed:
    """A model in the list.

    Attributes:
        model: The model, with what its files say.
        need: What it will take of memory; None where that is not known.
        template: What is wrong with its chat template; None for nothing.
    """

    model: LocalModel
    need: MemoryNeed | None = None
    template: OvchatError | None = None

    @property
    def state(self) -> str:
        """What is wrong with it in a word or two; "" for nothing."""
        if self.model.is_broken:
            return "broken"
        if self.model.is_other_kind:
            return "not for chat"
        if self.need is not None and self.need.problem is not None:
            return "not fit"
        if self.template is not None:
            return "bad template" if isinstance(self.template, TemplateError) else "no template"
        return ""

    @property
    def problem(self) -> OvchatError | None:
        """The same as a sentence with the next step; None for nothing."""
        return self.model.problem or (self.need.problem if self.need is not None else None) or self.template


@dataclass(frozen=True, slots=True)
class _Column:
    """A column; the one with the highest `leaves` leaves first where there is too little room, 0 stays."""

    title: str
    text: Callable[[Listed], str]
    leaves: int = 0
    is_number: bool = False


def _fact(text: Callable[[ModelFiles], str]) -> Callable[[Listed], str]:
    return lambda row: text(row.model.files) if row.model.files is not None else ""


_COLUMNS = (
    _Column("Name", lambda row: _one_line(row.model.name)),
    _Column("Architecture", _fact(lambda files: _one_line(files.model_type)), 6),
    _Column(
        "Parameters", _fact(lambda files: count_text(files.parameters) if files.parameters else ""), 3, is_number=True
    ),
    _Column("Weights", _fact(lambda files: _one_line(files.weight_format)), 4),
    _Column("Size", _fact(lambda files: size_text(files.size_bytes)), 1, is_number=True),
    _Column("Context", _fact(lambda files: f"{files.context_length:,}" if files.context_length else ""), 5, True),
    _Column("Memory", lambda row: size_text(row.need.total) if row.need is not None else "", 2, is_number=True),
    _Column("State", lambda row: row.state),
)


def table(rows: Sequence[Listed], width: int) -> list[str]:
    """A heading and a line for each model, of at most so many cells; columns without a value are left out."""
    from tui.terminal.fitted import fitted  # rich: for a terminal only

    texts = {column: [column.text(row) for row in rows] for column in _COLUMNS}
    shown = [column for column in _COLUMNS if any(texts[column])]
    widths = {column: max(_cells(text) for text in (column.title, *texts[column])) for column in shown}
    name = shown[0]
    room = width - sum(widths[column] + _GAP for column in shown[1:])
    for column in sorted((each for each in shown if each.leaves), key=lambda each: -each.leaves):
        if room >= min(widths[name], _LEAST_NAME):
            break
        shown.remove(column)
        room += widths[column] + _GAP
    widths[name] = max(1, min(widths[name], room))
    set_ = (
        [fitted(text, widths[column], right=column.is_number) for text in (column.title, *texts[column])]
        for column in shown
    )
    return [(" " * _GAP).join(line).rstrip() for line in zip(*set_, strict=True)]


def plain(rows: Sequence[Listed]) -> list[str]:
    """A line for each model, whatever the width; tabs between name, state, numbers without units, and folder."""
    return ["\t".join(_values(row)) for row in rows]


def _values(row: Listed) -> list[str]:
    files = row.model.files
    facts: tuple[object, ...] = ("",) * 5
    if files is not None:
        facts = files.model_type, files.parameters, files.weight_format, files.size_bytes, files.context_length
    values = (row.model.name, row.state, *facts, row.model.path)
    return [_one_line("" if value is None else str(value)) for value in values]


def _cells(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)


def _one_line(text: str) -> str:
    text = text.encode(errors="backslashreplace").decode()  # a folder's name that is not UTF-8, as it will be written
    return visible(text).translate({ord("\n"): "^J", ord("\t"): "^I"})
