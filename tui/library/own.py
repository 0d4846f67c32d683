"""Models that are ovchat's own to rename and to delete: folders in its models folder that no link leads out of."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from tui.engine.errors import ModelNotFound
from tui.library.find import FoundModel, Places, Source, find_models, folder_meant, no_such_model, unseen
from tui.library.names import meant

_LIST = "See the list: ovchat models"


def listed(asked: str, places: Places | None = None) -> FoundModel:
    """The model of the list that a name, or the path of its folder, means.

    Raises:
        ModelNotFound: There is none.
    """
    models = find_models(places)
    if model := meant(asked, models):
        return model
    folder = folder_meant(asked)
    # Not by where links lead: a link is a model of its own here.
    for model in models:
        if os.path.abspath(model.path) == str(folder):
            return model
    if asked.strip() and os.path.lexists(folder):
        raise ModelNotFound(f"{folder} is not on the list of models.", _LIST)
    raise ModelNotFound(no_such_model(asked, [model.name for model in models]), unseen(places) + _LIST)


def not_own(model: FoundModel) -> str:
    """Where a model is kept that is not ovchat's own; "" where it is."""
    match model.source:
        case Source.BUILT_IN:
            return "is part of ovchat"
        case Source.HUGGING_FACE:
            return "is in the Hugging Face cache, which other programs share"
        case Source.ADDED:
            return f"is in {model.place}, which you have added"
    if leads_out(model.path.parent, model.place):
        return f"is not in the models folder: {model.path.parent} is a link to {os.path.realpath(model.path.parent)}"
    return ""


def leads_out(folder: Path, place: Path) -> bool:
    """Whether one of the names between a place and a folder in it is a link. Of the place itself it does not matter."""
    without_links = Path(os.path.realpath(place), folder.relative_to(place))
    return os.path.normcase(os.path.realpath(folder)) != os.path.normcase(without_links)


def is_link(path: Path) -> bool:
    """Whether the last part of a path leads elsewhere; on Windows a junction does, too."""
    return leads_out(path, path.parent)


def leave(owner: Path, models: Path) -> None:
    """Take away the folder of an owner of whom there is no model any more, or none has come."""
    if owner != models:
        with suppress(OSError):  # it has others
            owner.rmdir()
