"""A conversation that grows in a store."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tui.store.conversations import Conversations
from tui.store.records import Conversation, Ended, Facts, Message, Role, new_conversation_id, new_message_id

FACTS = Facts(
    device="GPU.1",
    backend="paged",
    precision="f32",
    sampling={"temperature": 0.7, "stop": ("a", "b"), "max_tokens": None},
    sources={"temperature": "conversation"},
    seed=2**63 - 1,
    usage={"prompt_tokens": 3, "cached_tokens": 0, "completion_tokens": 2},
    timings={"load_s": 0.5, "ttft_s": 0.25},
    reasoning_tokens=1,
    reasoning_s=0.5,
    replay_of=7,
    differs_at=0,
)


class Talk:
    """Messages one after another; each becomes the head."""

    def __init__(self, store: Conversations, created: float = 1_700_000_000.0, **values: Any) -> None:
        self.store = store
        self.conversation = Conversation(new_conversation_id(), created=created, updated=created, **values)
        self._now = created
        store.save(self.conversation)

    @property
    def id(self) -> str:
        return self.conversation.id

    def say(self, text: str, **values: Any) -> Message:
        return self._add(Role.USER, text, values)

    def answer(self, text: str, **values: Any) -> Message:
        return self._add(Role.ASSISTANT, text, values)

    def write(self, text: str, **values: Any) -> Message:
        """An answer that is being written."""
        return self.answer(text, ended=Ended.WRITING, **values)

    def change(self, **values: Any) -> None:
        self.conversation = replace(self.conversation, **values)
        self.store.save(self.conversation)

    def _add(self, role: Role, text: str, values: dict[str, Any]) -> Message:
        self._now += 1
        values = {"parent": self.conversation.head, "created": self._now} | values
        message = Message(id=new_message_id(), conversation=self.id, role=role, text=text, **values)
        self.store.save(message)
        self.change(head=message.id, updated=message.created)
        return message
