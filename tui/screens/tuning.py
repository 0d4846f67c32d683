"""The settings and the sampling values, changed from the chat."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, cast

from textual.app import App
from textual.signal import Signal

from tui.chat.settings_rows import InEffect

if TYPE_CHECKING:
    from tui.chat.session import ChatSession
    from tui.screens.chat import ChatScreen
    from tui.screens.services import Services


class TellsSettings(Protocol):
    """An app that tells which settings change."""

    settings_changed: Signal[frozenset[str]]


def in_effect(services: Services, session: ChatSession) -> InEffect:
    """What a conversation and the model in use make of the settings."""
    active = services.active
    return InEffect(session.sampling(), session.conversation.sampling, active.status.title, active.given_device())


async def open_sampling(screen: ChatScreen, services: Services) -> None:
    """Open the sampling panel; where it is open, go to it."""
    from tui.screens.sampling_panel import SamplingPanel

    panel = next(iter(screen.query_children(SamplingPanel)), None)
    if panel is None:
        status = services.active
        panel = SamplingPanel(services.settings_file, lambda: screen.session, lambda: status.status.title)
        await screen.mount(panel)
    else:
        panel.list.focus()


def open_settings(app: App[Any], services: Services, session: ChatSession) -> None:
    """Open the settings' screen."""
    from tui.screens.settings import SettingsScreen
    from tui.screens.themes import theme_files
    from tui.store.personas import all_personas

    names = {
        "engine.device": lambda: [name for name, _ in services.devices()],
        "appearance.theme": lambda: sorted(theme_files()),
        "chat.persona": lambda: [each.name for each in all_personas()[0]],
    }
    changed = cast("TellsSettings", app).settings_changed
    app.push_screen(SettingsScreen(services.settings_file, partial(in_effect, services, session), names, changed))
