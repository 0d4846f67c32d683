"""Models leave the list: a folder that was added is taken off it, a model of the models folder is deleted.

Only what lies in the models folder is ever deleted, and never through a link. A model's folder is first given a hidden
name, in one step: what is half deleted is no model.
"""

from __future__ import annotations

import os
import re
import secrets
import shlex
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tui.engine.errors import OvchatError
from tui.engine.read_file import unreadable
from tui.library import compiled_cache
from tui.library.find import FoundModel, Places, Source, find_models
from tui.library.folders import repository_name
from tui.library.own import is_link, leave, listed, not_own
from tui.library.refused import allow, may_write_in, step_after

_DELETED = ".removed-"
_HIDDEN = re.compile(re.escape(_DELETED) + "[0-9a-f]{8}")
_TRIES = 100  # with another ovchat at the same files


@dataclass(frozen=True, slots=True)
class TakenOff:
    """To be taken off the list, by `tui.library.added.take_off`: no file is deleted.

    Attributes:
        folder: One that was added.
        models: How many models go with it.
    """

    folder: Path
    models: int


@dataclass(frozen=True, slots=True)
class Deletion:
    """To be deleted, by `delete`.

    Attributes:
        model: A model in the models folder.
        is_link: Its folder is a link: only that is deleted.
        files: Files that are deleted.
        freed: Bytes that the disk has more then.
        identity: Which folder it is, whatever has its name by then.
    """

    model: FoundModel
    is_link: bool
    files: int
    freed: int
    identity: tuple[int, int]


def removal(asked: str, places: Places | None = None) -> TakenOff | Deletion:
    """What removing a model comes to. Nothing is done yet.

    Args:
        asked: Its name, its folder, or a folder that was added.
        places: Where models are looked for.

    Raises:
        OvchatError: There is no such model, or it is not here that it can be removed.
    """
    places = places or Places()
    folder = Path(os.path.abspath(os.path.expanduser(asked)))
    models = find_models(places)
    if not any(model.name == asked for model in models):
        for place in places.added:
            if os.path.abspath(place) == str(folder):
                return TakenOff(place, sum(model.place == place for model in models))
    model = listed(asked, places)
    if model.source is Source.ADDED and model.path == model.place:
        return TakenOff(model.path, 1)
    if why := not_own(model):
        raise OvchatError(f"{model.name} {why}.", _instead(model, models))
    if (identity := _identity(model.path)) is None:
        raise OvchatError(f"{model.name} has gone meanwhile.", "See the list: ovchat models")
    if is_link(model.path):
        return Deletion(model, True, 1, 0, identity)
    try:
        with os.scandir(model.path):
            sizes = list(_sizes(model.path))
    except OSError as error:  # nobody could say what would be deleted
        raise unreadable(model.path, error) from error
    return Deletion(model, False, len(sizes), sum(sizes), identity)


def delete(deletion: Deletion) -> None:
    """Delete a model of the models folder.

    Raises:
        OvchatError: It cannot be deleted, or not all of it; says what is left.
    """
    model = deletion.model
    models = model.place
    if why := not_own(model):  # that may have changed since it was asked for
        raise OvchatError(f"{model.name} {why}.", "Nothing is deleted.")
    if _identity(model.path) != deletion.identity:  # renamed or got anew: that was not asked for
        raise OvchatError(f"{model.path} is another folder than it was, or has gone.", "Nothing is deleted.")
    if not is_link(model.path) and (mount := _mount_in(model.path)):
        raise OvchatError(
            f"{mount} is another file system, mounted in {model.path}.", "Nothing is deleted. Unmount it."
        )
    # Where it cannot be moved at all, on a read-only disk say, the system says why.
    if not is_link(model.path) and may_write_in(model.path.parent) and (closed := _not_to_be_emptied(model.path)):
        raise OvchatError(
            f"{model.name} cannot be deleted: you may not delete what is in {closed}.",
            f"Nothing is deleted. {allow(closed)}".rstrip(),
        )
    for left in _hidden(models):  # by one that was killed
        with suppress(OSError):
            _delete(left)
    hidden = models / f"{_DELETED}{secrets.token_hex(4)}"
    try:
        os.rename(model.path, hidden)
    except OSError as error:
        step = step_after(error, model.path.parent, models, model.path)
        raise OvchatError(
            f"{model.name} cannot be deleted: {error.strerror or error}.", f"Nothing is deleted. {step}".rstrip()
        ) from error
    compiled_cache.forget(model.path)
    leave(model.path.parent, models)
    try:
        _delete(hidden)
    except OSError as error:
        raise OvchatError(
            f"{model.name} is off the list, but not all of its files could be deleted: {error.strerror or error}.",
            f"What is left is in {hidden}.",
        ) from error


def _instead(model: FoundModel, models: list[FoundModel]) -> str:
    match model.source:
        case Source.ADDED:
            others = sum(other.place == model.place for other in models) - 1
            too = f" {others} more {'model' if others == 1 else 'models'} of it with that" if others else ""
            comma = "," if others else ""
            return (
                f"Take that folder off the list{comma}{too}: ovchat models remove {shlex.quote(str(model.place))}. "
                "Or delete the model there."
            )
        case Source.HUGGING_FACE:
            repository = repository_name(model.path.parents[1])
            return f"Delete it there, for all of them: {_hf()} cache rm model/{shlex.quote(repository)}"
        case Source.MODELS:
            return f"Delete it there, or only the link: rm {shlex.quote(str(model.path.parent))}"
    return "It stays."


def _hf() -> str:
    """Hugging Face's command: it comes with ovchat, but may not be where a shell looks for commands."""
    beside = Path(sys.executable).with_name("hf")
    return shlex.quote(str(beside)) if shutil.which("hf") is None and beside.exists() else "hf"


def _sizes(folder: Path) -> Iterator[int]:
    """Bytes that each file in a folder frees: none for a link, nor for a file that has other names."""
    for root, folders, files in os.walk(folder):
        for name in (*files, *(each for each in folders if is_link(Path(root, each)))):
            with suppress(OSError):
                found = os.lstat(os.path.join(root, name))
                yield found.st_size if stat.S_ISREG(found.st_mode) and found.st_nlink == 1 else 0


def _mount_in(folder: Path) -> str | None:
    """A file system that is mounted in a folder; deleting would go on in it."""
    real = os.path.realpath(folder)
    mounts = (partition.mountpoint for partition in psutil.disk_partitions(all=True))
    return next((mount for mount in mounts if Path(mount).is_relative_to(real)), None)


def _not_to_be_emptied(folder: Path) -> Path | None:
    """A folder in it that this user may not take files from: half of the model would be gone."""
    return next((Path(root) for root, *_ in os.walk(folder) if not may_write_in(root)), None)


def _hidden(models: Path) -> list[Path]:
    try:
        return [models / name for name in os.listdir(models) if _HIDDEN.fullmatch(name)]
    except OSError:
        return []


def _delete(path: Path) -> None:
    """Delete a folder or a link; another ovchat may be about the same one."""
    for _ in range(_TRIES):
        try:
            if is_link(path):
                os.unlink(path)
            else:
                shutil.rmtree(path)  # does not follow links
        except FileNotFoundError:
            if os.path.lexists(path):
                continue
        return


def _identity(path: Path) -> tuple[int, int] | None:
    """Which folder or link has a name now; None for none."""
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
