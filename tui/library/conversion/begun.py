"""Conversions of models on the hub that have not ended: what was asked for, and what is here of the model.

In a folder of their own, for they are no pulls: `.partial/sources`. There `OWNER--NAME.json` has what was asked for and
`OWNER--NAME--COMMIT` is the model that is converted, when all of it is here. Before, it is in `.partial` once more, as
`tui.library.partial` has it. All of that belongs to who has its lock, `OWNER--NAME.lock`.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path

from tui.engine.errors import OvchatError
from tui.library.conversion.presets import Weights
from tui.library.conversion.tool import end_all_in
from tui.library.folders import id_in, in_one_part, size_in
from tui.library.hub import Repository, is_id, without_address
from tui.library.partial import PARTIAL, Partial
from tui.store.files import locked_now, replace_text

SOURCES = "sources"
_NOTE = ".json"


def lock_of(models: Path) -> Path:
    """What who converts has locked; also the folder in which it is done."""
    return models / PARTIAL / "converting"


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for.

    Attributes:
        name: What the model will be called.
        weights: How to store its weights.
        python: The user's environment; None for ovchat's own.
        trust: Run Python code that comes with the model.
    """

    name: str
    weights: Weights
    python: Path | None
    trust: bool


class Begun:
    """One conversion.

    Args:
        models: The models folder.
        repository: OWNER/NAME on the hub.
    """

    def __init__(self, models: Path, repository: str) -> None:
        self.repository = repository
        self.sources = models / PARTIAL / SOURCES
        self._called = in_one_part(repository)
        self._part = self.sources / PARTIAL / self._called  # as long as it is not whole
        self._note = self.sources / f"{self._called}{_NOTE}"

    def locked(self) -> AbstractContextManager[bool]:
        """Keep others out; False in the block if somebody is at it."""
        return locked_now(self.sources / self._called)

    def held(self, repository: Repository) -> int:
        """Bytes that are here of the files of its repository at a commit."""
        if self.whole(repository.commit).is_dir():
            return sum(file.size for file in repository.files)
        return Partial(self.sources, self.repository).held(repository).size

    def whole(self, commit: str) -> Path:
        """Where the model lies when all of it is here."""
        return self.sources / f"{self._called}--{commit[:12]}"

    def remember(self, asked: Asked) -> None:
        """Note what was asked for."""
        python = None if asked.python is None else str(asked.python)
        replace_text(self._note, json.dumps(asdict(asked) | {"python": python}, indent=1) + "\n")

    def asked(self) -> Asked | None:
        """What was asked for; None where that cannot be read."""
        try:
            found = json.loads(self._note.read_text("utf-8"))
            python = Path(found["python"]) if found["python"] else None
            return Asked(str(found["name"]), Weights(**found["weights"]), python, found["trust"] is True)
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            return None

    def size(self) -> int:
        """Bytes that are here of the model."""
        return sum(map(size_in, (*self._wholes(), self._part / "model")))

    def forget(self) -> None:
        """Delete all of it. For who has the lock."""
        for folder in (*self._wholes(), self._part):
            shutil.rmtree(folder, ignore_errors=True)
        self._note.unlink(missing_ok=True)

    def discard(self) -> None:
        """Delete all of it.

        Raises:
            OvchatError: Somebody is at it.
        """
        if not self._note.exists():  # it was given up before it began
            return
        with self.locked() as mine:
            if not mine:
                raise OvchatError(f"{self.repository} is being converted.", "Let it finish, or stop it there.")
            self.forget()

    def _wholes(self) -> Iterator[Path]:
        return self.sources.glob(f"{self._called}--*/")


def begun(models: Path) -> list[str]:
    """The repositories whose conversions have not ended, by name; also one that is at work."""
    notes = sorted((models / PARTIAL / SOURCES).glob(f"*{_NOTE}"))
    return [name for note in notes if is_id(name := id_in(note.stem))]


def clear(work: Path) -> None:
    """End the tool of a conversion that was killed, and delete what it has made. For who has the lock."""
    end_all_in(work)
    shutil.rmtree(work, ignore_errors=True)


def is_any_left(models: Path) -> bool:
    """Whether there may be one that has not ended; it may be at work."""
    return lock_of(models).exists() or bool(begun(models))


def left(models: Path) -> list[Begun]:
    """Those that nobody is at; of one that was killed nothing else stays."""
    if not is_any_left(models):
        return []
    work = lock_of(models)
    with locked_now(work) as nobody_is_at_it:
        if not nobody_is_at_it:
            return []
        clear(work)
        return [Begun(models, name) for name in begun(models)]


def discard_begun(asked: str, models: Path) -> str:
    """Delete what a conversion that has not ended has left; the model's name on the hub.

    Raises:
        OvchatError: There is none, or it is at work.
    """
    names = {name.casefold(): name for name in begun(models)}
    name = names.get(without_address(asked).casefold())
    if name is None:
        raise OvchatError(
            f"There is no unfinished conversion of {asked!r}.",
            f"There is: {', '.join(names.values())}." if names else "Nothing is deleted.",
        )
    Begun(models, name).discard()
    return name
