"""What the user does with models on the disk: a folder is added, one gets another name, one leaves the list.

A model that is in use stays loaded under its new name, and is unloaded before it is deleted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual.app import App

from tui.chat.model_texts import deletion_text, short_path
from tui.engine.errors import OvchatError
from tui.library import added
from tui.library.find import FoundModel, Places, Source
from tui.library.remove import Deletion, TakenOff, delete, removal
from tui.library.rename import Renamed, rename, require_own
from tui.screens.dialogs import ConfirmDialog
from tui.screens.trying_dialog import TryingDialog
from tui.store.settings_file import SettingsFile

if TYPE_CHECKING:
    from tui.chat.active_model import ActiveModel
    from tui.library.local import LocalModel
    from tui.screens.services import Services

_TICK_S = 0.1
_ADD = "A model, or a folder with models in it. They are listed where they are; nothing is copied."
_RENAME = "A name, or OWNER/NAME. Its device, its sampling settings and its conversations follow."


@dataclass(frozen=True, slots=True)
class Removing:
    """How a model leaves the list.

    Attributes:
        do: Sees to it; what was done. It may wait for the end of an answer, and raises OvchatError where not all could
            be deleted, or not now, and StoreError where the settings cannot be written.
        freed: Bytes that it frees.
    """

    do: Callable[[], Awaitable[str]]
    freed: int = 0


async def ask_for_folder(app: App[Any], services: Services) -> Sequence[FoundModel] | None:
    """Ask for a folder and put it on the list; the models that it has brought, None where the user left."""

    def add(folder: str) -> list[FoundModel]:
        # A file object of its own: that of the app tells of what it sets, which is for the event loop.
        return added.add(folder, SettingsFile(services.settings_file.path))

    asked: TryingDialog[list[FoundModel]] = TryingDialog("Add a folder", text=_ADD, do=add)
    return await app.push_screen_wait(asked)


async def ask_for_name(app: App[Any], services: Services, model: LocalModel) -> Renamed | None:
    """Ask for another name and give it to the model; None where the user left.

    Raises:
        OvchatError: It cannot have another one now.
    """
    active = services.active
    require_own(model)

    def give(name: str) -> Renamed:
        status = active.status
        if status.title == model.name and status.stage:
            raise OvchatError(f"{model.name} is being loaded or unloaded.", "Wait until that has ended.")
        renamed = rename(model.name, name.strip())
        active.renamed(model.name, renamed.model.name, renamed.model.path)
        return renamed

    asked: TryingDialog[Renamed] = TryingDialog("Rename", model.name, text=_RENAME, do=give)
    return await app.push_screen_wait(asked)


async def ask_to_remove(
    app: App[Any], services: Services, model: FoundModel, say: Callable[[str], object], *, anew: bool = False
) -> Removing | None:
    """Ask whether a model shall leave the list; None where it stays.

    Args:
        app: Asks.
        services: The model in use and the settings.
        model: The model. Of one in a folder that was added, the whole folder leaves the list.
        say: Told what is waited for.
        anew: It is pulled again then.

    Raises:
        OvchatError: It cannot leave.
    """
    target = await asyncio.to_thread(_removal, model, services.models.places)
    match target:
        case TakenOff(folder=folder, models=models):
            also = f"{models} models of the list are in it. " if models > 1 else ""
            question = ConfirmDialog(
                f"Take {short_path(folder)} off the list?",
                f"{also}No file is deleted.",
                yes="Take it off",
                no="Keep it",
            )
            if not await app.push_screen_wait(question):
                return None

            async def take_off() -> str:
                await asyncio.to_thread(added.take_off, folder, SettingsFile(services.settings_file.path))
                return f"{folder} is off the list. Its files are as they were."

            return Removing(take_off)
    in_use = services.active.status.title == model.name
    unloads = " It is in use, and is unloaded first." if in_use else ""
    text = f"{deletion_text(target)}{unloads}"
    if anew:
        text = f"It is here already, and is deleted before it is pulled again. {text}"
    title = f"{'Replace' if anew else 'Delete'} {'the link ' if target.is_link else ''}{model.name}?"
    question = ConfirmDialog(title, text, yes="Replace it" if anew else "Delete it", no="Keep it")
    if not await app.push_screen_wait(question):
        return None

    async def delete_it() -> str:
        await _give_free(services.active, model.name, say)
        await asyncio.to_thread(delete, target)
        return f"Deleted: {'the link ' if target.is_link else ''}{model.name}."

    return Removing(delete_it, target.freed)


def _removal(model: FoundModel, places: Places) -> Deletion | TakenOff:
    return removal(str(model.place) if model.source is Source.ADDED else model.name, places)


async def _give_free(active: ActiveModel, name: str, say: Callable[[str], object]) -> None:
    """Unload a model if it is in use, and wait for that."""
    if active.status.title != name:
        return
    active.forget()
    say(f"{name} is deleted when it is unloaded; an answer under way ends first.")
    while active.status.stage and (active.status.unloaded or not active.status.title):
        await asyncio.sleep(_TICK_S)
    if active.status.title == name:
        raise OvchatError(
            f"{name} is not deleted: it was loaded again meanwhile.", "Remove it again, if that is meant."
        )
