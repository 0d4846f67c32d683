"""Questions in a small box over the screen: a text, one of several, yes or no. Esc answers None."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import Any, ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.events import Key, Resize
from textual.widget import Widget
from textual.widgets import Input, Static, TextArea
from textual.widgets.input import Selection

from tui.screens.modal import Modal
from tui.screens.type_ahead import changes_screen
from tui.widgets.keys_row import KeysRow
from tui.widgets.line_input import LineInput
from tui.widgets.row_list import ROW_KEYS, Line, RowKeys, RowList
from tui.widgets.typing_keys import NEW_LINE_KEYS, typing_keys
from tui.widgets.visible import one_line, visible

Result = TypeVar("Result")

_DIGITS = 9
_FRAME = 3  # rows that border and keys take
_MOST_ROWS = 12
_LEAST_TEXT = 3  # rows
_LEAST_AREA = 5  # rows, where there is room
_TALL = 18  # rows from which on there is one between the text and the content


class Dialog(Modal[Result], Generic[Result]):
    """The box, with a title in its border and perhaps a text above its content.

    Args:
        title: What it is about, in a few words.
        text: What there is to know; "" for nothing.
    """

    VERTICAL_BREAKPOINTS = [(0, "-short"), (_TALL, "-tall")]  # noqa: RUF012 - as Textual declares it

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="dialog.cancel", tooltip="Close and change nothing."),
        Binding("f1", "help", "Keys", id="dialog.help", tooltip="All keys of this dialog."),
    ]

    DEFAULT_CSS: ClassVar[str] = """
    Dialog {
        align: center middle;
        .dialog--box {
            width: 100%; max-width: 64; height: auto; max-height: 100%;
            padding: 0 1;
            background: $surface; border: round $primary;
            border-title-color: $text-primary; border-title-style: bold;
        }
        .dialog--text { height: auto; }
        &.-tall .dialog--text { margin-bottom: 1; }
        KeysRow { dock: bottom; width: 100%; padding: 0 1; background: $background; }
    }
    """

    def __init__(self, title: str, text: str = "") -> None:
        super().__init__()
        self._title = title
        self._text = text

    def content(self) -> Iterable[Widget]:
        """What stands below the text."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        box = Vertical(classes="dialog--box")
        # A Content: a title may hold brackets, which are no markup.
        box.border_title = Content(one_line(self._title))
        with box:
            with VerticalScroll(classes="dialog--text", can_focus=False):
                yield Static(Content(visible(self._text)))
            yield from self.content()
        yield KeysRow()

    def on_resize(self, event: Resize) -> None:
        # The content first, then what there is to know about it: that scrolls where there is no room for all of it,
        # and is left out where there is none.
        room = event.size.height - _FRAME
        left = room - self.fit(max(1, room - _LEAST_TEXT if self._text else room))
        text = self.query_one(".dialog--text")
        text.display = bool(self._text) and left > 0
        text.styles.max_height = max(1, left - (event.size.height >= _TALL))

    def fit(self, rows: int) -> int:
        """Make the content not higher than `rows`; how high it can be now."""
        raise NotImplementedError

    def leave(self) -> None:
        self.dismiss(None)

    def action_cancel(self) -> None:
        self.leave()

    @changes_screen
    def action_help(self) -> None:
        from tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self.active_bindings, one_line(self._title)))


class Lines(TextArea, inherit_bindings=False):
    """A box of several lines in which Enter answers, in the order of typing."""

    BINDINGS: ClassVar[list[BindingType]] = typing_keys(TextArea, "lines", {"ctrl+c,super+c"})

    async def on_key(self, event: Key) -> None:
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            await self.run_action("screen.accept")


NEW_LINE = Binding(
    NEW_LINE_KEYS, "new_line", "New line", id="lines.new_line", tooltip="Begin a new line.", priority=True
)
"""For a screen that has `Lines`."""


