"""What other programs say of a conversation, as a conversation of ours: their tree of nodes becomes our messages.

The ids follow from theirs: what is imported once more gets the same ones again.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tui.store.errors import StoreError
from tui.store.records import ID_ALPHABET, RANDOM_BITS, Conversation, Ended, Facts, Message, Role

_LATEST = 2.0**33  # seconds since 1970 that still fit in a message's id
_ID_LENGTH = 10
# What counts milliseconds or nanoseconds is greater than these.
_MILLISECONDS, _NANOSECONDS = 1e11, 1e17

Whole = tuple[Conversation, list[Message]]


@dataclass(frozen=True, slots=True)
class Node:
    """A node of another program's tree.

    Attributes:
        id: Its id there.
        parent: That of the node before it; None, or one that is not there, for the first.
        role: Who speaks; None: it says nothing, and what follows it follows the node before it.
        text: What was said.
        reasoning: The thinking before that.
        created: Seconds since 1970; None: it is not known.
        model: Who answered.
        reasoning_s: Seconds the thinking took.
        error: What went wrong.
    """

    id: str
    parent: str | None
    role: Role | None
    text: str = ""
    reasoning: str = ""
    created: float | None = None
    model: str = ""
    reasoning_s: float = 0.0
    error: str = ""


def fields_of(
    tree: Mapping[str, Any], parent: str, children: str
) -> Iterator[tuple[str, str | None, Mapping[str, Any]]]:
    """Of every message its id, that of the one before it, and its fields.

    Args:
        tree: The fields by id.
        parent: The field with the id of the one before; where it is missing, or the message's own, that is the one that
            has it in `children`.
        children: The field with the ids of those that follow.

    Raises:
        StoreError: One of them has no fields.
    """
    above = {child: id for id, each in tree.items() for child in texts(table(each).get(children)) if child != id}
    for id, fields in tree.items():
        if not isinstance(fields, dict):
            raise StoreError(f"Its message {id[:40]!r} is no table.")
        before = text(fields.get(parent))
        yield id, above.get(id, before or None) if before in ("", id) else before, fields


def whole(
    source: str,
    id: str,
    title: str,
    nodes: Iterable[Node],
    *,
    created: float,
    updated: float | None,
    current: str,
    system: Iterable[str],
    pinned: bool,
    archived: bool,
    notes: list[str],
) -> Whole:
    """The conversation of another program's, with all its branches.

    Args:
        source: The program.
        id: The conversation's id there; "" for none.
        title: As it is there.
        nodes: All of them.
        created: Seconds since 1970; 0: it does not say.
        updated: Likewise; None: it does not say.
        current: Id of the node that the user saw last.
        system: All that the model was told in it.
        pinned: It is marked there.
        archived: It is put away there.
        notes: Gets a sentence where the nodes are no tree.
    """
    title = " ".join(title.split())
    here = _conversation_id(source, id or f"{title} {created}")
    by_id, cut = _without_circles(nodes)
    if cut:
        which = "1 message follows itself" if cut == 1 else f"{cut:,} messages follow themselves"
        notes.append(f"{which}; what nothing comes before now begins a branch of its own.")
    messages, head = _messages_of(here, by_id, created, current)
    if not created and messages:
        created = messages[0].created
    conversation = Conversation(
        here,
        title,
        created=created,
        updated=max([updated or created, *(each.created for each in messages)]),
        pinned=pinned,
        archived=archived,
        system="\n\n".join(dict.fromkeys(filter(None, system))),
        head=head,
    )
    return conversation, messages


def _conversation_id(source: str, id: str) -> str:
    """The id that another program's conversation has here."""
    number = _hash(f"{source}:{id}")
    return "".join(ID_ALPHABET[number >> 5 * place & 31] for place in range(_ID_LENGTH))


def _without_circles(nodes: Iterable[Node]) -> tuple[dict[str, Node], int]:
    """The nodes by their ids, and in how many circles they followed each other: the earliest in each is a first now."""
    by_id = {each.id: each for each in nodes}
    places = {id: place for place, id in enumerate(by_id)}
    known: set[str] = set()  # what is before these ends
    cut = 0
    for id in places:
        line: dict[str, Node] = {}
        above: str | None = id
        while above is not None and above in by_id and above not in known and above not in line:
            line[above] = by_id[above]
            above = by_id[above].parent
        if above in line:
            before = list(line).index(above)
            circle = list(line.values())[before:]
            first = min(circle, key=lambda each: (each.created or math.inf, places[each.id]))
            by_id[first.id] = replace(first, parent=None)
            cut += 1
        known.update(line)
    return by_id, cut


