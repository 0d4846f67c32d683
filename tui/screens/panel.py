"""What all panels have in common: a title above, the keys in the last row, Esc closes, F1 explains."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import ClassVar, Generic, TypeVar

from textual.app import ComposeResult, SystemCommand
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tui.screens.modal import Modal
from tui.screens.type_ahead import changes_screen
from tui.terminal.display import with_present_keys
from tui.widgets.keys_row import KeysRow, key_label, shown_keys

Result = TypeVar("Result")

_PALETTE = "The actions of this panel, by name."


class Panel(Modal[Result], Generic[Result]):
    """A panel over the whole screen.

    A subclass names itself in `HEADING` and gives its content in `content()`.
    """

    HEADING: ClassVar[str] = ""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (60, "-wide")]  # noqa: RUF012 - as Textual declares it
    VERTICAL_BREAKPOINTS = [(0, "-short"), (18, "-tall")]  # noqa: RUF012 - as Textual declares it

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Close", id="panel.close", tooltip="Take back what is typed, else close it."),
        Binding("f1", "help", "Keys", id="panel.help", tooltip="All keys of this panel."),
        # The app's own, which a modal screen keeps from it.
        Binding("ctrl+p", "app.command_palette", "Palette", id="app.palette", tooltip=_PALETTE, show=False),
    ]

    DEFAULT_CSS: ClassVar[str] = """
    Panel {
        background: $background;
        &:ansi { background: $background; }
        align: center top;
        .panel--column { width: 100%; max-width: 100; height: 100%; padding: 0 1; }
        .panel--top { height: 1; }
        .panel--heading { width: 1fr; color: $text-primary; text-style: bold; text-wrap: nowrap; }
        .panel--facts { width: auto; color: $text-muted; }
        .panel--content { height: 1fr; }
        &.-tall .panel--top { margin-bottom: 1; }
        &.-tall KeysRow { margin-top: 1; }
        &.-narrow .panel--column { padding: 0; }
    }
    """

    def content(self) -> Iterable[Widget]:
        """What lies between the title and the keys."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        with Vertical(classes="panel--column"):
            with Horizontal(classes="panel--top"):
                yield Static(Content(self.HEADING), classes="panel--heading")
                yield Static("", classes="panel--facts")
            with Vertical(classes="panel--content"):
                yield from self.content()
            yield KeysRow()

    def show_facts(self, text: str) -> None:
        """A few words at the right of the title: how many, what is going on."""
        self.query_one(".panel--facts", Static).update(Content(text))

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Close with a result; what goes on in workers ends before the widgets do, not after them."""
        self.workers.cancel_node(self)
        return super().dismiss(result)

    def leave(self) -> None:
        self.dismiss(None)

    def commands(self) -> Iterator[SystemCommand]:
        """What its keys do now, for the palette."""
        for key, active in shown_keys(self).values():
            text = with_present_keys(self.app, active.binding.tooltip)
            run = partial(self.call_later, self.app.run_action, active.binding.action, active.node)
            yield SystemCommand(active.binding.description, f"{text} ({key_label(key)})", run)

    def action_close(self) -> None:
        self.leave()

    @changes_screen
    def action_help(self) -> None:
        from tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self.active_bindings, self.HEADING))
