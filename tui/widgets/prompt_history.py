"""Earlier messages, walked through from the prompt. Pure: it knows no widget.

What was changed on the way stays where it was changed until something is sent, the draft first of all.
"""

from __future__ import annotations

from collections.abc import Iterable


class PromptHistory:
    """A walk from the draft, at 0, to ever older messages."""

    def __init__(self) -> None:
        self._messages: list[str] = []
        self._position = 0
        self._changed: dict[int, str] = {}

    def fill(self, messages: Iterable[str]) -> None:
        """Append older `messages`, newest first; what is there already is left out."""
        known = set(self._messages)
        for message in messages:
            if message.strip() and message not in known:
                known.add(message)
                self._messages.append(message)

    def add(self, message: str) -> str:
        """A message was sent: it is the newest now, and the walk begins anew. The draft, where that was another one."""
        draft = self._changed.get(0, "") if self._position else ""
        self.stop()
        if message.strip():
            self._messages = [message, *(each for each in self._messages if each != message)]
        return draft

    def stop(self) -> None:
        """Go back to the draft and forget what was changed on the way."""
        self._position = 0
        self._changed.clear()

    def draft(self, current: str) -> str:
        """What the user is writing: `current`, the prompt's text, unless that is an earlier message as it was sent."""
        if self._position and current == self._messages[self._position - 1]:
            return self._changed.get(0, "")
        return current

    def older(self, current: str) -> str | None:
        """The next older text, or None at the end; `current` is what stands in the prompt now."""
        return self._walk(self._position + 1, current)

    def newer(self, current: str) -> str | None:
        """The next newer text, in the end the draft, or None there."""
        return self._walk(self._position - 1, current)

    def _walk(self, position: int, current: str) -> str | None:
        if not 0 <= position <= len(self._messages):
            return None
        if self._position == 0 or current != self._messages[self._position - 1]:
            self._changed[self._position] = current
        self._position = position
        if position in self._changed:
            return self._changed[position]
        return self._messages[position - 1] if position else ""
