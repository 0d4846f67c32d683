"""Which models are here, and which folder a name means.

Looked for: the built-in starter, the models folder, the folders that the user has added, the Hugging Face cache. What a
folder holds is tui.engine.model_files' business.
"""

from __future__ import annotations

import difflib
import os
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import tui
from tui.engine.errors import ModelNotFound
from tui.engine.model_files import FROM_GGUF, MODEL_XML
from tui.library.amounts import names_text
from tui.library.folders import Found, TooManyFolders, is_closed, models_in, models_in_cache
from tui.library.names import meant, unique
from tui.store import paths
from tui.store.settings import Settings, load_settings

STARTER = "starter"
ADDED = "storage.model_folders"
"""The setting that has the folders that the user has added."""
DEPTH = 4
"""How many folders down models are looked for in a folder that the user has added."""
_OWN_DEPTH = 2  # NAME/ and, for models kept by owner, OWNER/NAME/
_SHOWN = 12  # names in an error


class Source(StrEnum):
    """Where a model was found."""

    BUILT_IN = "built in"
    MODELS = "models folder"
    ADDED = "added folder"
    HUGGING_FACE = "Hugging Face cache"


@dataclass(frozen=True, slots=True)
class FoundModel:
    """A model.

    Attributes:
        name: What it is called; no other one is. That of a Hugging Face repository is `OWNER/NAME`.
        path: Its folder.
        source: Where it was found.
        place: The folder in which it was found: the models folder, the one that was added, the cache.
    """

    name: str
    path: Path
    source: Source
    place: Path


Model = TypeVar("Model", bound=FoundModel)


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


def added_folders(settings: Settings | None = None) -> tuple[Path, ...]:
    """The folders that the user has added."""
    settings = settings or load_settings()
    return tuple(added_folder(said) for said in settings[ADDED] if "\0" not in said)