class TextDialog(Dialog[str | None]):
    """Asks for a text.

    Args:
        title: What it is about.
        value: What stands there first, selected if it is one line.
        text: What there is to know.
        lines: Several lines may be written.
        is_file: It is a file's path: of `value`, the name is selected, without its ending.
        required: Enter does nothing while there are only spaces.
        begun: `value` is the beginning of what is being typed, and not selected.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "accept", "OK", id="dialog.accept", tooltip="Take what is written."),
        NEW_LINE,
    ]

    DEFAULT_CSS: ClassVar[str] = """
    TextDialog {
        Input, TextArea { background: $background; }
        TextArea { height: auto; border: none; padding: 0; }
        .dialog--box { max-width: 80; }
    }
    """

    def __init__(
        self,
        title: str,
        value: str = "",
        *,
        text: str = "",
        lines: bool = False,
        is_file: bool = False,
        required: bool = False,
        begun: bool = False,
    ) -> None:
        super().__init__(title, text)
        self._value = value
        self._lines = lines
        self._is_file = is_file
        self._required = required
        self._begun = begun

    def content(self) -> Iterable[Widget]:
        if self._lines:
            yield Lines(self._value, compact=True, highlight_cursor_line=False)
        else:
            yield LineInput(one_line(self._value), compact=True, select_on_focus=not (self._is_file or self._begun))

    def fit(self, rows: int) -> int:
        if not self._lines:
            return 1
        area = self.query_one(TextArea)
        area.styles.max_height = highest = min(rows, _MOST_ROWS)
        area.styles.min_height = min(highest, _LEAST_AREA)
        return highest

    def on_mount(self) -> None:
        if self._lines:
            area = self.query_one(TextArea)
            area.move_cursor(area.document.end)
        elif self._is_file:
            box, path = self.query_one(Input), PurePath(self._value)
            end = len(box.value) - len(path.suffix)
            box.selection = Selection(end - len(path.stem), end)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self._lines if action == "new_line" else True

    def on_input_submitted(self) -> None:
        self.action_accept()

    @changes_screen
    def action_accept(self) -> None:
        text = self.query_one(TextArea).text if self._lines else self.query_one(Input).value
        if text.strip() or not self._required:
            self.dismiss(text)

    def action_new_line(self) -> None:
        self.query_one(TextArea).insert("\n")


class OptionsDialog(RowKeys, Dialog[Result | None], Generic[Result]):
    """Asks for one of several; the first nine have a digit each.

    Args:
        title: What it is about.
        options: What each option is called, and what it answers.
        text: What there is to know.
        cursor: Index of the option that Enter takes at first.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Choose", id="dialog.choose", tooltip="Take the marked one."),
        *ROW_KEYS,
        *(
            Binding(
                str(digit),
                f"choose_number({digit - 1})",
                f"Choose {digit}",
                id=f"dialog.choose_{digit}",
                tooltip=f"Take number {digit}.",
                show=False,
            )
            for digit in range(1, _DIGITS + 1)
        ),
    ]

    DEFAULT_CSS: ClassVar[str] = """
    OptionsDialog RowList { background: $surface; }
    """

    def __init__(
        self, title: str, options: Sequence[tuple[str, Result | None]], *, text: str = "", cursor: int = 0
    ) -> None:
        super().__init__(title, text)
        self._options = options
        self._cursor = cursor

    @property
    def rows(self) -> RowList[Any]:
        return self.query_one(RowList)

    def content(self) -> Iterable[Widget]:
        yield RowList(self._draw)

    def on_mount(self) -> None:
        self.rows.show(range(len(self._options)), self._cursor)

    def fit(self, rows: int) -> int:
        self.rows.styles.height = height = min(len(self._options), _MOST_ROWS, rows)
        return height

    @changes_screen
    def action_choose(self) -> None:
        if self.rows.cursor is not None:
            self.action_choose_number(self.rows.cursor)

    def action_choose_number(self, number: int) -> None:
        if number < len(self._options):
            self.dismiss(self._options[number][1])

    def on_row_list_chosen(self) -> None:
        self.action_choose()

    def _draw(self, number: int, width: int) -> list[Line]:
        digit = f"{number + 1}  " if number < _DIGITS else "   "
        return [Line(Content.assemble((digit, "$text-muted"), one_line(self._options[number][0])))]


class ChoiceDialog(OptionsDialog[int]):
    """Asks for one of several; answers its number, from 0.

    Args:
        title: What it is about.
        options: What can be chosen.
        text: What there is to know.
    """

    def __init__(self, title: str, options: Sequence[str], *, text: str = "") -> None:
        super().__init__(title, [(option, number) for number, option in enumerate(options)], text=text)


class ConfirmDialog(OptionsDialog[bool]):
    """Asks whether to do something; answers True, False, or None for Esc. Enter takes "no" at first.

    Args:
        title: What it is about.
        text: What will happen.
        yes: What the option that does it is called.
        no: What the other one is called.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,Y", "choose_number(0)", "Yes", id="dialog.yes", tooltip="Do it."),
        Binding("n,N", "choose_number(1)", "No", id="dialog.no", tooltip="Leave it."),
    ]

    def __init__(self, title: str, text: str, *, yes: str = "Yes", no: str = "No") -> None:
        super().__init__(title, [(yes, True), (no, False)], text=text, cursor=1)
