"""Compiled models on the disk: what a GPU or an NPU took minutes for is read back in seconds.

`compiled/MODEL/DEVICE` in the cache directory; OpenVINO writes what is in it, and the engine decides which devices
want it. Beside the devices, the file `model` names the model's folder: where that is gone, so is what was compiled of
it. All of it can be made again at any time.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tui.engine.errors import OvchatError
from tui.library.folders import size_in
from tui.library.refused import step_after
from tui.store import paths
from tui.store.files import private_dir, replace_text

if TYPE_CHECKING:
    from tui.store.settings import Settings

_MODEL = "model"
_DELETED = ".removed-"
# Of the disk: so much stays free, whatever the limit is.
_FREE_SHARE = 10
_GB = 10**9


def root() -> Path:
    """Where they are, or would be."""
    return paths.cache_dir() / "compiled"


def limit_in(settings: Settings) -> int:
    """Bytes that all of them may take, as the user has set it; 0 for none at all."""
    gigabytes: int = settings["storage.compiled_cache"]
    return gigabytes * _GB


def make_room(model: Path, limit: int) -> Path | None:
    """The folder for what is compiled of a model, with room for that on the disk; None where there is none.

    Deletes what was compiled of models that are gone, and then what was used longest ago, until it and what is new
    stay below the limit and leave a tenth of the disk free.

    Args:
        model: The model's folder.
        limit: By `limit_in`.
    """
    own = _folder(model)
    for folder in _folders():
        if _is_orphan(folder):
            _delete(folder)
    # Compiled weights take about what they take in the model.
    new = 0 if size_in(own) else _weights(model)
    others = sorted((folder for folder in _folders() if folder != own), key=_last_used)
    while others and not _fits(new, limit):
        _delete(others.pop(0))
    if not limit or not _fits(new, limit):
        if total() > limit:
            _delete(own)
        return None
    try:
        private_dir(root())
    except OSError:
        return None
    return own


def used(model: Path) -> None:
    """A model was loaded: where something of it was compiled, that was used last."""
    own = _folder(model)
    with suppress(OSError):
        if own.is_dir():
            replace_text(own / _MODEL, os.path.realpath(model))
            os.utime(own)


def sizes(model: Path) -> Mapping[str, int]:
    """Bytes of what is compiled of a model, by device."""
    own = _folder(model)
    with suppress(OSError):
        return {name: size_in(own / name) for name in sorted(os.listdir(own)) if (own / name).is_dir()}
    return {}


def forget(model: Path) -> None:
    """Delete what is compiled of a model."""
    _delete(_folder(model))


def clear() -> int:
    """Delete all of it; how many bytes that frees.

    Raises:
        OvchatError: It cannot be deleted.
    """
    freed = total()
    try:
        shutil.rmtree(root())
    except FileNotFoundError:
        return 0
    except OSError as error:
        written = (root().parent, *(Path(where) for where, *_ in os.walk(root())))
        raise OvchatError(
            f"{root()} cannot be deleted: {error.strerror or error}.", step_after(error, *written)
        ) from error
    return freed


def total() -> int:
    """Bytes of all of them."""
    return sum(map(size_in, _folders()))


def _folder(model: Path) -> Path:
    real = os.path.realpath(model)
    digest = hashlib.blake2b(os.fsencode(real), digest_size=4).hexdigest()
    return root() / f"{os.path.basename(real)}-{digest}"


def _folders() -> list[Path]:
    try:
        return [root() / name for name in os.listdir(root())]
    except OSError:
        return []


def _is_orphan(folder: Path) -> bool:
    """It is half deleted, or the model is gone. Without a name it is being made."""
    if folder.name.startswith(_DELETED):
        return True
    try:
        return not os.path.isdir((folder / _MODEL).read_text("utf-8"))
    except (OSError, ValueError):
        return False


def _fits(new: int, limit: int) -> bool:
    if total() + new > limit:
        return False
    try:
        disk = shutil.disk_usage(next(folder for folder in (root(), *root().parents) if folder.exists()))
    except OSError:
        return False
    return disk.free - new >= disk.total // _FREE_SHARE


def _weights(model: Path) -> int:
    with suppress(OSError):
        return sum(file.stat().st_size for file in model.glob("*.bin"))
    return 0


def _last_used(folder: Path) -> float:
    with suppress(OSError):
        return folder.stat().st_mtime
    return 0.0


def _delete(folder: Path) -> None:
    """Delete a folder in one step for whoever looks; what cannot be deleted, as a file in use on Windows, stays."""
    hidden = root() / f"{_DELETED}{secrets.token_hex(4)}"
    with suppress(OSError):
        os.rename(folder, hidden)
        shutil.rmtree(hidden)
