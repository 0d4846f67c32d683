"""Room in the context for what is to be answered: the user chooses what to do where there is too little."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from tui.chat.stored import another
from tui.engine.errors import OvchatError
from tui.screens.opening import may_leave
from tui.screens.overflow import OverflowChoice, OverflowScreen

if TYPE_CHECKING:
    from tui.chat.context import Overflow
    from tui.screens.chat_pane import ChatPane


async def make_room(
    pane: ChatPane, overflow_of: Callable[[], Overflow | None], text: str = "", instead_of: int | None = None
) -> bool:
    """Whether there is room, perhaps in another conversation, which the pane then shows.

    Args:
        pane: Shows the conversation.
        overflow_of: What has to leave, in the conversation that is shown; it computes.
        text: What is to be sent, which can also begin a new conversation; "" for nothing new.
        instead_of: The message in whose place it stands.
    """
    while True:
        try:
            overflow = await asyncio.to_thread(overflow_of)
        except OvchatError as error:
            pane.say_error(error)
            return False
        if overflow is None:
            return True
        session = pane.session
        match await pane.app.push_screen_wait(OverflowScreen(overflow, can_move=bool(text))):
            case OverflowChoice.DROP:
                session.drop_oldest(overflow)
                await pane.take(session)
                return True
            case OverflowChoice.NEW if await may_leave(pane.app, pane):
                new = pane.new_session(temporary=session.temporary, begun=(another(session.conversation), []))
                pane.under_way.move_on(new)
                await pane.take(pane.session)
                return True
            case OverflowChoice.SUMMARY if await may_leave(pane.app, pane):
                if not await _move_with_summary(pane, text, instead_of):
                    return False
                # The user may have made the summary longer than there is room for: once more.
                instead_of = None
            case _:
                return False


async def _move_with_summary(pane: ChatPane, text: str, instead_of: int | None) -> bool:
    """Go on in a new conversation that begins with a summary of this one; False where the user leaves it."""
    from tui.chat.summary import Summary, continued
    from tui.screens.summary import SummaryScreen

    session = pane.session
    summary = await pane.app.push_screen_wait(SummaryScreen(Summary(session, text, instead_of)))
    if summary is None:
        return False
    begun = continued(session.conversation, summary)
    pane.under_way.move_on(pane.new_session(temporary=session.temporary, begun=begun))
    await pane.take(pane.session)
    return True
