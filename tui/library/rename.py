"""A model of the models folder gets another name: that of its folder. What is remembered of it goes with it."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tui.engine.errors import ModelNotFound, OvchatError
from tui.library.find import FoundModel, Places, Source, find_models
from tui.library.names import meant
from tui.library.new_name import folder_of, why_no_name, why_taken
from tui.library.own import leads_out, leave, listed, not_own
from tui.library.refused import step_after
from tui.store import paths
from tui.store.conversations import Conversations
from tui.store.errors import StoreError
from tui.store.files import private_dir
from tui.store.records import Change
from tui.store.settings import MODELS
from tui.store.settings_file import SettingsFile
from tui.store.state import State

_HERE = "A name is that of a folder, or OWNER/NAME."


@dataclass(frozen=True, slots=True)
class Renamed:
    """What has become of a model.

    Attributes:
        model: The model under its new name.
        notices: What is remembered under the old name still, and an owner that the new one is without; one sentence
            each.
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
    if name == model.name:
        raise OvchatError(f"{name} is called so already.", "Choose another name.")
    target = folder_of(name, model.place)
    if why := why_taken(name, model.place, models, model.path):
        raise OvchatError(why, "Choose another name.")
    _move(model, target)
    renamed = FoundModel(name, target, model.source, model.place)

    def is_it(remembered: str) -> bool:
        try:
            found = meant(remembered, models)
        except ModelNotFound:  # it meant several
            return False
        return (found is not None and found.path == model.path) or remembered == str(model.path.absolute())

    notices = _follow(model.name, name, is_it)
    if (owner := model.path.parent) != model.place and target.parent == model.place:
        notices = (f"{owner.name} is no part of its name any more; with it, it would be {owner.name}/{name}.", *notices)
    return Renamed(renamed, notices)


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
        # A folder is written in, too, when it moves to another one.
        step = step_after(error, model.path.parent, model.place, target.parent, model.path)
        raise OvchatError(
            f"{model.name} cannot be renamed: {error.strerror or error}.", f"Nothing is changed. {step}".rstrip()
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
