"""Another model or device: the user chooses, also where the one remembered is not there any more."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual.app import App

from tui.engine.errors import DeviceNotFound, ModelNotFound
from tui.screens.device_choice import ask_device

if TYPE_CHECKING:
    from tui.chat.active_model import ModelStatus
    from tui.screens.services import Services


async def choose_model(app: App[None], services: Services, reason: str = "", then: str = "") -> str | None:
    """Let the user load a model; its name, or None where the user stays with the one there is.

    With `then` being "pull" or "convert" the user gets that first.
    """
    from tui.screens.models import ModelsScreen, first_found  # as it is opened, not as the app begins

    panel = ModelsScreen(services, reason, await first_found(services.models), then)
    panel.opens_by_itself = bool(reason)
    return await app.push_screen_wait(panel)


async def choose_device(app: App[None], services: Services, reason: str = "") -> None:
    """Ask for a device and load the model on it, for which it is remembered."""
    choice = services.active.status.choice
    title = choice.title if choice is not None else ""
    device = await ask_device(app, services, title, reason, by_itself=bool(reason))
    if device is None:
        return
    if choice is not None and not device:
        await asyncio.to_thread(services.active.give_device, choice.name, "")
    services.active.use(choice.name if choice is not None else None, device or None)


async def after_failure(app: App[None], services: Services, status: ModelStatus) -> None:
    """Let the user choose where what was asked for is gone and nothing else answers; other failures wait for F3."""
    from tui.screens.models import ModelsScreen

    match status.error:
        case _ if status.model is not None:
            return  # the one before goes on answering
        case _ if any(isinstance(screen, ModelsScreen) for screen in app.screen_stack):
            return  # there it is said in place
        case DeviceNotFound():
            await choose_device(app, services, status.error.sentence)
        case ModelNotFound():
            await choose_model(app, services, status.error.sentence)
