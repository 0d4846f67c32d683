"""The sampling values, one below the other; the arrow keys change the marked one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message

from tui.widgets.row_list import Line, RowList
from tui.widgets.visible import one_line

_VALUE, _SOURCE = 9, 12  # columns
_ROOM = 42  # columns for all of it; with less, the source is left out


@dataclass(frozen=True, slots=True)
class SamplingValue:
    """One value.

    Attributes:
        name: The `SamplingParams` field.
        value: As it is typed.
        source: Who set it, in a word or two.
        is_ours: It is the user who has set it.
        is_used: It has an effect.
    """

    name: str
    value: str
    source: str
    is_ours: bool
    is_used: bool


def _key(keys: str, action: str, label: str, name: str, tooltip: str, *, show: bool = True) -> Binding:
    return Binding(keys, action, label, id=f"sampling.{name}", tooltip=tooltip, show=show)


class SamplingList(Vertical, can_focus=True):
    """The values; takes the focus, and says what is wanted."""

    BINDINGS: ClassVar[list[BindingType]] = [
        _key("left", "change(-1)", "Less", "less", "The next lower value, from the next turn on."),
        _key("right", "change(1)", "More", "more", "The next higher value, from the next turn on."),
        _key("enter", "want('type')", "Type", "type", "Type the value."),
        _key(
            "delete,backspace", "want('reset')", "Reset", "reset", "Take back what was set last of it: here, then ..."
        ),
        _key("s,S", "want('save')", "Save", "save", "Keep this conversation's values for its model, or for all."),
        _key("p,P", "want('presets')", "Presets", "presets", "Use, save and delete presets."),
        _key("escape,f5", "want('close')", "Close", "close", "Close the sampling panel."),
        _key("up", "move(-1)", "Up", "up", "The value above.", show=False),
        _key("down", "move(1)", "Down", "down", "The value below.", show=False),
        _key("pageup", "scroll_picture(-1)", "Page up", "page_up", "The picture of the last step, up.", show=False),
        _key("pagedown", "scroll_picture(1)", "Page down", "page_down", "The same, down.", show=False),
    ]

    DEFAULT_CSS: ClassVar[str] = """
    SamplingList { height: auto; RowList { background: $surface; } }
    """

    @dataclass
    class Stepped(Message):
        """A value is to be the next one up or down. It has the name: the cursor may be elsewhere when this is read."""

        name: str
        direction: int

    @dataclass
    class Wanted(Message):
        """Something is to be done: type or reset the value of that name, save, presets, close."""

        what: str
        name: str

    @dataclass
    class Scrolled(Message):
        """The picture is to move a page."""

        direction: int

    def __init__(self) -> None:
        super().__init__()
        self.rows: RowList[SamplingValue] = RowList(_draw)

    def compose(self) -> ComposeResult:
        yield self.rows

    def show(self, values: Iterable[SamplingValue]) -> None:
        """Show these; the cursor stays in its place."""
        self.rows.show([*values], self.rows.cursor)

    @property
    def current(self) -> SamplingValue | None:
        """The marked one."""
        return self.rows.current

    def action_move(self, step: int) -> None:
        self.rows.move(step)

    def action_change(self, direction: int) -> None:
        if self.current is not None:
            self.post_message(self.Stepped(self.current.name, direction))

    def action_want(self, what: str) -> None:
        if self.current is not None:
            self.post_message(self.Wanted(what, self.current.name))

    def action_scroll_picture(self, direction: int) -> None:
        self.post_message(self.Scrolled(direction))

    def on_row_list_chosen(self) -> None:
        self.focus()


def _draw(item: SamplingValue, width: int) -> Sequence[Line]:
    shown = one_line(item.value) if item.is_used else f"({one_line(item.value)})"
    value = Content(shown).truncate(_VALUE, ellipsis=True)
    value = value.pad_left(_VALUE - value.cell_length)
    style = ("bold" if item.is_ours else "") if item.is_used else "$text-muted"
    value = value.stylize(style)
    if width < _ROOM:
        return [Line(Content(item.name), value)]
    source = Content.styled(f"{item.source:{_SOURCE}}", "$text-primary" if item.is_ours else "$text-muted")
    return [Line(Content(item.name), Content.assemble(value, "  ", source))]
