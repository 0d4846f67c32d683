"""What the screens work with, and how the command line wants them to begin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tui.chat.active_model import ActiveModel
from tui.chat.outbox import Outbox
from tui.library.jobs import Jobs
from tui.library.local import LocalModels
from tui.store.settings import Settings
from tui.store.settings_file import SettingsFile

if TYPE_CHECKING:
    from tui.engine.devices import Survey


def _survey() -> Survey:
    import openvino

    from tui.engine.devices import survey

    return survey(openvino.Core())


@dataclass(frozen=True, slots=True)
class Services:
    """What the screens work with.

    Attributes:
        settings_file: The settings, in effect and as the user has them in his file.
        outbox: Where conversations are written to and read from.
        active: The model in use.
        models: The local models.
        devices: Names of the devices that are here, each with what its maker calls it. Imports the engine.
        jobs: Pulls and conversions beside the chat.
        survey: All that is known of the devices, and why one is missing. Imports the engine.
    """

    settings_file: SettingsFile
    outbox: Outbox
    active: ActiveModel
    models: LocalModels
    devices: Callable[[], Sequence[tuple[str, str]]]
    jobs: Jobs = field(default_factory=Jobs)
    survey: Callable[[], Survey] = _survey

    @property
    def settings(self) -> Settings:
        """The settings in effect."""
        return self.settings_file.settings


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
