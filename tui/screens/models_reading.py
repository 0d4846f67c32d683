"""The rows of the models' table from what is on the disk: found, read, held against the memory there is, found anew.

Nothing here is for the event loop.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tui.chat.choice import options_with
from tui.engine.errors import BadParameter
from tui.engine.memory import available_bytes
from tui.engine.memory_need import memory_need
from tui.engine.options import EngineOptions
from tui.library import added, compiled_cache
from tui.library.template_problem import template_problem
from tui.screens.model_row import ModelRow

if TYPE_CHECKING:
    from tui.screens.services import Services

_MOMENT_S = 0.25


class RowReader:
    """Reads what the rows show.

    Args:
        services: The models, the one in use and the settings.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._given: Mapping[str, Mapping[str, str]] = {}

    def renewed(self, rows: Sequence[ModelRow]) -> list[ModelRow] | None:
        """The rows of what is here now, with what is known of them; None where nothing has changed."""
        models = self._services.models
        if not models.has_changed():
            return None
        before = {row.model.path: row for row in rows}
        found = models.find()
        return [replace(before[each.path], model=each) if each.path in before else ModelRow(each) for each in found]

    def troubles(self) -> list[str]:
        """What keeps models from being found."""
        return added.troubles(self._services.models.places)

    def read_some(self, rows: Iterator[ModelRow], free: int) -> bool:
        """Read for a moment; False where that was the last one."""
        until = time.monotonic() + _MOMENT_S
        for row in rows:
            before, row.model = row.model, self._services.models.read(row.model)
            if before.is_read and row.model.files is not before.files:
                row.error = None  # it could not be loaded as it was
            self.hold_against(row, free)
            row.template = template_problem(row.model.files) if row.model.files is not None else None
            row.compiled = compiled_cache.sizes(row.model.path)
            if time.monotonic() > until:
                return True
        return False

    def hold_against(self, row: ModelRow, free: int) -> None:
        """See what the model will take of so many bytes of memory."""
        row.need = memory_need(row.model.files, self.options_of(row), free) if row.model.files is not None else None

    def free_and_given(self) -> tuple[int, Mapping[str, str]]:
        """Memory that another model could have, in bytes, and the devices that models were given.

        The options that they were given are read anew, too.
        """
        active = self._services.active
        self._given = active.given_options
        model = active.status.model
        held = model.files.weight_bytes if model is not None else 0  # it leaves before another one comes
        return available_bytes() + held, active.given_devices

    def options_of(self, row: ModelRow) -> EngineOptions:
        """How a model is compiled: as it was given when it was last looked at, over the settings."""
        try:
            return options_with(self._given.get(row.name, {}), self._services.settings)
        except BadParameter:  # two that do not go together; loading says so
            return EngineOptions()
