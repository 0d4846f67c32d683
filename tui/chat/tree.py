"""The messages of one conversation in memory: a tree, of which one branch is shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tui.store.records import Message


class MessageTree:
    """Messages by id and by parent. Of two siblings, the later one has the greater id."""

    def __init__(self, messages: Iterable[Message] = ()) -> None:
        self._messages: dict[int, Message] = {}
        self._children: dict[int | None, list[int]] = {}
        for message in sorted(messages, key=lambda each: each.id):
            self.put(message)

    def __iter__(self) -> Iterator[int]:
        return iter(sorted(self._messages))

    def __contains__(self, message_id: object) -> bool:
        return message_id in self._messages

    def __getitem__(self, message_id: int) -> Message:
        return self._messages[message_id]

    def put(self, message: Message) -> None:
        """A new message, or a new version of one."""
        if message.id not in self._messages:
            self._children.setdefault(message.parent, []).append(message.id)
        self._messages[message.id] = message

    def drop(self, message_id: int) -> None:
        """Take out a message that nothing follows."""
        message = self._messages.pop(message_id)
        self._children[message.parent].remove(message_id)

    def siblings(self, message_id: int) -> list[int]:
        """The messages in its place, itself included, the oldest first."""
        return self._children[self._messages[message_id].parent]

    def branch(self, leaf: int | None) -> tuple[int, ...]:
        """Ids from the first message to `leaf`; none where that is not there."""
        ids: list[int] = []
        while leaf is not None and leaf in self._messages:
            ids.append(leaf)
            leaf = self._messages[leaf].parent
        return tuple(reversed(ids))

    def newest_leaf(self, message_id: int | None) -> int | None:
        """The end of the newest branch through a message; None begins at the first messages."""
        leaves, waiting = [], [message_id]
        while waiting:
            each = waiting.pop()
            children = self._children.get(each)
            if children:
                waiting += children
            elif each is not None:
                leaves.append(each)
        return max(leaves, default=None)
