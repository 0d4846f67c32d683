"""The branch of a conversation's tree that is shown, and each message's place: in it, and among its siblings."""

from __future__ import annotations

from collections.abc import Iterable

from tui.chat.tree import MessageTree
from tui.store.records import Message, Role


class Branch:
    """One way through a tree of messages, from the first to a leaf. Not thread-safe: whoever has it locks.

    Args:
        messages: All that was said, on every branch.
        head: A message on the branch to begin with; None, or one that is not there, for the newest.

    Attributes:
        tree: The messages.
        ids: Those on the branch, the first one first.
    """

    def __init__(self, messages: Iterable[Message], head: int | None) -> None:
        self.tree = MessageTree(messages)
        self.ids: tuple[int, ...] = ()
        self._places: dict[int, int] = {}
        # Another process may have taken the head out, or gone on from it.
        self.show_newest(head if head in self.tree else None)

    def __contains__(self, message_id: object) -> bool:
        return message_id in self._places

    @property
    def leaf(self) -> int | None:
        """Its last message; None where there is none."""
        return self.ids[-1] if self.ids else None

    def show(self, leaf: int | None) -> None:
        """Show the branch that ends with a message; None for an empty one."""
        self.ids = self.tree.branch(leaf)
        self._places = {id: place for place, id in enumerate(self.ids)}

    def show_newest(self, message_id: int | None) -> None:
        """Show the newest branch that a message is on; None: of all."""
        self.show(self.tree.newest_leaf(message_id))

    def place(self, message_id: int, otherwise: int) -> int:
        """Its place in the branch, counted from 0."""
        return self._places.get(message_id, otherwise)

    def last(self, role: Role) -> int | None:
        """The last message of a role."""
        return next((id for id in reversed(self.ids) if self.tree[id].role is role), None)

    def position(self, message_id: int) -> tuple[int, int]:
        """Its place among the messages in its place, counted from 1, and how many there are."""
        siblings = self.tree.siblings(message_id)
        return siblings.index(message_id) + 1, len(siblings)

    def sibling(self, message_id: int, step: int) -> int | None:
        """The message in its place `step` after (or before) it; None where there is none."""
        siblings = self.tree.siblings(message_id)
        place = siblings.index(message_id) + step
        return siblings[place] if 0 <= place < len(siblings) else None
