"""Folders with models in them: walked as deep as makes sense, never in circles. Only names of files are read.

Questions go to os.path, not to Path, where they would raise for what may not be looked at: another user's folder in a
shared cache hides itself only.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

MOST_FOLDERS = 10_000
"""In a folder with more folders than this below it, somebody keeps more than models."""

# Of models that cannot chat, too: they are shown, and refused by their kind.
_MODEL = re.compile(r"openvino_(?:\w+_)?model(?:_\w+)?\.xml")
_PIPELINE = "model_index.json"  # for images: the models in its folders are its parts
REPOSITORY = "models--"
"""What the folder of a repository in a Hugging Face cache begins with."""

Found = tuple[str, Path]
"""What a model is called below the folder that was walked, and its own folder."""


class TooManyFolders(Exception):
    """There are more than `MOST_FOLDERS` to look into."""


def models_in(
    folder: Path, depth: int, *, itself: bool = True, closed: bool = False, unseen: list[Path] | None = None
) -> Iterator[Found]:
    """The models in a folder, in no order that means something.

    Hidden folders, whose names begin with a dot, are left out; so is what lies in a model. Links are followed, but not
    to where the walk has been. A repository of a Hugging Face cache is called as on the hub.

    Args:
        folder: Where to look.
        depth: How many folders down.
        itself: The folder may be a model; it is called "".
        closed: Folders in it that may not be looked into count as models: only models are kept there.
        unseen: Gets the other folders that may not be looked into.

    Raises:
        TooManyFolders: After the models that were found in the first ones.
    """
    level: list[Found] = [("", folder)]
    been: set[str] = set()
    looked = 0
    for _ in range(depth + 1):
        below: list[tuple[bool, str, Path]] = []
        for name, path in level:
            if (looked := looked + 1) > MOST_FOLDERS:
                raise TooManyFolders
            if repository := _in_repository(path):
                yield repository
                continue
            files, folders = _entries(path)
            if _is_model(files) and (name or itself):
                yield name, path
                continue
            if not (files or folders) and is_closed(path):
                if closed and name:
                    yield name, path
                elif unseen is not None:
                    unseen.append(path)
                continue
            try:
                real = os.path.realpath(path)
            except OSError:  # a link that goes away at this moment
                continue
            if real not in been and _PIPELINE not in files:
                been.add(real)
                below += [(is_link, f"{name}/{each}" if name else each, path / each) for each, is_link in folders]
        # What has two names goes by the one that is no link.
        level = [(name, path) for _, name, path in sorted(below)]


def models_in_cache(folder: Path) -> Iterator[Found]:
    """The models of a Hugging Face cache; not its data sets, nor what else may lie there."""
    for name, _ in _entries(folder)[1]:
        if found := _in_repository(folder / name):
            yield found


def _in_repository(path: Path) -> Found | None:
    """The model of a repository in a Hugging Face cache; None where it is none, or has none."""
    if not path.name.startswith(REPOSITORY):
        return None
    found = snapshot(path)
    if found is None or not _is_model(_entries(found)[0]):
        return None
    return repository_name(path), found


def repository_name(folder: Path) -> str:
    """OWNER/NAME of the repository whose folder in a Hugging Face cache this is."""
    return id_in(folder.name.removeprefix(REPOSITORY))


def in_one_part(id: str) -> str:
    """OWNER--NAME for OWNER/NAME: a repository's id as the name of one file or folder, as that cache has it."""
    return id.replace("/", "--")


def id_in(name: str) -> str:
    """OWNER/NAME for OWNER--NAME. No id on the hub has -- in it."""
    return name.replace("--", "/")


def snapshot(repository: Path) -> Path | None:
    """In a repository of a Hugging Face cache, the snapshot of the main branch, or the newest one."""
    snapshots = repository / "snapshots"
    try:
        revision = (repository / "refs" / "main").read_text().strip()
    except (OSError, UnicodeDecodeError):
        revision = ""
    if revision and os.path.isdir(snapshots / revision):
        return snapshots / revision
    return max((snapshots / name for name, _ in _entries(snapshots)[1]), key=_modified, default=None)


def _modified(path: Path) -> float:
    try:
        return os.path.getmtime(path)
    except OSError:
        return 0


def _is_model(files: set[str]) -> bool:
    return any(map(_MODEL.fullmatch, files))


def size_in(folder: Path) -> int:
    """Bytes of all that lies in a folder; of what goes at this moment, none."""
    size = 0
    for where, _, files in os.walk(folder):
        for name in files:
            with suppress(OSError):
                size += os.lstat(os.path.join(where, name)).st_size
    return size


def is_closed(folder: Path) -> bool:
    """Whether a folder may not be looked into."""
    try:
        with os.scandir(folder):
            return False
    except PermissionError:
        return True
    except OSError:  # it has gone
        return False


def _entries(folder: Path) -> tuple[set[str], list[tuple[str, bool]]]:
    """The files in a folder, and the folders in it with whether each is a link; none where it cannot be read."""
    files: set[str] = set()
    folders: list[tuple[str, bool]] = []
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):  # a link into what may not be looked at
                if not entry.is_dir():
                    files.add(entry.name)
                elif not entry.name.startswith("."):
                    folders.append((entry.name, entry.is_symlink()))
    return files, folders
