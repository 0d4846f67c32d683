"""Where the user writes: Enter sends, Up and Down walk through earlier messages, large pastes become one token."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import var
from textual.screen import Screen
from textual.widgets import TextArea
from textual.widgets.text_area import Edit, EditResult, Location, Selection

from tui.terminal.display import is_plain
from tui.terminal.editor import EditorFailed, edit_in
from tui.widgets.pastes import Pastes, tokens_in
from tui.widgets.prompt_area import PromptArea
from tui.widgets.prompt_history import PromptHistory
from tui.widgets.typing_keys import NEW_LINE_KEYS, typing_keys
from tui.widgets.visible import visible

# The screen's keys: there they scroll the transcript, change the temperature, and copy or stop.
_LET_GO = frozenset({"pageup", "pagedown", "f6", "f7", "ctrl+c,super+c"})
_LOWEST_WITH_BORDER = 16

_UP = "A row up; from the first one to earlier messages. In an empty prompt: take back the last one that is queued."
_DOWN = "A row down; from the last one to later messages, in the end to what you were writing."


def _editing_keys() -> list[BindingType]:
    words = {"cursor_up": _UP, "cursor_down": _DOWN}
    keys = [each for each in typing_keys(TextArea, "prompt", _LET_GO) if isinstance(each, Binding)]
    return [replace(each, tooltip=words.get(each.action, each.tooltip)) for each in keys]


class Prompt(PromptArea, inherit_bindings=False):
    """A text area that sends.

    What is sent leaves the prompt at once, before anything else is typed: who cannot take it gives it back.
    """

    DEFAULT_CSS: ClassVar[str] = """
    Prompt {
        height: auto;
        min-height: 3;
        max-height: 33vh;
        padding: 0 1;
        border: round $border-blurred;
        border-title-color: $text-muted;
        background: $background;
        scrollbar-size-vertical: 1;
        &:focus { border: round $border; }
        &.-low, &.-low:focus { border: none; min-height: 1; background: $surface; }
        & .prompt--paste { background: $primary-muted; color: $text-primary; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter",
            "send",
            "Send",
            id="prompt.send",
            tooltip="Send the message; in an empty prompt, what is queued.",
            show=False,
        ),
        Binding(
            NEW_LINE_KEYS,
            "new_line",
            "New line",
            id="prompt.new_line",
            tooltip="Begin a new line in the message.",
            show=False,
        ),
        *_editing_keys(),
    ]

    queued: var[int] = var(0)
    """How many messages wait to be sent; the screen sets it."""
    title: var[str] = var("")
    """What the conversation is called, in the border."""
    label: var[str] = var("")
    """What is special about what is written here: in the border, or where there is none in the empty prompt."""

    @dataclass
    class Submitted(Message):
        """The user sent `text`. It is no longer in the prompt: `prompt.give_back(text)` if it cannot be taken."""

        prompt: Prompt
        text: str

        @property
        def control(self) -> Prompt:
            return self.prompt

    @dataclass
    class TakeBack(Message):
        """The user wants the last queued message back in the prompt."""

        prompt: Prompt

        @property
        def control(self) -> Prompt:
            return self.prompt

    @dataclass
    class SendQueued(Message):
        """Enter was pressed in an empty prompt while messages wait."""

        prompt: Prompt

        @property
        def control(self) -> Prompt:
            return self.prompt

    @dataclass
    class Failed(Message):
        """Something the prompt was asked for did not work; `text` says what, and the next step."""

        prompt: Prompt
        text: str

        @property
        def control(self) -> Prompt:
            return self.prompt

    def __init__(self) -> None:
        super().__init__(highlight_cursor_line=False, tab_behavior="focus")
        self.pastes = Pastes()
        self.earlier = PromptHistory()
        self._given_back = ""  # what stands here since a message was taken back, as long as nobody changed it
        # A cursor that blinks sends bytes twice a second for as long as the app is open.
        self.cursor_blink = False

    @property
    def text_to_send(self) -> str:
        """The message as it would be sent: pastes in full, without empty lines around it."""
        return self.pastes.expand(self.text).strip("\n").rstrip()

    @property
    def own_text(self) -> str:
        """What the user is writing, pastes in full. Looking at earlier messages keeps it."""
        return self.earlier.draft(self._everything)

    @property
    def draft(self) -> str:
        """What to store of an unsent message: `own_text`, with pastes in full up to a megabyte."""
        return self.pastes.draft(self.pastes.fold(self.own_text))

    def load(self, text: str) -> None:
        """Replace everything by `text`, with the cursor at its end. There is no undo back over this.

        The walk through earlier messages ends.
        """
        self.earlier.stop()
        self._put(text)

    def _put(self, text: str) -> None:
        held = self.pastes.fold(text)
        self.load_text(held)
        self.pastes.forget_all_but(held)
        self.move_cursor(self.document.end)

    def clear(self) -> EditResult:
        """Empty the prompt; the walk through earlier messages ends."""
        self.earlier.stop()
        return super().clear()

    def give_back(self, text: str) -> None:
        """Put back what was sent but not taken, before what has been typed since."""
        since = self.pastes.expand(self.text)
        self.load(f"{text}\n{since}" if since.strip() else text)
        self._given_back = self.text

    # Keys

    async def on_key(self, event: events.Key) -> None:
        if event.is_printable and set(event.key.split("+")[:-1]) <= {"shift"}:
            return  # to TextArea, which types it
        # Not to TextArea: it would also type the letter of an Alt+letter, and a line end for Enter.
        event.prevent_default()
        if await self._run_binding(event.key):
            _take(event)

    async def _run_binding(self, key: str) -> bool:
        # Here and now, in the order of typing. Textual runs a binding when the key has bubbled up to the app, while
        # what is typed after it goes on being inserted: a quick "a Enter b" would send "ab".
        active = self.screen.active_bindings.get(key)
        if active is None or active.node is not self:
            return False
        return await self.app.run_action(active.binding.action, self)

    def action_send(self) -> None:
        """Send the message; where there is none, what is queued."""
        text = self.text_to_send
        if not text.strip():
            if self.queued:
                self.post_message(self.SendQueued(self))
            return
        self.load(self.earlier.add(text))
        self.post_message(self.Submitted(self, text))

    def action_new_line(self) -> None:
        """Begin a new line."""
        self._replace_via_keyboard("\n", *self.selection)

    def action_cursor_up(self, select: bool = False) -> None:
        """Move up; from the first row to the message before."""
        if select or not self.navigator.is_first_wrapped_line(self.cursor_location):
            super().action_cursor_up(select)
        elif self.queued and self.text in ("", self._given_back):
            self.post_message(self.TakeBack(self))
        elif (text := self.earlier.older(self._everything)) is not None:
            self._put(text)
            # Where the next Up goes on from. That is the end of a message of one row.
            self.move_cursor(self.navigator.get_location_end(self.document.start))

    def action_cursor_down(self, select: bool = False) -> None:
        """Move down; from the last row to the message after."""
        if select or not self.navigator.is_last_wrapped_line(self.cursor_location):
            super().action_cursor_down(select)
        elif (text := self.earlier.newer(self._everything)) is not None:
            self._put(text)

    @property
    def _everything(self) -> str:
        return self.pastes.expand(self.text)

    # Pastes

    async def on_paste(self, event: events.Paste) -> None:
        _take(event)
        self._insert(event.text)
        self.focus()

    def action_paste(self) -> None:
        """Insert what was cut or copied last in this app."""
        self._insert(self.app.clipboard)

    def _insert(self, text: str) -> None:
        if result := self._replace_via_keyboard(self.pastes.take(text, len(self.text)), *self.selection):
            self.move_cursor(result.end_location)

    @property
    def selected_text(self) -> str:
        """The selection with its pastes in full."""
        return self.pastes.expand(super().selected_text)

    def action_cut(self) -> None:
        """Cut the selection, or the line."""
        start, end = self.selection
        result = self._delete_cursor_line() if start == end else self._delete_via_keyboard(start, end)
        if result is not None:
            self.app.copy_to_clipboard(self.pastes.expand(result.replaced_text))

    def edit(self, edit: Edit) -> EditResult:
        """Perform an edit; a token that it touches is touched as a whole."""
        top, bottom = edit.top, edit.bottom
        if top == bottom:
            edit.from_location = edit.to_location = self._outside(top, top)
        else:
            edit.from_location, edit.to_location = self._outside(top, bottom), self._outside(bottom, top)
        return super().edit(edit)

    def _validate_selection(self, selection: Selection) -> Selection:
        valid = super()._validate_selection(selection)
        before = self.selection
        return Selection(self._outside(valid.start, before.start), self._outside(valid.end, before.end))

    def _outside(self, location: Location, origin: Location) -> Location:
        """`location`, or the end of the token around it that is farther from `origin`."""
        row, column = location
        for start, end in tokens_in(self.document.get_line(row)) if row < self.document.line_count else ():
            if start < column < end:
                return (row, start if origin > location else end)
        return location

    # The external editor

    def action_edit_externally(self) -> None:
        """Edit the message in $VISUAL or $EDITOR; the app is suspended meanwhile."""
        text = self._everything
        try:
            edited = edit_in(self.app, text)
        except EditorFailed as error:
            self.post_message(self.Failed(self, str(error)))
            return
        if edited != text:
            self.replace(self.pastes.fold(edited), (0, 0), self.document.end, maintain_selection_offset=False)

    def on_mount(self) -> None:
        """Follow the screen's height, which may change while the prompt's own size does not."""
        self.screen.screen_layout_refresh_signal.subscribe(self, self._fit_screen)
        self.app.theme_changed_signal.subscribe(self, lambda _: self.watch_label())

    def _fit_screen(self, screen: Screen[object]) -> None:
        self.set_class(screen.size.height < _LOWEST_WITH_BORDER, "-low")
        if self.label:
            self.watch_label()

    def watch_title(self) -> None:
        """Show it where nothing else has to be told."""
        self.watch_label()

    def watch_label(self) -> None:
        """Show it where there is room for it."""
        self.border_title = Content(self.label or ("Message" if is_plain(self.app) else visible(self.title)))
        self.placeholder = Content(self.label) if self.has_class("-low") else ""


def _take(event: events.Event) -> None:
    event.stop()
    event.prevent_default()
