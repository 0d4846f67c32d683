"""Quitting while something goes on or could not be saved: nothing goes without the user's word."""

from __future__ import annotations

import asyncio
import time
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import App

from tui.chat.stored import unsaved_conversations
from tui.library.jobs import Jobs, Kind
from tui.screens.dialogs import ChoiceDialog, ConfirmDialog, TextDialog
from tui.store.errors import StoreError
from tui.store.exchange import json_text, to_json
from tui.store.files import export_text

if TYPE_CHECKING:
    from tui.chat.outbox import Outbox


class _Choice(IntEnum):
    ELSEWHERE = 0
    STAY = 1
    LEAVE = 2


def pulls_under_way(jobs: Jobs) -> list[str]:
    """The models that are being pulled."""
    return [job.work.name for job in jobs.all if job.is_live and job.work.kind is Kind.PULL]


async def may_stop(app: App[None], jobs: Jobs) -> bool:
    """Whether what goes on beside the chat can be stopped; asked where work would be lost. A pull goes on later."""
    names = [job.work.name for job in jobs.all if job.is_live and job.work.kind is Kind.CONVERSION]
    if not names:
        return True
    text = f"{' and '.join(names)}: it would have to begin anew, but for what was fetched."
    question = ConfirmDialog("Stop the conversion?", text, yes="Stop it and quit", no="Stay")
    stops: bool | None = await app.push_screen_wait(question)
    return stops is True


async def ask_where_to_save(app: App[None], outbox: Outbox) -> bool:
    """Ask what to do with what is not saved; True where the app may end."""
    while outbox.trouble is not None:
        match await app.push_screen_wait(
            ChoiceDialog(
                "Not everything is saved",
                ["Save it to a file", "Stay", "Leave without it"],
                text=str(outbox.trouble),
            )
        ):
            case _Choice.ELSEWHERE:
                if await _save_elsewhere(app, outbox):
                    return True
            case _Choice.LEAVE:
                return True
            case _:
                return False
    return True


async def _save_elsewhere(app: App[None], outbox: Outbox) -> bool:
    answer = await app.push_screen_wait(
        TextDialog(
            "Save to a file",
            str(Path.home() / f"ovchat-unsaved-{time.strftime('%Y%m%d-%H%M%S')}.json"),
            text="`ovchat chats import FILE` takes it in later.",
            is_file=True,
            required=True,
        )
    )
    if answer is None:
        return False
    try:
        unsaved = await asyncio.to_thread(unsaved_conversations, outbox)
        text = json_text([to_json(conversation, messages) for conversation, messages in unsaved])
        await asyncio.to_thread(export_text, answer, text)
    except StoreError as error:
        app.notify(str(error), severity="error", markup=False)
        return False
    return True
