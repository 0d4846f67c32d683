"""The plain view: the conversation as plain Markdown in the terminal's scrollback, where its own selection works."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

from tui.store.exchange import to_markdown
from tui.store.records import Conversation, Ended, Message
from tui.terminal.visible import visible

if TYPE_CHECKING:
    from tui.chat.session import ChatSession
    from tui.terminal.display import TerminalApp

_LAST_LINE = "[Plain view: select and copy as in a shell. {} goes back to ovchat.]"
_GOES_ON = "[The last answer is still being written.]\n"
_NOT_HERE = "This terminal has no plain view. Alt+S saves the conversation to a file."


async def show_plain(app: TerminalApp, session: ChatSession) -> str:
    """Show the branch of `session` that is shown in the plain view. What to tell the user afterwards."""
    messages = session.messages
    try:
        await app.show_in_scrollback(plain_text(session.conversation, messages), _LAST_LINE)
    except SuspendNotSupported:
        return _NOT_HERE
    return ""


def plain_text(conversation: Conversation, branch: Sequence[Message]) -> str:
    """One branch of a conversation as plain Markdown, its control characters visible."""
    text = visible(to_markdown(conversation, branch))
    goes_on = bool(branch) and branch[-1].ended is Ended.WRITING
    return f"{text}\n{_GOES_ON}" if goes_on else text
