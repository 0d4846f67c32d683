"""A conversation as a file that others can read, and back: all of it as JSON, one branch of it as Markdown.

The JSON's format is named in it: "ovchat/1". Message ids are strings, since JavaScript's numbers are shorter.
"""

from __future__ import annotations

import json
import math
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any

from tui.store.errors import StoreError
from tui.store.records import Conversation, Ended, Facts, Message, Role, new_conversation_id
from tui.store.settings import SCHEMA

FORMAT = "ovchat/1"
_LATEST = 2.0**33  # seconds since 1970 that still fit in a message's id
_OPEN_FENCE = re.compile(r"^(\s*)(`{3,}(?=[^`]*$)|~{3,})")
_REQUIRED = object()
_ANY_NUMBER = (int, float)

# Facts by their type in the file; `replay_of`, an id, is treated apart.
_FACTS: Mapping[str, type | tuple[type, ...]] = {
    "device": str,
    "backend": str,
    "precision": str,
    "sampling": dict,
    "sources": dict,
    "seed": int,
    "usage": dict,
    "timings": dict,
    "reasoning_tokens": int,
    "reasoning_s": _ANY_NUMBER,
    "error": str,
    "next_step": str,
    "differs_at": int,
    "begun": int,
}
_ALWAYS = ("device", "sampling", "usage", "timings")
_NO_FACTS = Facts()


def to_json(conversation: Conversation, messages: Sequence[Message]) -> dict[str, Any]:
    """All of a conversation, every branch; the shown one's messages say `active`."""
    by_id = {each.id: each for each in messages}
    active: set[int] = set()
    head = conversation.head
    while head in by_id and head not in active:
        active.add(head)
        head = by_id[head].parent
    result: dict[str, Any] = {
        "format": FORMAT,
        "id": conversation.id,
        "title": conversation.title,
        "renamed": conversation.renamed,
        "created": conversation.created,
        "model": conversation.model,
        "system": conversation.system,
        "sampling": _plain(conversation.sampling),
    }
    if conversation.context_start is not None:
        result["context_start"] = str(conversation.context_start)
    result["messages"] = [_message_to_json(each, each.id in active) for each in _parents_first(messages)]
    return result


def from_json(exported: object) -> tuple[Conversation, list[Message]]:
    """What `to_json` made, under new ids; a message comes after its parent.

    The messages' ids follow from their times, so that search finds them where they belong.

    Raises:
        StoreError: It is something else; the sentence names the field and the number of the message.
    """
    top = _Fields(exported, "The file")
    found = top.get("format", str, None)
    if found != FORMAT:
        what = f"Its format is {found[:40]!r}, not {FORMAT!r}" if found else f'It has no "format": "{FORMAT}"'
        raise StoreError(f"This is not a conversation that this ovchat can read. {what}.")
    items = [_Fields(each, f"Message {number}") for number, each in enumerate(top.get("messages", list), 1)]
    ids = _new_ids(items)
    conversation = new_conversation_id()
    messages = [_message_from_json(item, ids, conversation) for item in items]
    marked = [each.id for item, each in zip(items, messages, strict=True) if item.get("active", bool, False)]
    head = marked[-1] if marked else messages[-1].id if messages else None
    created = top.time("created", messages[0].created if messages else time.time())
    return (
        Conversation(
            conversation,
            top.get("title", str, ""),
            top.get("renamed", bool, False),
            created,
            max([created, *(each.created for each in messages)]),
            model=top.get("model", str, ""),
            system=top.get("system", str, ""),
            sampling=_checked_sampling(top),
            head=head,
            context_start=ids.get(top.get("context_start", str, "")),
        ),
        messages,
    )


def to_markdown(conversation: Conversation, branch: Sequence[Message]) -> str:
    """One branch of a conversation to read; thinking is folded."""
    parts = [f"# {' '.join(conversation.title.split()) or 'Conversation'}"]
    if conversation.system:
        parts += ["## System", _closed(conversation.system)]
    for message in branch:
        parts.append("## You" if message.role is Role.USER else f"## {message.model or 'Assistant'}")
        if message.reasoning:
            thinking = _closed(message.reasoning).replace("</details>", "&lt;/details>")
            parts.append(f"<details>\n<summary>Thinking</summary>\n\n{thinking}\n\n</details>")
        parts.append(_closed(message.text))
    return "\n\n".join(part for part in parts if part) + "\n"