def added_folder(said: str) -> Path:
    """The folder that an entry of the setting means; a relative one begins where the settings are."""
    return paths.config_dir() / _expanded(said)


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where to look; tests give other places."""

    starter: Path = field(default_factory=lambda: Path(tui.__file__).parent / STARTER)
    models: Path = field(default_factory=paths.models_dir)
    added: tuple[Path, ...] = field(default_factory=added_folders)
    hugging_face: Path = field(default_factory=hugging_face_cache)


def find_models(places: Places | None = None) -> list[FoundModel]:
    """Every model that is here: the starter first, then by place and name.

    One that is in two places, as the models folder may have a link to it, is listed at the first. Of two with the same
    name the second has a longer one: `tui.library.names`.
    """
    places = places or Places()
    found = [FoundModel(STARTER, places.starter, Source.BUILT_IN, places.starter)]
    here = set[str]()
    for source, place, models in _places(places):
        some: list[Found] = []
        with suppress(TooManyFolders):  # `tui.library.added` refuses such a folder; it may have grown
            some.extend(models)
        listed = [(name or path.name, path, os.path.realpath(path)) for name, path in sorted(some)]
        found += [FoundModel(name, path, source, place) for name, path, real in listed if real not in here]
        here.update(real for _, _, real in listed)
    return unique(found)


def _places(places: Places, unseen: list[Path] | None = None) -> Iterator[tuple[Source, Path, Iterator[Found]]]:
    yield Source.MODELS, places.models, models_in(places.models, _OWN_DEPTH, itself=False, closed=True, unseen=unseen)
    for folder in places.added:
        yield Source.ADDED, folder, models_in(folder, DEPTH, unseen=unseen)
    yield Source.HUGGING_FACE, places.hugging_face, models_in_cache(places.hugging_face)


def unseen(places: Places | None = None) -> str:
    """Folders that hide a model that is not found, and how to look into them, with a space after it; "" for none."""
    places = places or Places()
    closed = [places.hugging_face] if is_closed(places.hugging_face) else []
    for _, _, models in _places(places, closed):
        with suppress(TooManyFolders):
            for _ in models:
                pass
    if not closed:
        return ""
    folders = [str(folder) for folder in closed]
    return (
        f"You may not look into {names_text(folders, _SHOWN)}. "
        f"Allow it (chmod -R u+rX {shlex.join(folders[:_SHOWN])}). "
    )


def find_model(asked: str, places: Places | None = None) -> Path:
    """The folder that a name or a path means; absolute, for what is advised is typed elsewhere, too.

    A name is meant as `tui.library.names.meant` has it. It comes before a folder of the same name: write `./NAME` for
    that.

    Raises:
        ModelNotFound: Neither a name nor a folder; says the nearest names.
    """
    places = places or Places()
    models = find_models(places)
    model = meant(asked, models)
    return model.path if model is not None else folder_given(asked, models, places)


def folder_given(asked: str, models: Iterable[FoundModel], places: Places) -> Path:
    """The folder, absolute, that somebody means who gives what is no name of these models.

    Raises:
        ModelNotFound: There is no such folder; says the nearest names.
    """
    names = [model.name for model in models]
    if not asked.strip():
        raise ModelNotFound("The model's name is empty.", there_is(names))
    path = Path(asked)
    try:
        path = path.expanduser()
        if path.is_dir():
            return path.absolute()
        if path.is_file() and path.suffix == ".xml":
            return path.parent.absolute()
        is_file = path.exists()
    except (OSError, RuntimeError) as error:  # RuntimeError: `~name` of a user that is not there.
        raise ModelNotFound(f"{path} cannot be read: {error}.", there_is(names)) from error
    if is_file and path.suffix.lower() == ".gguf":
        raise ModelNotFound(f"{path} is a GGUF file, which is not OpenVINO's format.", FROM_GGUF)
    if is_file:
        raise ModelNotFound(f"{path} is a file; a model is a folder with {MODEL_XML} in it.", there_is(names))
    if asked.startswith((".", "~", "/")) or asked.endswith("/") or "\\" in asked or asked.count("/") > 1:
        raise ModelNotFound(f"There is no folder {asked}.", there_is(names))
    get = f"To get it from Hugging Face: ovchat models pull {shlex.quote(asked)}. " if "/" in asked else ""
    raise ModelNotFound(no_such_model(asked, names), unseen(places) + get + there_is(names))


def no_such_model(asked: str, names: Sequence[str]) -> str:
    """The sentence that says so, with the nearest of these names."""
    near = difflib.get_close_matches(asked.casefold(), {name.casefold(): name for name in names}, 3)
    hint = f" Did you mean {' or '.join(name for name in names if name.casefold() in near)}?" if near else ""
    return f"There is no model {asked!r}.{hint}"


def folder_meant(said: str) -> Path:
    """The folder that somebody means who names it, or a model's XML in it."""
    path = Path(os.path.abspath(os.path.expanduser(said)))
    return path.parent if path.suffix == ".xml" and os.path.isfile(path) else path


def name_of(folder: Path, places: Places | None = None) -> str:
    """The name that a model's folder is found by, else the folder's own: in the Hugging Face cache that is a hash."""
    found = found_in(folder, find_models(places))
    return found.name if found is not None else os.path.basename(os.path.realpath(folder))


def found_in(folder: Path, models: Iterable[Model]) -> Model | None:
    """The model of these that is in a folder; None for none."""
    real = os.path.realpath(folder)
    same = [model for model in models if os.path.realpath(model.path) == real]
    # A link to a model has a name of its own.
    same.sort(key=lambda model: os.path.abspath(model.path) != os.path.abspath(folder))
    return same[0] if same else None


def there_is(names: Sequence[str]) -> str:
    """What can be given where a model is asked for."""
    return f"There is: {names_text(names, _SHOWN)}. Or give a folder that has {MODEL_XML}."
