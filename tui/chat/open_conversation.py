"""A conversation in memory: its values, all that was said, and the branch of that which is shown.

What changes is handed to the outbox. What was said is a tree; it is only ever added to.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from tui.chat.branch import Branch
from tui.chat.context import Overflow
from tui.chat.stored import new_conversation
from tui.chat.titles import derive_title
from tui.engine.errors import OvchatError
from tui.engine.sampling_params import checked
from tui.store.records import Change, Conversation, Ended, Message, Role, new_message_id

if TYPE_CHECKING:
    from tui.chat.outbox import Outbox
    from tui.chat.turn import Turn
    from tui.store.saving import Record, Whole


class OpenConversation:
    """One conversation. Methods may be called from any thread, and wait for nothing.

    Args:
        conversation: Its values, new or stored.
        outbox: Where it is written; None for a temporary one, of which nothing is stored.
        messages: All that was said, on every branch.
    """

    def __init__(
        self, conversation: Conversation | None = None, outbox: Outbox | None = None, messages: Iterable[Message] = ()
    ) -> None:
        self._conversation = conversation or new_conversation()
        self._outbox = outbox
        self._lock = threading.RLock()
        self._branch = Branch(messages, self._conversation.head)
        self._tree = self._branch.tree
        self._turn: Turn | None = None
        # A conversation is stored with its first message.
        self._stored = bool(self._branch.ids)
        # The id that the next message of the user has, where the context is to begin with it.
        self._next_id = new_message_id()

    @property
    def conversation(self) -> Conversation:
        """Its values now."""
        return self._conversation

    @property
    def temporary(self) -> bool:
        """Nothing of it is stored."""
        return self._outbox is None

    @property
    def turn(self) -> Turn | None:
        """The turn under way."""
        return self._turn

    @property
    def messages(self) -> tuple[Message, ...]:
        """The branch that is shown; the last one may be being written."""
        with self._lock:
            return tuple(self.message(each) for each in self._branch.ids)

    @property
    def written_elsewhere(self) -> Message | None:
        """The last message of the branch, where another process is writing it."""
        with self._lock:
            last = self._branch.leaf
            found = self._tree[last] if last is not None and self._turn is None else None
            return found if found is not None and found.ended is Ended.WRITING else None

    def read_elsewhere(self) -> Message | None:
        """What another process has written of the last message since; None where it writes none. Reads: it takes time.

        Raises:
            StoreError: It cannot be read.
        """
        before = self.written_elsewhere
        if before is None or self._outbox is None:
            return None
        now = self._outbox.opened().message(before.id)
        # Dropped, it came to nothing there.
        now = now or replace(before, ended=Ended.INTERRUPTED)
        with self._lock:
            if self._turn is None:
                self._tree.put(now)
        return now

    @property
    def every_message(self) -> tuple[Message, ...]:
        """The messages of all branches, by id."""
        with self._lock:
            return tuple(self.message(each) for each in self._tree)

    def message(self, message_id: int) -> Message:
        """A message on any branch; `KeyError` where there is none."""
        with self._lock:
            if self._turn is not None and self._turn.message_id == message_id:
                return self._turn.message()
            return self._tree[message_id]

    def last(self, role: Role) -> Message | None:
        """The last message of a role on the branch that is shown; None where there is none."""
        with self._lock:
            found = self._branch.last(role)
            return self.message(found) if found is not None else None

    def position(self, message_id: int) -> tuple[int, int]:
        """Its place among the messages in its place, counted from 1, and how many there are."""
        with self._lock:
            return self._branch.position(message_id)

    def in_context(self, message_id: int) -> bool:
        """Whether the model is still given it."""
        with self._lock:
            start = self._conversation.context_start
            if start == self._next_id:
                return False
            # On a branch that does not have it, everything is.
            first = self._branch.place(start, 0) if start is not None else 0
            return self._branch.place(message_id, first) >= first

    def move(self, message_id: int, step: int) -> bool:
        """Show the sibling `step` after (or before) a message, and the newest that follows it; False: there is none."""
        with self._lock:
            sibling = self._branch.sibling(message_id, step)
            if self._turn is not None or sibling is None:
                return False
            self.show_branch_of(sibling)
            return True

    def show_branch_of(self, message_id: int) -> None:
        """Show the newest branch that a message is on.

        Raises:
            OvchatError: A turn is under way.
        """
        with self._lock:
            if message_id in self._branch:
                return
            self._idle()
            self._branch.show_newest(message_id)
            self.update(head=self._branch.leaf)

    def rename(self, title: str) -> None:
        """Give it a title; "" goes back to the derived one."""
        with self._lock:
            first = next((each.text for each in self.messages if each.role is Role.USER), "")
            self.update(title=title.strip() or derive_title(first), renamed=bool(title.strip()))

    def set_system(self, text: str) -> None:
        """The system prompt from the next turn on; "" for none."""
        self.update(system=text)

    def set_sampling(self, values: Mapping[str, Any]) -> None:
        """What this conversation sets, in place of what it set; None leaves a value to whoever else sets it.

        Raises:
            BadParameter: There is no such value, or it is out of its range.
        """
        self.update(sampling={name: checked(name, value) for name, value in values.items() if value is not None})

    def set_model(self, name: str) -> None:
        """The model that answers from now on, as the user calls it."""
        if name != self._conversation.model:
            self.update(model=name)

    def update(self, **values: Any) -> None:
        """Set fields of the conversation: `pinned`, `archived`, ... What is not named stays as it is stored."""
        with self._lock:
            self._conversation = replace(self._conversation, **values)
            if self._stored:
                # Though nothing may have changed here: another process may have set them meanwhile.
                self._put(Change(self._conversation.id, values))

    def drop_oldest(self, overflow: Overflow) -> None:
        """Leave out of the context what `overflow` says."""
        if overflow.start is not None:
            self.update(context_start=overflow.start)

    def _given(self, leaf: int | None) -> list[Message]:
        """The messages in the context, of the branch up to `leaf`."""
        with self._lock:
            ids, start = self._tree.branch(leaf), self._conversation.context_start
            if start == self._next_id:
                return []
            first = ids.index(start) if start in ids else 0
            return [self.message(each) for each in ids[first:]]

    def _put(self, *records: Record) -> None:
        if self._outbox is not None:
            self._outbox.put(*records, whole=self._whole)

    def _changes_since(self, before: Conversation) -> Change:
        """What is other than it was, and where one is: another process may have gone elsewhere."""
        now = self._conversation
        values = {each.name: getattr(now, each.name) for each in fields(now)}
        return Change(
            now.id, {name: new for name, new in values.items() if name == "head" or new != getattr(before, name)}
        )

    def _whole(self) -> Whole:
        """All of it, for a database that has lost it."""
        with self._lock:
            return self._conversation, [self._as_ours(each) for each in self.every_message]

    def _as_ours(self, message: Message) -> Message:
        is_ours = self._turn is not None and self._turn.message_id == message.id
        # What another process was writing when this one read it, nobody goes on with here.
        return message if is_ours or message.ended is not Ended.WRITING else replace(message, ended=Ended.INTERRUPTED)

    def _idle(self) -> None:
        if self._turn is not None:
            raise OvchatError("An answer is being written.", "Wait for it, or stop it.")