def json_text(exported: object) -> str:
    """What a file has of a conversation that `to_json` gave, or of a list of them."""
    return json.dumps(exported, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _parents_first(messages: Sequence[Message]) -> list[Message]:
    """In their order, but where a clock that was set back gave an answer a lesser id than its question's."""
    by_id = {each.id: each for each in messages}
    ordered: dict[int, Message] = {}
    for message in messages:
        line: list[Message] = []
        above: Message | None = message
        while above is not None and above.id not in ordered and above not in line:
            line.append(above)
            above = by_id.get(above.parent) if above.parent is not None else None
        ordered.update((each.id, each) for each in reversed(line))
    return list(ordered.values())


def _message_to_json(message: Message, active: bool) -> dict[str, Any]:
    result: dict[str, Any] = {
        "id": str(message.id),
        "parent": None if message.parent is None else str(message.parent),
        "role": message.role.value,
        "text": message.text,
        "created": message.created,
    }
    if active:
        result["active"] = True
    if message.role is Role.USER:
        return result
    facts = {name: getattr(message.facts, name) for name in _FACTS}
    result |= {
        "reasoning": message.reasoning,
        "model": message.model,
        # One that is being written is not whole in the file.
        "finish_reason": (message.ended or Ended.INTERRUPTED).value,
        "token_ids": list(message.token_ids),
    }
    for name, value in facts.items():
        if name in _ALWAYS or value != getattr(_NO_FACTS, name):
            result[name] = _plain(value)
    if message.facts.replay_of is not None:
        result["replay_of"] = str(message.facts.replay_of)
    return result


def _message_from_json(item: _Fields, ids: Mapping[str, int], conversation: str) -> Message:
    parent = item.get("parent", str, None)
    if parent is not None and (parent not in ids or ids[parent] >= ids[item.get("id", str)]):
        raise item.wrong("parent", parent, "the id of a message before it")
    role = item.one_of("role", [each.value for each in Role])
    ended = item.one_of("finish_reason", [each.value for each in Ended if each], Ended.STOP.value)
    tokens = item.get("token_ids", list, [])
    if not all(type(each) is int and 0 <= each < 2**32 for each in tokens):
        raise item.wrong("token_ids", tokens, "a list of whole numbers, 0 or more")
    facts = {name: item.get(name, kind, None) for name, kind in _FACTS.items()}
    if facts["seed"] is not None and not 0 <= facts["seed"] < 2**63:
        raise item.wrong("seed", facts["seed"], "a whole number, 0 to 2^63 - 1")
    for name, kinds in (("usage", (int,)), ("timings", _ANY_NUMBER), ("sources", (str,))):
        # null is what a number became that JSON does not know.
        facts[name] = {key: each for key, each in (facts[name] or {}).items() if each is not None}
        if not all(type(each) in kinds for each in facts[name].values()):
            raise item.wrong(name, facts[name], f"a table of {'texts' if name == 'sources' else 'numbers'}")
    given = {name: _with_tuples(value) for name, value in facts.items() if value is not None}
    return Message(
        ids[item.get("id", str)],
        conversation,
        None if parent is None else ids[parent],
        Role(role),
        item.get("text", str),
        item.time("created"),
        item.get("reasoning", str, ""),
        Ended(ended),
        item.get("model", str, ""),
        tuple(tokens),
        Facts(**given, replay_of=ids.get(item.get("replay_of", str, ""))),
    )


class _Fields:
    """A table of the file whose fields are asked for by name and type; errors say where it stands."""

    def __init__(self, table: object, where: str) -> None:
        if not isinstance(table, dict):
            raise StoreError(f"{where} is {_shown(table)}, it must be a table of fields.")
        self._table: dict[str, Any] = table
        self._where = where

    def get(self, name: str, kind: type | tuple[type, ...], missing: object = _REQUIRED) -> Any:
        """A field; null counts as missing."""
        value = self._table.get(name)
        if value is None:
            if missing is _REQUIRED:
                raise StoreError(f"{self._where} has no {name!r}.")
            return missing
        # true is no number.
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.wrong(name, value, _KINDS[kind])
        return value

    def time(self, name: str, missing: object = _REQUIRED) -> float:
        """Seconds since 1970."""
        value = float(self.get(name, _ANY_NUMBER, missing))
        if not 0 <= value < _LATEST:
            raise self.wrong(name, value, "seconds since 1970")
        return value

    def one_of(self, name: str, words: Sequence[str], missing: object = _REQUIRED) -> str:
        """One of several words."""
        value: str = self.get(name, str, missing)
        if value not in words:
            raise self.wrong(name, value, f"one of {', '.join(words)}")
        return value

    def wrong(self, name: str, value: object, wanted: str) -> StoreError:
        return StoreError(f"{self._where}: {name} is {_shown(value)}, it must be {wanted}.")


_KINDS: Mapping[type | tuple[type, ...], str] = {
    str: "a text",
    int: "a whole number",
    _ANY_NUMBER: "a number",
    bool: "true or false",
    dict: "a table",
    list: "a list",
}


def _new_ids(items: Sequence[_Fields]) -> dict[str, int]:
    ids: dict[str, int] = {}
    last = 0
    for item in items:
        old = item.get("id", str)
        if old in ids:
            raise item.wrong("id", old, "one that no other message has")
        last = max(last + 1, int(item.time("created") * 1000) << 20 | secrets.randbits(20))
        ids[old] = last
    return ids


def _checked_sampling(top: _Fields) -> dict[str, Any]:
    values = {}
    for name, value in top.get("sampling", dict, {}).items():
        setting = SCHEMA.get(f"sampling.{name}")
        if setting is None:
            raise StoreError(f"The file: there is no sampling parameter {name[:40]!r}.")
        try:
            values[name] = None if value is None and setting.unset else setting.checked(value)
        except ValueError as error:
            raise StoreError(f"The file: sampling.{name} is {_shown(value)}, {error}.") from None
    return values


def _plain(value: Any) -> Any:
    """`value` as JSON knows it; numbers that it does not know become null."""
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _with_tuples(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: tuple(each) if isinstance(each, list) else each for name, each in value.items()}


def _closed(text: str) -> str:
    """`text` with its last code fence closed: an answer may have been cut off inside one."""
    fence, indent = "", ""
    for line in text.splitlines():
        if fence:
            stripped = line.strip()
            if set(stripped) == {fence[0]} and len(stripped) >= len(fence):
                fence = ""
        elif found := _OPEN_FENCE.match(line):
            indent, fence = found.groups()
    return f"{text.rstrip()}\n{indent}{fence}" if fence else text.strip("\n")


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 40 else f"{shown[:40]}..."
