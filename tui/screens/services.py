"""What the screens work with, and how the command line wants them to begin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tui.chat.active_model import ActiveModel
from tui.chat.outbox import Outbox
from tui.library.local import LocalModel
from tui.store.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """What the screens work with.

    Attributes:
        settings: The settings in effect.
        outbox: Where conversations are written to and read from.
        active: The model in use.
        models: The local models, looked for anew each time.
        devices: Names of the devices that are here, each with what its maker calls it. Imports the engine.
    """

    settings: Settings
    outbox: Outbox
    active: ActiveModel
    models: Callable[[], Sequence[LocalModel]]
    devices: Callable[[], Sequence[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Start:
    """How the command line wants the app to begin.

    Attributes:
        model: Name or folder; None for the one last used.
        device: A device; None for the one that the model had.
        go_on: Open the last conversation.
        notices: What to say first.
    """

    model: str | None = None
    device: str | None = None
    go_on: bool = False
    notices: Sequence[str] = ()
