"""What is being written: a conversation's draft, or an earlier message that stands in its place in the prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.chat.session import ChatSession
    from tui.widgets.prompt import Prompt


class Draft:
    """The prompt, and what it is used for.

    Args:
        prompt: Where it is written.

    Attributes:
        editing: The user's message that is being edited.
        edited: What one was changed to: sent, and not in the conversation yet.
    """

    def __init__(self, prompt: Prompt) -> None:
        self.editing: int | None = None
        self.edited = ""
        self._prompt = prompt
        self._kept = ""

    def load(self, text: str) -> None:
        """Another draft; an edit ends."""
        self.editing, self.edited = None, ""
        self._prompt.load(text)

    def edit(self, message_id: int, text: str) -> None:
        """Put a message of the user's into the prompt; the draft waits."""
        if self.editing is None:
            self._kept = self._prompt.own_text
        self.editing = message_id
        self._prompt.load(text)

    def end_edit(self) -> bool:
        """Back to the draft; False where nothing is being edited."""
        if self.editing is None:
            return False
        self.editing = None
        self._prompt.load(self._kept)
        return True

    def give_back(self, text: str) -> None:
        """Put what was to be said back into the draft, before what was typed since; not into an edit."""
        if self.editing is None:
            self._prompt.give_back(text)
        else:
            self._kept = "\n".join(filter(None, (text, self._kept)))

    def unsent(self, session: ChatSession) -> str:
        """All of it, to be stored: what was changed in an edit, too."""
        typed = self._prompt.draft
        if self.editing is None:
            parts = [self.edited, typed]
        else:
            parts = [self._kept, typed if typed != session.message(self.editing).text else ""]
        return "\n\n".join(filter(None, parts))
