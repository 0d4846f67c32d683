"""What is to be told of a conversation whose last answer is not whole, for as long as it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.store.records import Ended
from tui.widgets.notice import Notice

if TYPE_CHECKING:
    from tui.chat.session import ChatSession


def tell(notice: Notice, session: ChatSession) -> None:
    """Say who writes the last answer, or offer to go on with it; nothing where it is whole or was stopped."""
    last = session.messages[-1] if session.messages else None
    if session.written_elsewhere is not None:
        notice.say(
            "Another ovchat is writing this answer.",
            stays=True,
            lasts=lambda: session.written_elsewhere is not None,
        )
    elif last is not None and last.ended is Ended.INTERRUPTED:
        notice.say(
            "This answer was interrupted; what was written is here. Alt+G continues it.",
            stays=True,
            lasts=lambda: session.can_proceed(last.id),
        )
