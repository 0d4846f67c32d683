"""Which models are here, and which folder a name means.

Looked for: the built-in starter, the models folder, the Hugging Face cache. Nothing is read but names of files; what a
folder holds is tui.engine.model_files' business. Questions go to os.path, not to Path, where they would raise for what
may not be looked at: another user's folder in a shared cache hides itself only.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import tui
from tui.engine.errors import ModelNotFound
from tui.engine.model_files import FROM_GGUF
from tui.store import paths

STARTER = "starter"
_IR = "openvino_model.xml"
_SHOWN = 12  # names in an error


class Source(StrEnum):
    """Where a model was found."""

    BUILT_IN = "built in"
    MODELS = "models folder"
    HUGGING_FACE = "Hugging Face cache"


@dataclass(frozen=True, slots=True)
class FoundModel:
    """A model by its name. That of a Hugging Face repository is `OWNER/NAME`."""

    name: str
    path: Path
    source: Source


def hugging_face_cache(environment: Mapping[str, str] = os.environ) -> Path:
    """The folder of huggingface_hub's cache, by its own environment variables."""
    if folder := environment.get("HF_HUB_CACHE"):
        return _expanded(folder)
    if folder := environment.get("HF_HOME"):
        return _expanded(folder) / "hub"
    return _expanded(environment.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface" / "hub"


def _expanded(folder: str) -> Path:
    # Not Path.expanduser, which raises where nobody knows the user's home.
    return Path(os.path.expanduser(folder))


@dataclass(frozen=True, slots=True)
class Places:
    """Where to look; tests give other places."""

    starter: Path = field(default_factory=lambda: Path(tui.__file__).parent / STARTER)
    models: Path = field(default_factory=paths.models_dir)
    hugging_face: Path = field(default_factory=hugging_face_cache)


def find_models(places: Places | None = None) -> list[FoundModel]:
    """Every model that is here: the starter first, then by place and name. A name that comes twice means the first."""
    places = places or Places()
    found: dict[str, FoundModel] = {}
    for model in (
        FoundModel(STARTER, places.starter, Source.BUILT_IN),
        *_in_models_folder(places.models),
        *_in_hugging_face_cache(places.hugging_face),
    ):
        found.setdefault(model.name, model)
    return list(found.values())


def find_model(asked: str, places: Places | None = None) -> Path:
    """The folder that a name or a path means.

    A name is meant in any case of letters, and without its owner where only one model ends so. A name comes before a
    folder of the same name: write `./NAME` for that.

    Raises:
        ModelNotFound: Neither a name nor a folder; says the nearest names.
    """
    models = find_models(places)
    names = [model.name for model in models]
    if not asked.strip():
        raise ModelNotFound("The model's name is empty.", _here(names))
    if model := _named(asked, models):
        return model.path
    path = Path(asked)
    try:
        path = path.expanduser()
        if path.is_dir():
            return path
        if path.is_file() and path.suffix == ".xml":
            return path.parent
        is_file = path.exists()
    except (OSError, RuntimeError) as error:  # RuntimeError: `~name` of a user that is not there.
        raise ModelNotFound(f"{path} cannot be read: {error}.", _here(names)) from error
    if is_file and path.suffix.lower() == ".gguf":
        raise ModelNotFound(f"{path} is a GGUF file, which is not OpenVINO's format.", FROM_GGUF)
    if is_file:
        raise ModelNotFound(f"{path} is a file; a model is a folder with {_IR} in it.", _here(names))
    if asked.startswith((".", "~", "/")) or "\\" in asked or asked.count("/") > 1:
        raise ModelNotFound(f"There is no folder {path}.", _here(names))
    near = difflib.get_close_matches(asked.casefold(), {name.casefold(): name for name in names}, 3)
    hint = f" Did you mean {' or '.join(name for name in names if name.casefold() in near)}?" if near else ""
    get = f"To get a model of that name from Hugging Face: hf download {asked}. " if "/" in asked else ""
    raise ModelNotFound(f"There is no model {asked!r}.{hint}", get + _here(names))


def name_of(folder: Path, places: Places | None = None) -> str:
    """The name that a model's folder is found by, else the folder's own: in the Hugging Face cache that is a hash."""
    real = os.path.realpath(folder)
    found = (model.name for model in find_models(places) if os.path.realpath(model.path) == real)
    return next(found, os.path.basename(real))


def _named(asked: str, models: list[FoundModel]) -> FoundModel | None:
    keys: list[Callable[[str], str]] = [str, str.casefold]
    if "/" not in asked:
        keys.append(lambda name: name.rpartition("/")[2].casefold())
    for key in keys:
        matches = [model for model in models if key(model.name) == key(asked)]
        if len(matches) > 1:
            names = ", ".join(model.name for model in matches)
            raise ModelNotFound(f"{asked!r} means several models: {names}.", "Write the whole name.")
        if matches:
            return matches[0]
    return None


def _here(names: list[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"There is: {shown}{more}. Or give a folder that has {_IR}."


def _in_models_folder(folder: Path) -> Iterator[FoundModel]:
    """`NAME/` and, for models kept by owner, `OWNER/NAME/`."""
    for path in _folders(folder):
        if os.path.isfile(path / _IR):
            yield FoundModel(path.name, path, Source.MODELS)
        elif os.path.realpath(path) != os.path.realpath(folder):  # a link to itself has what is listed already
            for inner in _folders(path):
                if os.path.isfile(inner / _IR):
                    yield FoundModel(f"{path.name}/{inner.name}", inner, Source.MODELS)


def _in_hugging_face_cache(folder: Path) -> Iterator[FoundModel]:
    """Repositories with an IR. Of OpenVINO's own also what is no chat model, so that it can be refused by its kind."""
    for repository in _folders(folder):
        if not repository.name.startswith("models--"):
            continue
        name = repository.name.removeprefix("models--").replace("--", "/")
        pattern = "openvino_*.xml" if name.startswith("OpenVINO/") else _IR
        if (snapshot := _snapshot(repository)) and any(snapshot.glob(pattern)):
            yield FoundModel(name, snapshot, Source.HUGGING_FACE)


def _snapshot(repository: Path) -> Path | None:
    """The snapshot of the main branch, or the newest one."""
    snapshots = repository / "snapshots"
    try:
        revision = (repository / "refs" / "main").read_text().strip()
    except (OSError, UnicodeDecodeError):
        revision = ""
    if revision and os.path.isdir(snapshots / revision):
        return snapshots / revision
    return max(_folders(snapshots), key=lambda path: path.stat().st_mtime, default=None)


def _folders(folder: Path) -> list[Path]:
    """Folders in a folder, by name; none where it cannot be read."""
    try:
        return sorted(path for path in folder.iterdir() if os.path.isdir(path))
    except OSError:
        return []
