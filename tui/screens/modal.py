"""What panels and dialogs have in common: Ctrl+C copies what is selected in them, else it does what Esc does."""

from __future__ import annotations

import math
import time
from typing import ClassVar, Generic, TypeVar

from textual import work
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.events import Key, Resize, ScreenResume
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.widgets import Input, TextArea

from tui.terminal.display import copy

Result = TypeVar("Result")

_QUIET_S = 0.5


class Modal(ModalScreen[Result], Generic[Result]):
    """A screen over the others.

    Attributes:
        opens_by_itself: Somebody may be typing as it opens: what comes before a pause is not for it, and is lost.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "ctrl+c,super+c",
            "copy_or_leave",
            "Copy or leave",
            id="modal.copy",
            tooltip="Copy the selection; else what Esc does.",
            show=False,
        ),
    ]

    opens_by_itself = False
    _is_closing = False  # before it was there
    _is_laid_out_first = False
    _typed_at = math.inf  # when it opened, or the last key came that is not for it

    def on_compose(self) -> None:
        self._typed_at = time.monotonic()
        self._fit()  # before there are widgets, so that they get their styles once

    def on_key(self, event: Key) -> None:
        """Before the bindings: a key comes to them as it has bubbled up to the app."""
        if not self.opens_by_itself or not (event.is_printable or event.key == "enter"):
            return
        now = time.monotonic()
        if now - self._typed_at < _QUIET_S:
            self._typed_at = now
            event.stop()
            event.prevent_default()
        else:
            self._typed_at = -math.inf  # from here on it is asked for

    def on_screen_resume(self, event: ScreenResume) -> None:
        self._fit()
        event.refresh_styles = bool(self.outer_size)  # else they are new

    def _fit(self) -> None:
        """Have the classes of the terminal's size."""
        for size, points in zip(self.app.size, (self.HORIZONTAL_BREAKPOINTS, self.VERTICAL_BREAKPOINTS), strict=True):
            fitting = max((point for point in points or () if point[0] <= size), default=None)
            for point in points or ():
                self.set_class(point == fitting, point[1])

    def on_resize(self, event: Resize) -> None:
        if event.size == self.outer_size:  # that of its own layout
            event.prevent_default()

    def _refresh_layout(self, size: Size | None = None, scroll: bool = False) -> None:
        if self._repaint_required:
            self._repaint_required = False
            self._dirty_widgets.add(self)  # painted with the layout, not once more after it
        self._is_laid_out_first = not self.outer_size
        super()._refresh_layout(size, scroll)
        self._is_laid_out_first = False

    def _compositor_refresh(self) -> None:
        """Paint; as it is laid out first, only later: with scrollbars it is laid out, and would be painted, again."""
        if self._is_laid_out_first:
            self.refresh()
        else:
            super()._compositor_refresh()

    def leave(self) -> None:
        """What Esc does."""
        raise NotImplementedError

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Close with a result; while it is still being put together, as soon as it is there."""
        if self.is_mounted:
            return super().dismiss(result)
        if not self._is_closing:
            self._is_closing = True
            self.call_later(self._close, result)
        nothing: AwaitComplete = AwaitComplete.nothing()  # type: ignore[no-untyped-call]
        return nothing

    def _close(self, result: Result | None) -> None:
        self.dismiss(result)  # not awaited: nobody can wait for it in its own messages

    def action_copy_or_leave(self) -> None:
        typed = self.focused.selected_text if isinstance(self.focused, Input | TextArea) else ""
        if selected := typed or self.get_selected_text():
            self._copy(selected)
        else:
            self.leave()

    @work(group="copy")
    async def _copy(self, text: str) -> None:
        self.app.notify((await copy(self.app, text)).said, markup=False)
