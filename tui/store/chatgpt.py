"""Conversations as ChatGPT exports them: conversations.json, a list of trees (`mapping`) of nodes that may be empty.

What is no text is named in brackets; what a tool was given and what it said are blocks of code with its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui.store.errors import StoreError
from tui.store.foreign_tree import Node, Whole, fenced, fields_of, seconds, table, tables, text, whole
from tui.store.records import Role

_TO_EVERYBODY = ("", "all")
# What the model is told in every conversation: by the user, and by itself.
_INSTRUCTIONS = {
    "user_editable_context": ("user_profile", "user_instructions"),
    "model_editable_context": ("model_set_context",),
}
_THOUGHTS, _RECAP = "thoughts", "reasoning_recap"


def is_chatgpt(exported: object) -> bool:
    """Whether it is a conversation of ChatGPT's."""
    return "mapping" in table(exported)


def from_chatgpt(exported: object, notes: list[str]) -> Whole:
    """The conversation, with all its branches; `notes` gets a sentence for what had to be mended.

    Raises:
        StoreError: It is not whole.
    """
    top = table(exported)
    mapping = top.get("mapping")
    if not isinstance(mapping, dict):
        raise StoreError("It has no table “mapping”.")
    system: list[str] = []
    nodes = [
        _node(name, parent, table(fields.get("message")), system)
        for name, parent, fields in fields_of(mapping, "parent", "children")
    ]
    updated = seconds(top.get("update_time"))
    return whole(
        "chatgpt",
        text(top.get("conversation_id")) or text(top.get("id")),
        text(top.get("title")),
        nodes,
        created=seconds(top.get("create_time")) or updated or 0.0,
        updated=updated,
        current=text(top.get("current_node")),
        system=system,
        pinned=top.get("is_starred") is True,
        archived=top.get("is_archived") is True,
        notes=notes,
    )


def _node(name: str, parent: str | None, message: Mapping[str, Any], system: list[str]) -> Node:
    """A node; a system prompt goes to `system` instead."""
    author, content = table(message.get("author")), table(message.get("content"))
    kind, facts = text(content.get("content_type")), table(message.get("metadata"))
    speaker = text(author.get("role"))
    nothing = Node(name, parent, None)
    if kind in _INSTRUCTIONS:
        system += filter(None, (text(content.get(each)).strip() for each in _INSTRUCTIONS[kind]))
        return nothing
    if facts.get("is_visually_hidden_from_conversation") is True:
        return nothing
    said, thoughts = ("", _thoughts(content)) if kind in (_THOUGHTS, _RECAP) else (_said(content, kind), "")
    files = [text(each.get("name")) for each in tables(facts.get("attachments"))]
    said = "\n\n".join([each for each in (said, *(f"[file: {each}]" for each in files if each)) if each])
    if speaker == "system":
        system += [said] if said else []
        return nothing
    if not (said or thoughts):
        return nothing
    created = seconds(message.get("create_time"))
    if speaker == Role.USER:
        return Node(name, parent, Role.USER, said, created=created)
    recipient = text(message.get("recipient"))
    if speaker != Role.ASSISTANT:
        said = f"[from {text(author.get('name')) or speaker or 'somebody'}]\n\n{said}"
    elif recipient not in _TO_EVERYBODY:
        said = f"[to {recipient}]\n\n{said}"
    return Node(name, parent, Role.ASSISTANT, said, thoughts, created, text(facts.get("model_slug")))


def _said(content: Mapping[str, Any], kind: str) -> str:
    match kind:
        case "code":
            language = text(content.get("language"))
            return fenced(text(content.get("text")), "" if language == "unknown" else language)
        case "execution_output":
            return fenced(text(content.get("text")))
        case "system_error":
            return f"[error: {text(content.get('name'))}]\n\n{fenced(text(content.get('text')))}"
        case "tether_quote":
            where = " ".join(filter(None, (text(content.get("title")), text(content.get("url")))))
            return f"[quote: {where}]\n\n{fenced(text(content.get('text')))}"
        case "tether_browsing_display":
            return fenced(text(content.get("result")) or text(content.get("summary")))
    parts = content.get("parts")
    if isinstance(parts, list):
        return "\n\n".join(filter(None, (_part(each) for each in parts)))
    said = text(content.get("text")) or text(content.get("result")) or text(content.get("content"))
    return said or (f"[{kind}]" if kind not in ("", "text") else "")


def _part(part: object) -> str:
    if isinstance(part, str):
        return part if part.strip() else ""
    what = table(part)
    kind = text(what.get("content_type"))
    name = text(what.get("asset_pointer")).rpartition("/")[2]
    match kind:
        case "image_asset_pointer":
            size = "×".join(str(each) for each in (what.get("width"), what.get("height")) if isinstance(each, int))
            drawn = text(table(table(what.get("metadata")).get("dalle")).get("prompt"))
            return f"[image: {', '.join(filter(None, (name, size, drawn)))}]"
        case "audio_transcription":
            return text(what.get("text"))
        case "audio_asset_pointer":
            return f"[sound: {name}]"
        case "":
            return text(what.get("text")) or ("[something that is no text]" if what else "")
    return text(what.get("text")) or f"[{kind}{f': {name}' if name else ''}]"


def _thoughts(content: Mapping[str, Any]) -> str:
    thoughts = content.get("thoughts")
    if not isinstance(thoughts, list):
        return text(content.get("content"))
    return "\n\n".join(
        "\n\n".join(filter(None, (text(each.get("summary")), text(each.get("content"))))) for each in tables(thoughts)
    )
