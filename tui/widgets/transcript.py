"""The conversation on the screen: a window of it, which follows the end until the reader scrolls up.

It is given views of messages and shows those around the place the reader looks at; the others are data. What the
reader looks at stays where it is, whatever happens above it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static

from tui.store.records import Role
from tui.widgets.answer_text import parse_answers
from tui.widgets.assistant_message import AssistantMessage
from tui.widgets.following_scroll import FollowingScroll
from tui.widgets.message_box import MessageBox
from tui.widgets.message_view import MessageView
from tui.widgets.system_line import SystemLine
from tui.widgets.taken_down import taken_down
from tui.widgets.user_message import UserMessage
from tui.widgets.window import Window, step, window_around

_MOST_SCREENS = 6  # rows that may stay mounted out of sight, in screens


class _Divider(Static):
    """The model is not given what stands above."""

    ALLOW_SELECT = False


class Transcript(FollowingScroll):
    """Messages of one conversation, top to bottom."""

    DEFAULT_CSS: ClassVar[str] = """
    Transcript > _Divider {
        width: 1fr;
        height: 1;
        margin: 0 0 1 0;
        text-align: center;
        color: $foreground-muted;
        &:ansi { text-style: dim; }
    }
    """
    thinking_folded: reactive[bool] = reactive(True)
    """Thinking is shown as one line, where the reader did not unfold it."""

    def __init__(self) -> None:
        super().__init__()
        self._views: list[MessageView] = []
        self._window = Window(0, 0)
        self._changing = asyncio.Lock()

    # What is shown

    async def show(self, views: Sequence[MessageView], *, focus: int | None = None) -> None:
        """Show a conversation anew.

        Args:
            views: All its messages on the branch, in order.
            focus: The message to go to; None for the end.
        """
        async with self._changing:
            self._views = list(views)
            await self._show_around(self._index(focus))
        if focus is not None and (box := self._box(focus)) is not None:
            box.focus(scroll_visible=False)

    async def add(self, view: MessageView) -> None:
        """Add a message at the end."""
        async with self._changing:
            await self._add(view)

    async def begin_answer(self, view: MessageView) -> AssistantMessage:
        """The message that the answer is written into: a new one at the end, or the one with that id, which goes on."""
        async with self._changing:
            index = self._index(view.message.id)
            if index is not None:
                self._views[index] = view
            if not self._window.begin <= (len(self._views) if index is None else index) <= self._window.end:
                await self._show_around(None)
            box = self._box(view.message.id) or await self._add(view)
            assert isinstance(box, AssistantMessage)
            await box.resume(view)
        return box

    def refresh_view(self, view: MessageView) -> None:
        """Show a message in another state (its place among the siblings, in or out of context)."""
        index = self._index(view.message.id)
        if index is None:
            return
        self._views[index] = view
        if (box := self._box(view.message.id)) is not None:
            self.call_next(box.show, view)
        self.call_next(self._place_divider)

    async def cut(self, after: int | None) -> None:
        """Take away the messages after `after`; all of them for None."""
        async with self._changing:
            index = self._index(after)
            count = 0 if index is None else index + 1
            gone = {view.message.id for view in self._views[count:]}
            del self._views[count:]
            self._window = self._window.cut(count)
            await self._remove([box for box in self._boxes if box.message_id in gone])
            if count and self._window.is_empty:
                await self._show_around(None)

    # Following

    @property
    def ends_here(self) -> bool:
        """The last message of the conversation is mounted."""
        return self._window.end == len(self._views)

    def follow_end(self) -> None:
        """Go to the end of the conversation and stay there."""
        super().follow_end()
        if not self.ends_here:
            self.call_next(self._reopen, None)

    def in_sight(self, box: AssistantMessage) -> bool:
        """The end of what is drawn of `box` is within a screen of what can be seen; else it need not be drawn."""
        return self.added_below() or box.virtual_region.bottom <= self.scroll_y + 2 * self.size.height

    async def scrolled(self) -> None:
        """Draw and mount what the reader comes near to."""
        if (writing := self._writing) is not None and self.in_sight(writing):
            await writing.flush()
        await self._fit_window()

    # Going about

    @property
    def current(self) -> int | None:
        """Id of the message that has the focus; None when none has."""
        focused = self.screen.focused
        nodes = focused.ancestors_with_self if focused is not None else ()
        box = next((node for node in nodes if isinstance(node, MessageBox)), None)
        return box.message_id if box is not None and box.parent is self else None

    def fold_thinking(self, folded: bool) -> None:
        """Fold or unfold the thinking of every message."""
        self.thinking_folded = folded
        for box in self._boxes:
            if isinstance(box, AssistantMessage):
                box.fold_thinking(folded)

    def action_scroll_home(self) -> None:
        """The beginning of the conversation."""
        self.following = False
        if self._window.begin > 0 and self._writing is None:
            self.call_next(self._reopen, 0)
        else:
            self.scroll_to(y=0, animate=False, immediate=True)

    @on(MessageBox.Left)
    async def _step(self, event: MessageBox.Left) -> None:
        event.stop()
        # Of several keys that come together, all leave the message that had the focus then.
        if (left := self._box(self.current)) is None:
            return
        if event.step < 0 and left is self._boxes[0]:
            async with self._changing:
                await self._mount_above()
        boxes = self._boxes
        at = boxes.index(left) + event.step
        if 0 <= at < len(boxes):
            self.screen.set_focus(boxes[at], scroll_visible=False)
            self.call_after_refresh(self.scroll_to_widget, boxes[at], animate=False, force=True)
        elif event.step > 0:
            self.screen.focus_next()
        elif (line := next(iter(self.query_children(SystemLine)), None)) is not None:
            line.focus()

    @on(SystemLine.Left)
    def _leave_system_line(self, event: SystemLine.Left) -> None:
        event.stop()
        if boxes := self._boxes:
            boxes[0].focus()
        else:
            self.screen.focus_next()

    # The window

    @property
    def _boxes(self) -> list[MessageBox]:
        return [child for child in self.children if isinstance(child, MessageBox)]

    @property
    def _writing(self) -> AssistantMessage | None:
        boxes = reversed(self._boxes)  # one before the last may be being written by another process
        return next((box for box in boxes if isinstance(box, AssistantMessage) and box.writing), None)

    def _box(self, message_id: int | None) -> MessageBox | None:
        return next((box for box in self._boxes if box.message_id == message_id), None)

    def _index(self, message_id: int | None) -> int | None:
        ids = (view.message.id for view in reversed(self._views))
        back = next((back for back, id in enumerate(ids) if id == message_id), None)
        return None if back is None else len(self._views) - 1 - back

    async def _place_divider(self) -> None:
        """The divider stands above the first message in context, where there are messages before it."""
        views = self._views
        first = next((at for at, view in enumerate(views) if view.in_context), len(views))
        box = self._box(views[first].message.id) if 0 < first < len(views) else None
        children = list(self.children)
        shown = next(iter(self.query_children(_Divider)), None)
        if shown is not None and (box is None or children.index(shown) + 1 != children.index(box)):
            await taken_down(shown.remove())
            shown = None
        if shown is None and box is not None:
            await self.mount(_Divider("↑ no longer in context", markup=False), before=box)

    async def _new_boxes(self, begin: int, end: int) -> list[MessageBox]:
        """Boxes for messages `begin` to `end`, what takes time done: the answers are parsed, in a thread."""
        texts = [view.message.text for view in self._views[begin:end] if view.message.role is not Role.USER]
        parsed = iter(await asyncio.to_thread(parse_answers, texts, ansi=self.app.native_ansi_color))
        return [
            UserMessage(view)
            if view.message.role is Role.USER
            else AssistantMessage(
                view,
                model=self._changed_model(index),
                folded=self.thinking_folded,
                in_sight=self.in_sight,
                markdown=next(parsed),
            )
            for index, view in enumerate(self._views[begin:end], begin)
        ]

    def _changed_model(self, index: int) -> str:
        model = self._views[index].message.model
        before = (view.message for view in reversed(self._views[:index]))
        last = next((message.model for message in before if message.role is Role.ASSISTANT), "")
        return model if model != last else ""

    async def _add(self, view: MessageView) -> MessageBox:
        if self._window.end < len(self._views):
            await self._show_around(None)
        self._views.append(view)
        self._window = self._window.grown(below=1)
        [box] = await self._new_boxes(len(self._views) - 1, len(self._views))
        await self.mount(box)
        self.added_below()
        self.call_after_refresh(self._fit_window)
        return box

    async def _show_around(self, index: int | None) -> None:
        self._window = window_around(self._views, index, self.size if self.size.height else self.app.size)
        boxes = await self._new_boxes(self._window.begin, self._window.end)
        with self.app.batch_update():
            await self._remove(self._boxes)
            await self._mount(boxes)
            box = None if index is None else self._box(self._views[index].message.id)
            if box is None:
                super().follow_end()
            else:
                self.begin_with(box)
        self.text_below = False
        self.call_after_refresh(self._fit_window)

    async def _mount(self, boxes: Sequence[MessageBox], before: Widget | None = None) -> None:
        await self.mount_all(boxes, before=before)
        await self._place_divider()

    async def _remove(self, boxes: Sequence[MessageBox]) -> None:
        for box in boxes:  # what became of it while it was mounted, for when it is mounted again
            if (index := self._index(box.message_id)) is not None:
                self._views[index] = box.view
        if boxes:
            await taken_down(self.remove_children(boxes))

    async def _reopen(self, index: int | None) -> None:
        async with self._changing:
            await self._show_around(index)

    async def _fit_window(self) -> None:
        """Mount more where the reader comes near the border; take away what is far from what can be seen."""
        if self._changing.locked() or not self.size.height:
            return
        async with self._changing:
            screen, window = self.size.height, self._window
            above, below = self.scroll_y, self.max_scroll_y - self.scroll_y
            # Who follows the end needs little above it, and every mounted message costs with every new row.
            near, far = (0.5, 2) if self.following else (1, _MOST_SCREENS)
            if above < near * screen and window.begin > 0:
                await self._mount_above()
            elif below < screen and not self.ends_here:
                end = window.end + step(self._views[window.end :], self.size)
                boxes = await self._new_boxes(window.end, end)
                self._window = window.grown(below=end - window.end)
                with self.app.batch_update():
                    await self._mount(boxes)
            elif above > far * screen or below > far * screen:
                await self._prune()

    async def _mount_above(self) -> None:
        end = self._window.begin
        begin = end - step(reversed(self._views[:end]), self.size)
        boxes = await self._new_boxes(begin, end)
        self._window = self._window.grown(above=end - begin)
        with self.app.batch_update():
            await self._mount(boxes, before=self._boxes[0] if self._boxes else None)

    async def _prune(self) -> None:
        screen, boxes = self.size.height, self._boxes
        keep = 1 if self.following else _MOST_SCREENS / 2
        keep_from, keep_to = self.scroll_y - keep * screen, self.scroll_y + (1 + keep) * screen
        above = [box for box in boxes if box.virtual_region.bottom < keep_from]
        below = [box for box in boxes if box.virtual_region.y > keep_to]
        focused = self.current
        gone = [] if any(box.message_id == focused for box in above) else above
        if self._writing is None and not any(box.message_id == focused for box in below):
            gone, self._window = [*gone, *below], self._window.grown(below=-len(below))
        if gone and gone[0] in above:
            self._window = self._window.grown(above=-len(above))
        await self._remove(gone)
