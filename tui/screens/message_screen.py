"""A screen with a conversation on it: what its keys do with the messages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from textual import getters, work
from textual.geometry import Offset
from textual.screen import Screen
from textual.widget import Widget

from tui.chat.session import ChatSession
from tui.engine.errors import OvchatError
from tui.screens import message_actions
from tui.screens.chat_pane import ChatPane
from tui.screens.details import DetailsScreen
from tui.screens.dialogs import ChoiceDialog
from tui.screens.plain_view import show_plain
from tui.screens.type_ahead import changes_screen
from tui.store.errors import StoreError
from tui.store.records import Message, Role
from tui.terminal.display import TerminalApp
from tui.widgets.block_view import BlockView
from tui.widgets.markdown_blocks import code_blocks
from tui.widgets.message_box import MessageBox

if TYPE_CHECKING:
    from tui.chat.turn import Turn

_NOTHING_TO_EDIT = "There is nothing to edit yet."


class MessageScreen(Screen[None]):
    """Shows a conversation.

    Args:
        pane: The conversation.
    """

    app = getters.app(TerminalApp)

    def __init__(self, pane: ChatPane) -> None:
        super().__init__()
        self.pane = pane

    def get_widget_and_offset_at(self, x: int, y: int) -> tuple[Widget | None, Offset | None]:
        """What is at a place of the screen, for a selection: beside a text is where its row begins."""
        widget, offset = super().get_widget_and_offset_at(x, y)
        if widget is not None and not isinstance(widget, BlockView):
            box = next((node for node in widget.ancestors_with_self if isinstance(node, MessageBox)), None)
            views = box.query(BlockView) if box is not None else ()
            if view := next((each for each in views if each.region.y <= y < each.region.bottom), None):
                return super().get_widget_and_offset_at(view.region.x, y)
        return widget, offset

    @property
    def session(self) -> ChatSession:
        """The conversation that is shown."""
        return self.pane.session

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What keeps something from being done is said, with the next step."""
        try:
            yield
        except (StoreError, OvchatError) as error:
            self.pane.say_error(error)

    def action_regenerate(self) -> None:
        session, chosen = self.session, self._chosen(Role.ASSISTANT)

        def regenerate() -> Turn:
            turn = session.regenerate(chosen)
            if not turn.sampling.temperature and session.position(turn.message_id)[1] > 1:
                self._say("At temperature 0 the answer will be the same. F7 lets it vary.")
            return turn

        self.pane.answer(regenerate, lambda: session.overflow_of_answer(chosen))

    def action_replay(self) -> None:
        session, chosen = self.session, self._chosen(Role.ASSISTANT)
        # Without asking: it is to see what it saw.
        self.pane.answer(lambda: session.replay(chosen))

    def action_proceed(self) -> None:
        session, chosen = self.session, self._chosen(Role.ASSISTANT)
        if chosen is None and (last := session.last(Role.ASSISTANT)) is not None:
            chosen = last.id
        overflow = None
        if chosen is not None and session.can_proceed(chosen):  # else there is nothing to make room for
            overflow = partial(session.overflow_of_answer, chosen, proceed=True)
        self.pane.answer(lambda: session.proceed(chosen), overflow)

    def action_edit(self) -> None:
        if message := self._message(Role.USER):
            self.pane.edit(message)

    @changes_screen
    @work(group="dialog", exclusive=True)
    async def action_edit_earlier(self) -> None:
        questions = [message for message in reversed(self.session.messages) if message.role is Role.USER]
        if not questions:
            self._say(_NOTHING_TO_EDIT)
            return
        number = await self.app.push_screen_wait(
            ChoiceDialog("Edit which message?", [message.text for message in questions])
        )
        if number is not None:
            self.pane.edit(questions[number])

    def action_take_back(self) -> None:
        if not self.pane.take_back():
            self._say("Nothing is queued.")

    def action_choose_message(self) -> None:
        self.focus_previous()

    def action_sibling(self, step: int) -> None:
        places = [message.id for message in self.session.messages if self.session.position(message.id)[1] > 1]
        chosen = self.pane.transcript.current
        if not places:
            self._say("There is one version of every message so far: Ctrl+R and Alt+E make others.")
            return
        message = chosen if chosen in places else places[-1]
        place, count = self.session.position(message)
        if self.session.turn is None and not 1 <= place + step <= count:
            which = "last" if step > 0 else "first"
            self._say(f"This is the {which} of {count} versions.")
            return
        self.pane.move(message, step)

    def _chosen(self, role: Role) -> int | None:
        """The focused message, if it has this role."""
        current = self.pane.transcript.current
        return next((each.id for each in self.session.messages if each.id == current and each.role is role), None)

    def _message(self, role: Role) -> Message | None:
        """The focused message of a role, else the last one; None, and that said, where there is none."""
        chosen = self._chosen(role)
        if chosen is not None:
            return self.session.message(chosen)
        last = self.session.last(role)
        if last is None:
            self._say("There is no answer yet." if role is Role.ASSISTANT else _NOTHING_TO_EDIT)
        return last

    def action_copy_answer(self) -> None:
        if message := self._message(Role.ASSISTANT):
            self._copy(message.text)

    @changes_screen
    @work(group="dialog", exclusive=True)
    async def action_copy_code(self) -> None:
        if message := self._message(Role.ASSISTANT):
            code = await message_actions.choose_code(self.app, message)
            if code is not None:
                self._copy(code)
            elif not code_blocks(message.text):
                self._say("This answer has no code block.")

    @work(group="copy")
    async def _copy(self, text: str) -> None:
        if not text:  # which would clear the clipboard
            self._say("There is nothing to copy yet.")
            return
        copied = await self.app.copy(text)
        self._say(copied.said, "warning" if copied.nowhere else "information")

    @work(group="plain", exclusive=True)
    async def action_plain_view(self) -> None:
        self._say(await show_plain(self.app, self.session))

    @changes_screen
    def action_details(self) -> None:
        if message := self._message(Role.ASSISTANT):
            self.app.push_screen(DetailsScreen(message, self.session.position(message.id)))

    @changes_screen
    @work(group="dialog", exclusive=True)
    async def action_alternatives(self) -> None:
        from tui.screens.alternatives import TOP, AlternativesScreen  # as it is opened, not as the app begins

        session, message = self.session, self._message(Role.ASSISTANT)
        if message is None:
            return
        panel = AlternativesScreen(partial(session.look_at, message.id, TOP))
        chosen = await self.app.push_screen_wait(panel)
        if panel.scored:
            session.keep_scores(message.id, TOP, panel.scored)
        if chosen is not None:
            self.pane.answer(
                lambda: session.begin_from(message.id, *chosen), lambda: session.overflow_of_answer(message.id)
            )

    @changes_screen
    def action_inspect(self) -> None:
        from tui.screens.inspector import InspectorScreen  # as it is opened, not as the app begins

        typed = self.pane.prompt.text_to_send
        self.app.push_screen(InspectorScreen(partial(self.session.inspect, typed, self.pane.editing)))

    @changes_screen
    @work(group="dialog", exclusive=True)
    async def action_save(self) -> None:
        if not self.session.messages:
            self._say("There is nothing to save yet.")
            return
        with self._told():
            self._say(await message_actions.save_to_file(self.app, self.session))

    def _say(self, text: str, severity: str = "information") -> None:
        if text:
            self.pane.notice.say(text, severity)
