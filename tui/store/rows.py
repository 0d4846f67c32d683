"""Records as rows of the database, and back."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from tui.store.records import Change, Conversation, Ended, Facts, Message, Role

Row = tuple[Any, ...]

CONVERSATION = ", ".join(each.name for each in fields(Conversation))
MESSAGE = "id, conversation, parent, role, text, created, reasoning, ended, model, token_ids, facts"
_NO_FACTS = Facts()


def conversation_row(record: Conversation) -> dict[str, Any]:
    """Column -> value."""
    return {
        "id": record.id,
        "title": storable(record.title),
        "renamed": record.renamed,
        "created": record.created,
        "updated": record.updated,
        "pinned": record.pinned,
        "archived": record.archived,
        "model": storable(record.model),
        "system": storable(record.system),
        "sampling": _json(record.sampling),
        "persona": storable(record.persona),
        "head": record.head,
        "context_start": record.context_start,
    }


def change_row(record: Change) -> dict[str, Any]:
    """Column -> value of what changes, and the id."""
    row = conversation_row(Conversation(record.conversation, **record.values))
    return {name: row[name] for name in ("id", *record.values)}


def conversation(row: Row) -> Conversation:
    """Of the columns `CONVERSATION`."""
    id_, title, renamed, created, updated, pinned, archived, model, system, sampling, persona, *context = row
    return Conversation(
        id_,
        title,
        bool(renamed),
        created,
        updated,
        bool(pinned),
        bool(archived),
        model,
        system,
        _values(sampling) if sampling != "{}" else {},
        persona,
        *context,
    )


def message_row(record: Message) -> dict[str, Any]:
    """Column -> value."""
    facts = {
        each.name: dict(value) if isinstance(value, Mapping) else value
        for each in fields(Facts)
        if (value := getattr(record.facts, each.name)) != getattr(_NO_FACTS, each.name)
    }
    return {
        "id": record.id,
        "conversation": record.conversation,
        "parent": record.parent,
        "role": record.role.value,
        "text": storable(record.text),
        "created": record.created,
        "reasoning": storable(record.reasoning),
        "ended": record.ended.value,
        "model": storable(record.model),
        "token_ids": struct.pack(f"<{len(record.token_ids)}I", *record.token_ids),
        "facts": _json(facts),
    }


def message(row: Row) -> Message:
    """Of the columns `MESSAGE`."""
    id_, conversation, parent, role, text, created, reasoning, ended, model, token_ids, facts = row
    return Message(
        id_,
        conversation,
        parent,
        Role(role),
        text,
        created,
        reasoning,
        Ended(ended),
        model,
        struct.unpack_from(f"<{len(token_ids) // 4}I", token_ids),
        _facts(facts) if facts != "{}" else _NO_FACTS,
    )


def storable(text: str) -> str:
    """`text` as it can be stored: UTF-8 has no lone surrogates, they become U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _facts(text: str) -> Facts:
    known = {each.name for each in fields(Facts)}
    return Facts(**{name: value for name, value in _values(text).items() if name in known})


def _json(values: Mapping[str, Any]) -> str:
    return json.dumps(dict(values), separators=(",", ":")) if values else "{}"


def _values(text: str) -> dict[str, Any]:
    try:
        values = json.loads(text, object_hook=_with_tuples)
    except ValueError:  # from a damaged database; the message counts
        return {}
    return values if isinstance(values, dict) else {}


def _with_tuples(values: dict[str, Any]) -> dict[str, Any]:
    """JSON's lists are our tuples."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
