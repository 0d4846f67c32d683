"""Another model or device: the user chooses, also where the one remembered is not there any more."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual.app import App

from tui.engine.errors import DeviceNotFound, ModelNotFound
from tui.screens.dialogs import ChoiceDialog
from tui.screens.models import ModelsScreen, first_found

if TYPE_CHECKING:
    from tui.chat.active_model import ModelStatus
    from tui.screens.services import Services


async def choose_model(app: App[None], services: Services, reason: str = "") -> str | None:
    """Let the user load a model; its name, or None where the user stays with the one there is."""
    return await app.push_screen_wait(ModelsScreen(services, reason, await first_found(services.models)))


async def choose_device(app: App[None], services: Services, reason: str = "") -> None:
    """Ask for a device and load the model on it, for which it is remembered."""
    devices = await asyncio.to_thread(services.devices)
    choice = services.active.status.choice
    title = f"Run {choice.title} on" if choice is not None else "Run the model on"
    chosen = await app.push_screen_wait(
        ChoiceDialog(title, [f"{name}  {full_name}" for name, full_name in devices], text=reason)
    )
    if chosen is not None:
        services.active.use(choice.name if choice is not None else None, devices[chosen][0])


async def after_failure(app: App[None], services: Services, status: ModelStatus) -> None:
    """Let the user choose where what was asked for is gone and nothing else answers; other failures wait for F3."""
    match status.error:
        case _ if status.model is not None:
            return  # the one before goes on answering
        case _ if any(isinstance(screen, ModelsScreen) for screen in app.screen_stack):
            return  # there it is said in place
        case DeviceNotFound():
            await choose_device(app, services, status.error.sentence)
        case ModelNotFound():
            await choose_model(app, services, status.error.sentence)
