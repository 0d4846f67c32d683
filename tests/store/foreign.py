"""Conversations as other programs export them, made by hand."""

from __future__ import annotations

from typing import Any


def node(id: str, parent: str | None, role: str = "", *parts: Any, **fields: Any) -> dict[str, Any]:
    """A node of ChatGPT's; without a role, one that has no message."""
    message = None
    if role:
        content = fields.pop("content", None) or {"content_type": "text", "parts": list(parts)}
        message = {
            "id": id,
            "author": {"role": role, "name": fields.pop("name", None), "metadata": {}},
            "create_time": fields.pop("time", None),
            "update_time": None,
            "content": content,
            "status": "finished_successfully",
            "end_turn": None,
            "weight": 1.0,
            "metadata": fields.pop("metadata", {}),
            "recipient": fields.pop("recipient", "all"),
            "channel": None,
        }
    return {"id": id, "message": message, "parent": parent, "children": []} | fields


def chatgpt(*nodes: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A conversation of ChatGPT's."""
    mapping = {each["id"]: each for each in nodes}
    for each in nodes:
        if each["parent"] in mapping:
            mapping[each["parent"]]["children"].append(each["id"])
    return {
        "title": "Rivers",
        "create_time": 1700000000.5,
        "update_time": 1700000900.25,
        "mapping": mapping,
        "moderation_results": [],
        "current_node": nodes[-1]["id"] if nodes else None,
        "plugin_ids": None,
        "conversation_id": "6f0c-1",
        "conversation_template_id": None,
        "gizmo_id": None,
        "is_archived": False,
        "is_starred": None,
        "safe_urls": [],
        "default_model_slug": "gpt-4o",
        "id": "6f0c-1",
    } | fields


def rivers() -> dict[str, Any]:
    """Two answers to the first question; the second one goes on, by way of a tool."""
    return chatgpt(
        node("root", None),
        node("sys", "root", "system", "", metadata={"is_visually_hidden_from_conversation": True}),
        node("u1", "sys", "user", "Which rivers?", time=1700000001.0),
        node("a1", "u1", "assistant", "The Rhine.", time=1700000002.0, metadata={"model_slug": "gpt-4o"}),
        node("a2", "u1", "assistant", "The Danube.", time=1700000003.0, metadata={"model_slug": "gpt-4o"}),
        node("u2", "a2", "user", "How long? Compute it.", time=1700000004.0),
        node(
            "think",
            "u2",
            "assistant",
            content={"content_type": "thoughts", "thoughts": [{"summary": "Length", "content": "I need a sum."}]},
            time=1700000005.0,
        ),
        node(
            "call",
            "think",
            "assistant",
            content={"content_type": "code", "language": "python", "text": "print(2850)"},
            recipient="python",
            time=1700000006.0,
        ),
        node(
            "result",
            "call",
            "tool",
            content={"content_type": "execution_output", "text": "2850"},
            name="python",
            time=1700000007.0,
        ),
        node("a3", "result", "assistant", "2,850 km.", time=1700000008.0, metadata={"model_slug": "gpt-4o-mini"}),
    )


def message(id: str, parent: str | None, role: str, content: Any, **fields: Any) -> dict[str, Any]:
    """A message of Open WebUI's."""
    return {"id": id, "parentId": parent, "childrenIds": [], "role": role, "content": content} | fields


def open_webui(*messages: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A chat of Open WebUI's."""
    by_id = {each["id"]: each for each in messages}
    for each in messages:
        if each["parentId"] in by_id:
            by_id[each["parentId"]]["childrenIds"].append(each["id"])
    return {
        "id": "0b9e-2",
        "user_id": "somebody",
        "title": "Lakes",
        "chat": {
            "id": "",
            "title": "Lakes",
            "models": ["llama3.2:latest"],
            "params": {},
            "history": {"messages": by_id, "currentId": messages[-1]["id"] if messages else None},
            "messages": list(messages),
            "tags": [],
            "timestamp": 1700000000123,
            "files": [],
        },
        "updated_at": 1700000900,
        "created_at": 1700000000,
        "share_id": None,
        "archived": False,
        "pinned": False,
        "meta": {},
        "folder_id": None,
    } | fields


def lakes() -> dict[str, Any]:
    """Two models answered the first question; the first one's answer goes on."""
    return open_webui(
        message("u1", None, "user", "Which lakes?", timestamp=1700000001, models=["llama3.2:latest", "qwen3:4b"]),
        message("a1", "u1", "assistant", "Lake Constance.", timestamp=1700000002, model="llama3.2:latest", modelIdx=0),
        message("a2", "u1", "assistant", "Lake Geneva.", timestamp=1700000002, model="qwen3:4b", modelIdx=1),
        message("u2", "a1", "user", "How deep?", timestamp=1700000005),
        message(
            "a3",
            "u2",
            "assistant",
            '<details type="reasoning" done="true" duration="4">\n<summary>Thought for 4 seconds</summary>\n'
            "&gt; It is &quot;deep&quot;.\n&gt; Very.\n</details>\n251 m.",
            timestamp=1700000006,
            model="llama3.2:latest",
            done=True,
        ),
    )
