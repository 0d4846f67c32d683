"""Choosing a theme: each is shown on the whole screen as one goes through the list; Esc goes back to the one before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Key
from textual.theme import Theme
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static

from tui.screens.dialogs import Dialog
from tui.screens.themes import BadTheme, read_theme, theme_files
from tui.widgets.row_list import ROW_KEYS, Line, RowKeys, RowList
from tui.widgets.visible import visible

_PAUSE_S = 0.1  # a switch takes as long: who holds the key down does not wait for each of them
_MOST_ROWS = 12
_SAMPLE = Content.assemble(
    ("Heading ", "bold $text-primary"),
    "text ",
    ("muted ", "$text-muted"),
    ("`code`\n", "$text-accent"),
    ("done ", "$text-success"),
    ("warning ", "$text-warning"),
    ("error", "$text-error"),
)
_SAMPLE_ROWS = 3  # with the empty one above
_PROBLEM_ROWS = 6


@dataclass(frozen=True, slots=True)
class _Choice:
    name: str
    theme: Theme | None
    problem: str = ""

    @property
    def kind(self) -> str:
        """What there is to know of it in a few words."""
        if self.theme is None:
            return "cannot be used"
        return "16 colours" if self.theme.ansi else "dark" if self.theme.dark else "light"


class ThemeChooser(RowKeys, Dialog[str]):
    """Asks for a theme; answers its name.

    Args:
        current: Name of the one that is in effect.
        preview: Shows one.
        text: What there is to know.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Use it", id="themes.choose", tooltip="Keep the marked theme."),
        *ROW_KEYS,
    ]

    DEFAULT_CSS: ClassVar[str] = """
    ThemeChooser {
        background: transparent;
        align: right middle;
        .dialog--box { max-width: 40; }
        RowList { background: $surface; }
        .themes--sample { height: 2; margin-top: 1; }
        .themes--problem { height: auto; max-height: 6; color: $text-error; display: none; }
        &.-short .themes--sample { display: none; }
    }
    """

    def __init__(self, current: str, preview: Callable[[Theme], None], text: str = "") -> None:
        super().__init__("Theme", text)
        self._choices = [_choice(name, path) for name, path in sorted(theme_files().items())]
        self._current = current
        self._preview = preview
        self._timer: Timer | None = None
        self._typed = ""

    @property
    def rows(self) -> RowList[Any]:
        return self.query_one(RowList)

    def content(self) -> Iterable[Widget]:
        yield RowList(self._draw)
        yield Static("", classes="themes--problem")
        yield Static(_SAMPLE, classes="themes--sample")

    def fit(self, rows: int) -> int:
        below = _SAMPLE_ROWS if self.has_class("-tall") else 0
        if any(choice.problem for choice in self._choices):
            below += _PROBLEM_ROWS
        self.rows.styles.height = height = max(1, min(len(self._choices), _MOST_ROWS, rows - below))
        return height + below

    def on_mount(self) -> None:
        names = [choice.name for choice in self._choices]
        self.rows.show(self._choices, names.index(self._current) if self._current in names else 0)
        self.watch(self.rows, "cursor", self._moved, init=False)

    def action_choose(self) -> None:
        choice = self.rows.current
        if choice is not None and choice.theme is not None:
            self.dismiss(choice.name)

    def on_key(self, event: Key) -> None:
        """Letters mark the first theme whose name begins so, else the first that has them in it."""
        if event.character is None or not event.is_printable:
            return
        event.stop()
        for typed in (self._typed + event.character.casefold(), event.character.casefold()):
            if (place := self._place_of(typed)) is not None:
                self._typed = typed
                self.rows.cursor = place
                return

    def _place_of(self, typed: str) -> int | None:
        names = [choice.name.casefold() for choice in self._choices]
        fitting = [name for name in names if name.startswith(typed)] or [name for name in names if typed in name]
        return names.index(fitting[0]) if fitting else None

    def on_row_list_chosen(self) -> None:
        self.action_choose()

    def _moved(self) -> None:
        choice = self.rows.current
        problem = choice.problem if choice is not None else ""
        said = self.query_one(".themes--problem", Static)
        said.update(Content(visible(problem)))
        said.display = bool(problem)
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(_PAUSE_S, self._show)

    def _show(self) -> None:
        choice = self.rows.current
        if choice is not None and choice.theme is not None:
            self._preview(choice.theme)

    def _draw(self, choice: _Choice, width: int) -> Sequence[Line]:
        return [Line(Content(visible(choice.name)), Content.styled(choice.kind, "$text-muted"))]


def _choice(name: str, path: Path) -> _Choice:
    try:
        return _Choice(name, read_theme(path))
    except BadTheme as error:
        return _Choice(name, None, str(error))