def _messages_of(
    conversation: str, by_id: Mapping[str, Node], created: float, current: str
) -> tuple[list[Message], int | None]:
    """The messages that the nodes become, each after its parent, and the one at which `current` is.

    Answers that follow each other, with what tools said between them, become one: here, a question has one answer.

    Args:
        conversation: Id of the conversation here.
        by_id: All of them, none before itself.
        created: When it began, for nodes that do not say when they were.
        current: Id of the node that the user saw last.
    """
    builder = _Builder(conversation, created)
    children: dict[str, list[Node]] = {}
    waiting: list[tuple[Node, Message | None, tuple[Node, ...]]] = []
    for node in by_id.values():
        if node.parent is not None and node.parent in by_id:
            children.setdefault(node.parent, []).append(node)
        else:
            waiting.append((node, None, ()))
    waiting.reverse()
    while waiting:
        node, parent, said = waiting.pop()
        if node.role is Role.USER:
            parent, said = builder.put((node,), builder.put(said, parent) if said else parent), ()
        elif node.role is Role.ASSISTANT:
            said = (*said, node)
        following = children.get(node.id, ())
        if said and not following:
            builder.put(said, parent)
        waiting += [(each, parent, said) for each in reversed(following)]
    return builder.messages, builder.place_of(current, by_id)


class _Builder:
    def __init__(self, conversation: str, created: float) -> None:
        self.messages: list[Message] = []
        self._conversation = conversation
        self._created = created
        self._ids: set[int] = set()
        self._of: dict[str, Message] = {}  # the message that ends with a node
        self._in: dict[str, int] = {}  # the latest that has it

    def put(self, said: tuple[Node, ...], parent: Message | None) -> Message:
        """The message of these nodes; made once, though several may follow it."""
        last = said[-1]
        if (known := self._of.get(last.id)) is not None:
            return known
        times = (each.created for each in said if each.created is not None)
        created = next(times, parent.created if parent is not None else self._created)
        id = int(created * 1000) << RANDOM_BITS | _hash(f"{self._conversation}:{last.id}") % (1 << RANDOM_BITS)
        if parent is not None:
            id = max(id, parent.id + 1)
        while id in self._ids:
            id += 1
        error = next((each.error for each in said if each.error), "")
        message = Message(
            id,
            self._conversation,
            parent.id if parent is not None else None,
            said[0].role or Role.ASSISTANT,
            "\n\n".join(each.text for each in said if each.text),
            created,
            "\n\n".join(each.reasoning for each in said if each.reasoning),
            Ended.ERROR if error else Ended.STOP,
            next((each.model for each in reversed(said) if each.model), ""),
            facts=Facts(reasoning_s=sum(each.reasoning_s for each in said), error=error),
        )
        self.messages.append(message)
        self._ids.add(id)
        self._of[last.id] = message
        self._in.update((each.id, id) for each in said)
        return message

    def place_of(self, node: str, by_id: Mapping[str, Node]) -> int | None:
        """The message that has a node, or one before it; the last one where there is no such node."""
        while node in by_id:
            if node in self._in:
                return self._in[node]
            node = by_id[node].parent or ""
        return self.messages[-1].id if self.messages else None


# What is read of tables whose fields may be anything


def table(value: object) -> Mapping[str, Any]:
    """`value` if it is a table; else an empty one."""
    return value if isinstance(value, dict) else {}


def text(value: object) -> str:
    """`value` if it is a text; else none."""
    return value if isinstance(value, str) else ""


def texts(value: object) -> list[str]:
    """The texts in a list."""
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def tables(value: object) -> list[Mapping[str, Any]]:
    """The tables in a list."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def seconds(value: object) -> float | None:
    """Seconds since 1970, where it is a time: of seconds, milliseconds or nanoseconds."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    unit = 1e9 if value >= _NANOSECONDS else 1e3 if value >= _MILLISECONDS else 1.0
    try:
        found = value / unit
    except OverflowError:
        return None
    return found if 0 < found < _LATEST else None


def fenced(code: str, language: str = "") -> str:
    """`code` as a block of Markdown."""
    fence = "```"
    while fence in code:
        fence += "`"
    return f"{fence}{language}\n{code.strip(chr(10))}\n{fence}"


def _hash(text: str) -> int:
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big")
