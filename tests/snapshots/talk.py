"""Stored conversations that are the same each time: ids, times, seeds and speeds are given."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tui.store.conversations import Conversations
from tui.store.records import Conversation, Ended, Facts, Message, Role

NOON = 1_760_011_200.0  # 9 October 2025, 12:00 UTC, a Thursday
DAY = 86_400.0
ANSWERED = Facts(
    device="CPU",
    backend="paged",
    precision="f32",
    sampling={"temperature": 0.7},
    seed=20251009,
    usage={"prompt_tokens": 48, "cached_tokens": 32, "completion_tokens": 96},
    timings={"load_s": 0.4, "ttft_s": 0.21, "prefill_tokens_per_s": 310.0, "decode_tokens_per_s": 41.5},
)
MARKDOWN = """\
A binary search halves what is left with every look:

1. look at the **middle**
2. go on in the *half* that can have it

```python
def find(values: list[int], wanted: int) -> int:
    \"\"\"Index of `wanted`, or -1.\"\"\"
    low, high = 0, len(values)
    while low < high:
        middle = (low + high) // 2
        if values[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low if low < len(values) and values[low] == wanted else -1
```

| size | looks |
|-----:|------:|
| 1,000 | 10 |
| 1,000,000 | 20 |

> It needs sorted values. See [the article](https://example.org/search)."""


class Talk:
    """Writes one conversation into the database of `home`, message by message."""

    def __init__(self, home: Path, title: str, days_ago: float = 0.0, id: str = "aaaaaaaaaa", first: int = 1) -> None:
        self._store = Conversations.open(home / "conversations.db")
        at = NOON - days_ago * DAY
        self.conversation = Conversation(id, title, created=at, updated=at, model="scripted")
        self._next = first
        self._store.save(self.conversation)

    def add(self, role: Role, text: str, parent: int | None = None, **fields: object) -> int:
        """Add a message below `parent`, or below the last one; its id."""
        message = Message(
            self._next,
            self.conversation.id,
            parent if parent is not None else self.conversation.head,
            role,
            text,
            self.conversation.updated + self._next / 100,
            model="scripted" if role is Role.ASSISTANT else "",
            facts=ANSWERED if role is Role.ASSISTANT else Facts(),
        )
        self._store.save(replace(message, **fields))  # type: ignore[arg-type]
        self._next += 1
        self.update(head=message.id)
        return message.id

    def ask(self, question: str, answer: str, **fields: object) -> int:
        """A question and its answer; the id of the answer."""
        self.add(Role.USER, question)
        return self.add(Role.ASSISTANT, answer, **fields)

    def update(self, **fields: object) -> None:
        """Change values of the conversation."""
        self.conversation = replace(self.conversation, **fields)  # type: ignore[arg-type]
        self._store.save(self.conversation)

    def close(self) -> None:
        self._store.close()


def stopped() -> dict[str, object]:
    """What an answer has that was stopped."""
    return {"ended": Ended.CANCELLED}


def failed() -> dict[str, object]:
    """What an answer has that the context ended."""
    facts = replace(ANSWERED, error="The context of 4,096 tokens is full.", next_step="Set engine.context higher.")
    return {"ended": Ended.ERROR, "facts": facts}


def thought() -> dict[str, object]:
    """What an answer has that was thought over."""
    return {
        "reasoning": "The user wants to know about search.\nHalving is the idea; the rest is borders.",
        "facts": replace(ANSWERED, reasoning_tokens=214, reasoning_s=3.2),
    }
