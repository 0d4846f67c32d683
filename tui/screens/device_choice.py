"""Asks on which device a model is to run."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual.app import App

from tui.screens.dialogs import OptionsDialog

if TYPE_CHECKING:
    from tui.screens.services import Services


async def ask_device(
    app: App[None], services: Services, model: str, text: str = "", *, by_itself: bool = False
) -> str | None:
    """The device that the user wants: "" for that of the settings or the best one, None where he wants no other.

    Args:
        app: Asks.
        services: Knows the devices.
        model: What the model is called; "" for none.
        text: What there is to know.
        by_itself: The user has not wanted to choose.
    """
    devices = await asyncio.to_thread(services.devices)
    said = services.settings["engine.device"]
    auto = f"auto  {said}, as your settings say" if said else "auto  the best one here"
    options = [(auto, ""), *((f"{name}  {full_name}", name) for name, full_name in devices)]
    # Enter must not take what the settings name and what is not here.
    cursor = int(said is not None and said not in dict(devices))
    asked = OptionsDialog[str](f"Run {model or 'the model'} on", options, text=text, cursor=cursor)
    asked.opens_by_itself = by_itself
    answer: str | None = await app.push_screen_wait(asked)
    return answer
