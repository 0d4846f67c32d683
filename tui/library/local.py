"""The local models with what their files say: facts, or why one cannot be used.

Finding reads names only; reading opens a folder's files as far as `inspect` does, and loads nothing. Neither is for the
event loop.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tui.engine.errors import ModelNotSupported, OvchatError
from tui.engine.model_files import ModelFiles, inspect
from tui.engine.read_file import unreadable
from tui.engine.tokenizer_files import require_tokenizer
from tui.library.find import FoundModel, Places, find_models

_Signature = tuple[tuple[str, int, int], ...]
_Known = tuple[_Signature, ModelFiles | None, OvchatError | None]
_NOT_READ: _Known = ((), None, None)


@dataclass(frozen=True, slots=True)
class LocalModel(FoundModel):
    """A model as a list shows it.

    Attributes:
        files: What its files say; None while they are not read, and where they cannot be.
        problem: Why it cannot be used; None where nothing speaks against it.
    """

    files: ModelFiles | None = None
    problem: OvchatError | None = None

    @property
    def is_read(self) -> bool:
        """Its files were read, or tried to."""
        return self.files is not None or self.problem is not None

    @property
    def is_broken(self) -> bool:
        """It cannot be used, though it may have been meant for a chat."""
        return self.problem is not None and not self.is_other_kind

    @property
    def is_other_kind(self) -> bool:
        """It is a whole model, of a kind that cannot chat."""
        return isinstance(self.problem, ModelNotSupported)


class LocalModels:
    """The local models. What was read of a folder is kept, and read again when its files have changed.

    Args:
        places: Where to look.
    """

    def __init__(self, places: Places | None = None) -> None:
        self._places = places
        self._known: dict[Path, _Known] = {}
        self._found: list[FoundModel] = []

    @property
    def places(self) -> Places:
        """Where models are looked for, and pulled to. Reads the settings."""
        return self._places or Places()

    def find(self) -> list[LocalModel]:
        """Every local model in the order of `find_models`, with what is known of it from before."""
        self._found = find_models(self._places)
        return [self._last(model) for model in self._found]

    def has_changed(self) -> bool:
        """Whether models have come, gone or got another name since `find`, or files of one have changed since `read`.

        Nothing but names and times of files is looked at: that can be asked every few seconds.
        """
        if find_models(self._places) != self._found:
            return True
        known = [model.path for model in self._found if model.path in self._known]
        return any(self._known[path][0] != _signature(path) for path in known)

    def read(self, model: FoundModel) -> LocalModel:
        """What the files of a model say now; broken ones have a problem."""
        signature = _signature(model.path)
        known = self._known.get(model.path)
        if known is None or known[0] != signature:
            self._known[model.path] = (signature, *_read(model.path))
        return self._last(model)

    def _last(self, found: FoundModel) -> LocalModel:
        _, files, problem = self._known.get(found.path, _NOT_READ)
        return LocalModel(found.name, found.path, found.source, found.place, files, problem)


def _read(folder: Path) -> tuple[ModelFiles | None, OvchatError | None]:
    files = None
    try:
        files = inspect(folder)
        require_tokenizer(folder)
    except OvchatError as error:
        return files, error
    except OSError as error:  # a folder that goes away meanwhile, a network drive that does
        return files, unreadable(folder, error)
    return files, None


def _signature(folder: Path) -> _Signature:
    """Names, times and sizes of what is directly in a folder; nothing where it cannot be read."""
    found = []
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):  # a link to nowhere
                stat = entry.stat()
                found.append((entry.name, stat.st_mtime_ns, stat.st_size))
    return tuple(sorted(found))
