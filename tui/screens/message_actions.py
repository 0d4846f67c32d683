"""What can be done with a finished message or a whole conversation: choose a code block of it, write it to a file."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import App

from tui.screens.dialogs import ChoiceDialog, ConfirmDialog, TextDialog
from tui.store.exchange import json_text, to_json, to_markdown
from tui.store.files import export_text
from tui.store.records import Message
from tui.widgets.markdown_blocks import code_blocks

if TYPE_CHECKING:
    from tui.chat.session import ChatSession

_NOT_IN_NAMES = re.compile(r"[^\w.-]+")
_LONGEST_NAME = 60


async def choose_code(app: App[None], message: Message) -> str | None:
    """The code block of a message, the one chosen where there are several; None for none."""
    blocks = code_blocks(message.text)
    if not blocks:
        return None
    chosen: int | None = 0
    if len(blocks) > 1:
        lines = [_first_line(code) for _, code in blocks]
        chosen = await app.push_screen_wait(ChoiceDialog("Copy a code block", lines))
    return None if chosen is None else blocks[chosen][1].removesuffix("\n")


def _first_line(block: str) -> str:
    lines = block.strip().splitlines() or [""]
    return lines[0] if len(lines) == 1 else f"{lines[0]}  ({len(lines)} lines)"


async def save_to_file(app: App[None], session: ChatSession) -> str:
    """Ask for a file and write the conversation to it: JSON where its name ends so, else Markdown. What to tell.

    Raises:
        StoreError: The file cannot be written.
    """
    name = _NOT_IN_NAMES.sub("-", session.conversation.title).strip("-.")[:_LONGEST_NAME] or "conversation"
    answer = await app.push_screen_wait(
        TextDialog(
            "Save the conversation",
            str(Path.cwd() / f"{name}.md"),
            text="A name that ends in .json takes every branch and can be imported again.",
            is_file=True,
            required=True,
        )
    )
    if answer is None:
        return ""
    if os.path.isfile(os.path.expanduser(answer.strip())) and not await app.push_screen_wait(
        ConfirmDialog("Replace the file?", f"{answer} is there already.", yes="Replace it", no="Leave it")
    ):
        return "Nothing was written."
    if answer.strip().endswith(".json"):
        text = json_text(to_json(session.conversation, session.every_message))
    else:
        text = to_markdown(session.conversation, session.messages)
    return f"Saved to {await asyncio.to_thread(export_text, answer, text)}."
