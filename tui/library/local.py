"""The local models with what a list of them shows: size, and why one cannot be used.

Reads the folders' files, as far as `inspect` does, and loads nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tui.engine.errors import OvchatError
from tui.engine.model_files import inspect
from tui.library.find import FoundModel, Places, Source, find_models


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A model as a list shows it.

    Attributes:
        name: What it is found by.
        path: Its folder.
        source: Where it was found.
        size_bytes: Of its files; None where they cannot be read.
        problem: Why it cannot be used; "" where nothing speaks against it.
    """

    name: str
    path: Path
    source: Source
    size_bytes: int | None
    problem: str = ""


def local_models(places: Places | None = None) -> list[LocalModel]:
    """Every local model in the order of `find_models`, broken ones too."""
    return [_local(model) for model in find_models(places)]


def _local(model: FoundModel) -> LocalModel:
    try:
        size = inspect(model.path).size_bytes
    except OvchatError as error:
        return LocalModel(model.name, model.path, model.source, None, str(error))
    return LocalModel(model.name, model.path, model.source, size)
