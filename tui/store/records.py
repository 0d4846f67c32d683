"""What is stored of a conversation: its own values, and its messages, which form a tree.

Pure data. A message's parent is the message before it; two messages with one parent are siblings: another question in
the same place, or another answer to the same question. Nothing is ever overwritten by editing or regenerating.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

ID_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # without i, l, o, u: read aloud, typed by hand
RANDOM_BITS = 20


class Role(StrEnum):
    """Who speaks."""

    USER = "user"
    ASSISTANT = "assistant"


class Ended(StrEnum):
    """How an answer ended: the engine's finish reasons, and what can happen around it."""

    WRITING = ""  # it is being written now
    STOP = "stop"
    LENGTH = "length"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"  # the process that wrote it is gone
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Facts:
    """How an answer came about.

    Attributes:
        device: Where the model ran.
        backend: How its attention was computed.
        precision: In which type.
        sampling: The values in effect, by `SamplingParams` field.
        sources: Who set each of them.
        seed: The seed that was drawn with.
        usage: prompt_tokens, cached_tokens, completion_tokens.
        timings: load_s, ttft_s, prefill_tokens_per_s, decode_tokens_per_s.
        reasoning_tokens: Tokens of the thinking.
        reasoning_s: Seconds the thinking took.
        error: What went wrong, where it ended so.
        next_step: What to do about that.
        replay_of: The message that this one repeats with the same seed and settings.
        differs_at: The first token in which a replay differs from that message, counted from 0; None where none does.
        begun: How many tokens it was begun with: those before another token was chosen, and that one.
    """

    device: str = ""
    backend: str = ""
    precision: str = ""
    sampling: Mapping[str, Any] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    seed: int | None = None
    usage: Mapping[str, int] = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)
    reasoning_tokens: int = 0
    reasoning_s: float = 0.0
    error: str = ""
    next_step: str = ""
    replay_of: int | None = None
    differs_at: int | None = None
    begun: int = 0


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation.

    Attributes:
        id: Unique; a later message has a greater one.
        conversation: Id of the conversation.
        parent: The message before it; None for the first.
        role: Who speaks.
        text: What was said; of an answer, without the thinking.
        created: Seconds since 1970.
        reasoning: The thinking.
        ended: How an answer ended; `STOP` for a user's message.
        model: Name of the model that answered.
        token_ids: The generated tokens that make up thinking and text, a stop token included.
        facts: How an answer came about.
    """

    id: int
    conversation: str
    parent: int | None
    role: Role
    text: str
    created: float
    reasoning: str = ""
    ended: Ended = Ended.STOP
    model: str = ""
    token_ids: tuple[int, ...] = ()
    facts: Facts = Facts()


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation's own values.

    Attributes:
        id: Ten letters and digits.
        title: "" until there is something to derive it from.
        renamed: The user gave the title.
        created: Seconds since 1970.
        updated: Seconds since 1970 of the last message.
        pinned: It stays on top of the list.
        archived: It is left out of the list.
        model: The model it is held with, by name; "" for none yet.
        system: The system prompt.
        sampling: What this conversation sets, by `SamplingParams` field; it wins over the user's settings.
        persona: The persona that it took last, by name; "" for none. What it has may have become other than that's.
        head: The last message of the branch that is shown.
        context_start: The first message that the model is still given; those before it are out of context.
    """

    id: str
    title: str = ""
    renamed: bool = False
    created: float = 0.0
    updated: float = 0.0
    pinned: bool = False
    archived: bool = False
    model: str = ""
    system: str = ""
    sampling: Mapping[str, Any] = field(default_factory=dict)
    persona: str = ""
    head: int | None = None
    context_start: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """Values of a stored conversation that become others; those that are not named stay as they are stored.

    Attributes:
        conversation: Id of the conversation.
        values: Field of `Conversation` -> value.
    """

    conversation: str
    values: Mapping[str, Any]


def new_conversation_id() -> str:
    """A fresh id."""
    return "".join(secrets.choice(ID_ALPHABET) for _ in range(10))


class _Ids:
    """Ascending ids, even where the clock does not ascend."""

    def __init__(self) -> None:
        self._last = 0
        self._lock = threading.Lock()

    def next(self) -> int:
        # Milliseconds, then random bits against another process in the same millisecond.
        candidate = (time.time_ns() // 1_000_000 << RANDOM_BITS) | secrets.randbits(RANDOM_BITS)
        with self._lock:
            self._last = max(candidate, self._last + 1)
            return self._last


_ids = _Ids()


def new_message_id() -> int:
    """A fresh id, greater than every one before it in this process; fits SQLite's integers until the year 2248."""
    return _ids.next()
