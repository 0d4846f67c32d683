"""A model of the models folder gets another name: that of its folder. What is remembered of it goes with it."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tui.engine.errors import ModelNotFound, OvchatError
from tui.library.find import STARTER, FoundModel, Places, Source, find_models
from tui.library.folders import REPOSITORY
from tui.library.names import meant
from tui.library.own import leads_out, leave, listed, not_own
from tui.store import paths
from tui.store.conversations import Conversations
from tui.store.errors import StoreError
from tui.store.files import private_dir
from tui.store.records import Change
from tui.store.settings import MODELS
from tui.store.settings_file import SettingsFile
from tui.store.state import State

_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # of Windows, in every folder
_HERE = "A name is that of a folder, or OWNER/NAME."
LONGEST = 255
"""Bytes of a file's or folder's name, on all the file systems that are in use."""


@dataclass(frozen=True, slots=True)
class Renamed:
    """What has become of a model.

    Attributes:
        model: The model under its new name.
        notices: What is remembered under the old name still, one sentence each.
    """

    model: FoundModel
    notices: tuple[str, ...]


def rename(asked: str, name: str, places: Places | None = None) -> Renamed:
    """Give a model of the models folder another name.

    The device that it was given, the sampling settings for it and the conversations held with it follow.

    Args:
        asked: The model: its name, or its folder.
        name: The new name: that of a folder, or `OWNER/NAME`.
        places: Where models are looked for.

    Raises:
        OvchatError: There is no such model, it is not in the models folder, the name cannot be one or is taken, or the
            folder cannot be renamed. Nothing is changed.
    """
    places = places or Places()
    models = find_models(places)
    model = listed(asked, places)
    require_own(model)
    if why := why_no_name(name):
        raise OvchatError(f"{name!r} cannot be a name: {why}.", _HERE)
    target = model.place.joinpath(*name.split("/"))
    _require_free(name, target, model, models)
    _move(model, target)
    renamed = FoundModel(name, target, model.source, model.place)

    def is_it(remembered: str) -> bool:
        try:
            found = meant(remembered, models)
        except ModelNotFound:  # it meant several
            return False
        return (found is not None and found.path == model.path) or remembered == str(model.path.absolute())

    return Renamed(renamed, _follow(model.name, name, is_it))


def require_own(model: FoundModel) -> None:
    """See that a model is one that can be renamed.

    Raises:
        OvchatError: It is kept where others keep their models; says what to do instead.
    """
    if why := not_own(model):
        raise OvchatError(f"{model.name} {why}.", _instead(model))


def _instead(model: FoundModel) -> str:
    match model.source:
        case Source.ADDED:
            return "Rename its folder there."
        case Source.MODELS:
            return "Rename its folder there, or the link."
    return "Only models of the models folder can be renamed."


def why_no_name(name: str) -> str:
    """What keeps a text from being the name of a model; "" for nothing."""
    parts = name.split("/")
    if not name.strip():
        return "it is empty"
    if any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in name):
        return "it has a control character in it, or bytes that are not UTF-8"
    if len(parts) > 2:
        return "it has more than one /"
    if name.casefold() == STARTER:
        return "that is the model that comes with ovchat"
    for part in parts:
        if not part or part != part.strip():
            return "it begins or ends with a space or a /"
        if part.startswith("."):
            return "folders that begin with a dot are hidden, or mean another one"
        if len(os.fsencode(part)) > LONGEST:
            return f"it has more than {LONGEST} bytes, the most that a folder's name can have"
        if part.startswith(REPOSITORY) or _DEVICES.fullmatch(part):
            return f"{part} is reserved"
    return ""


def _require_free(name: str, target: Path, model: FoundModel, models: list[FoundModel]) -> None:
    for other in models:
        if other.path != model.path and other.name.casefold() == name.casefold():
            raise OvchatError(f"There is a model {other.name} already.", "Choose another name.")
        if other.path == target.parent:
            raise OvchatError(f"{other.path} is a model; another one cannot be in it.", "Choose another name.")
    # On some systems names differ in more than case: then it is the model itself.
    if os.path.lexists(target) and not os.path.samefile(target, model.path):
        raise OvchatError(f"There is {target} already.", "Choose another name.")


def _move(model: FoundModel, target: Path) -> None:
    made = not os.path.lexists(target.parent)
    try:
        if (
            target.parent != model.path.parent
            and model.path.is_symlink()
            and not os.path.isabs(os.readlink(model.path))
        ):
            raise OvchatError(
                f"{model.name} is a link that leads nowhere from another folder.",
                "Keep it in the folder that it is in.",
            )
        private_dir(target.parent)
        if leads_out(target.parent, model.place):
            raise OvchatError(f"{target.parent} is a link out of the models folder.", "Choose another name.")
        os.rename(model.path, target)
    except OSError as error:
        if made:
            leave(target.parent, model.place)
        raise OvchatError(
            f"{model.name} cannot be renamed: {error.strerror or error}.", "Nothing is changed. Is it in use?"
        ) from error
    leave(model.path.parent, model.place)


def _follow(old: str, new: str, is_it: Callable[[str], bool]) -> tuple[str, ...]:
    """Give what is remembered of a model its new name; a sentence for what could not be."""
    notices = []
    State().rename(is_it, new)
    try:
        file = SettingsFile()
        if values := file.settings.for_model(old):
            file.put(f"{MODELS}.{new}.sampling", values)
            file.put(f"{MODELS}.{old}.sampling", {})
    except StoreError as error:
        notices.append(f"Its sampling settings are those of {old} still: {error}")
    try:
        if paths.conversations_file().exists():
            with closing(Conversations.open()) as store:
                held = [each.id for each in store.listing(archived=True) if each.model and is_it(each.model)]
                store.save(*(Change(id, {"model": new}) for id in held))
    except StoreError as error:
        notices.append(f"Conversations held with it name {old} still: {error}")
    return tuple(notices)
