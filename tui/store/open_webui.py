"""Chats as Open WebUI exports them: a list of chats with a tree (`history.messages`), older ones with a plain list.

Thinking and tools stand in the text as `<details>`: thinking becomes ours, a tool is named, with what it was given
and what it said as blocks of code.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any

from tui.store.errors import StoreError
from tui.store.foreign_tree import Node, Whole, fenced, fields_of, seconds, table, tables, text, whole
from tui.store.records import Role

_DETAILS = re.compile(
    r"<details\b(?P<fields>(?:[^>\"]|\"[^\"]*\")*)>\s*(?:<summary>.*?</summary>)?(?P<text>.*?)</details>\s*", re.DOTALL
)
_FIELD = re.compile(r"(\w+)=\"([^\"]*)\"")
_QUOTED = re.compile(r"^> ?", re.MULTILINE)


def is_open_webui(exported: object) -> bool:
    """Whether it is a chat of Open WebUI's."""
    chat = _chat(exported)
    return "history" in chat or isinstance(chat.get("messages"), list)


def from_open_webui(exported: object, notes: list[str]) -> Whole:
    """The chat, with all its branches; `notes` gets a sentence for what had to be mended.

    Raises:
        StoreError: It is not whole.
    """
    top, chat = table(exported), _chat(exported)
    history = table(chat.get("history"))
    found = history.get("messages")
    current = text(history.get("currentId"))
    if not (isinstance(found, dict) and found):
        found, current = _list(chat.get("messages")), ""
    system = [text(chat.get("system")).strip() or text(table(chat.get("params")).get("system")).strip()]
    nodes = [
        _node(name, parent, fields, system) for name, parent, fields in fields_of(found, "parentId", "childrenIds")
    ]
    return whole(
        "open-webui",
        text(top.get("id")) or text(chat.get("id")),
        text(chat.get("title")) or text(top.get("title")),
        nodes,
        created=seconds(top.get("created_at")) or seconds(chat.get("timestamp")) or 0.0,
        updated=seconds(top.get("updated_at")),
        current=current,
        system=system,
        pinned=top.get("pinned") is True,
        archived=top.get("archived") is True,
        notes=notes,
    )


def _chat(exported: object) -> Mapping[str, Any]:
    top = table(exported)
    return table(top.get("chat")) or top


def _list(messages: object) -> dict[str, Any]:
    """A list as a tree with one branch."""
    if not isinstance(messages, list):
        raise StoreError("It has neither “history.messages” nor a list “messages”.")
    found: dict[str, Any] = {}
    before = ""
    for number, value in enumerate(messages):
        # The ids of a list are of no use: they may be missing, and each follows the one before.
        found[str(number)] = {**value, "parentId": before, "childrenIds": []} if isinstance(value, dict) else value
        before = str(number)
    return found


def _node(name: str, parent: str | None, message: Mapping[str, Any], system: list[str]) -> Node:
    """A node; a system prompt goes to `system` instead."""
    speaker, thoughts, took = text(message.get("role")), list[str](), 0.0
    said = _said(message.get("content"))
    if speaker == Role.ASSISTANT:
        for each in _DETAILS.finditer(said):
            fields = dict(_FIELD.findall(each["fields"]))
            if fields.get("type") == "reasoning":
                thoughts.append(_QUOTED.sub("", html.unescape(each["text"]).strip()))
                took += float(fields["duration"]) if fields.get("duration", "").isdecimal() else 0.0
        said = _DETAILS.sub(_in_words, said).strip()
    files = [_file(each) for each in tables(message.get("files"))]
    said = "\n\n".join(filter(None, (said, *files)))
    if speaker == "system":
        system.append(said.strip())
        return Node(name, parent, None)
    error = _error(message.get("error"))
    if not (said.strip() or thoughts or error):
        return Node(name, parent, None)
    created = seconds(message.get("timestamp"))
    if speaker == Role.USER:
        return Node(name, parent, Role.USER, said, created=created)
    if speaker != Role.ASSISTANT:
        said = f"[from {text(message.get('name')) or speaker or 'somebody'}]\n\n{fenced(said)}"
    model = text(message.get("model"))
    return Node(name, parent, Role.ASSISTANT, said, "\n\n".join(thoughts), created, model, took, error)


def _said(content: object) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "\n\n".join(filter(None, (_part(each) for each in parts)))


def _part(part: object) -> str:
    if isinstance(part, str):
        return part
    what = table(part)
    kind = text(what.get("type"))
    return text(what.get("text")) or {"": "", "text": "", "image_url": "[image]"}.get(kind, f"[{kind}]")


def _file(file: Mapping[str, Any]) -> str:
    inner = table(file.get("file"))
    name = text(file.get("name")) or text(inner.get("filename"))
    kind = text(file.get("type")) or "file"
    return f"[{kind}: {name}]" if name else f"[{kind}]"


def _error(error: object) -> str:
    if isinstance(error, str):
        return error
    said = text(table(error).get("content")) or text(table(error).get("message"))
    return said or ("The answer ended with an error." if error else "")


def _in_words(found: re.Match[str]) -> str:
    """What stands in the text in place of details."""
    fields = {name: html.unescape(value) for name, value in _FIELD.findall(found["fields"])}
    inner = found["text"].strip()
    match fields.get("type"):
        case "reasoning":
            return ""
        case "tool_calls":
            given, result = fields.get("arguments", ""), fields.get("result", "") or html.unescape(inner)
            blocks = [f"[to {fields.get('name', 'a tool')}]", fenced(given) if given else ""]
            blocks += [f"[from {fields.get('name', 'a tool')}]", fenced(result)] if result else []
            return "\n\n".join(filter(None, blocks)) + "\n\n"
        case "code_interpreter":
            output = fields.get("output", "")
            blocks = ["[to code_interpreter]", inner, "[from code_interpreter]" if output else "", fenced(output)]
            return "\n\n".join(filter(None, blocks[: 4 if output else 2])) + "\n\n"
    return found.group()  # somebody's own HTML
