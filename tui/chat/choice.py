"""Which model to load, and where: what was asked for, else what was used last, else the starter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tui.engine.errors import BadParameter, ModelNotFound
from tui.engine.options import EngineOptions
from tui.library.compiled_cache import limit_in, make_room
from tui.library.find import STARTER, FoundModel, Places, find_models, folder_given, found_in, unseen
from tui.library.names import meant
from tui.store.settings import Settings, where
from tui.store.state import State


@dataclass(frozen=True, slots=True)
class Choice:
    """What to load.

    Attributes:
        name: The model as the user calls it; what the state remembers it by.
        folder: Its folder, absolute.
        title: What to call it: the name that the library has for it, else its folder's.
        device: As asked for, remembered or set; `auto` where nobody said.
        said_by: Where the device was not asked for now: who names it.
        options: How to compile.
        cache_limit: Bytes that what is compiled of all models may take; None for one of which nothing is kept.
        notices: What was not as asked for, one sentence each.
    """

    name: str
    folder: Path
    title: str
    device: str
    said_by: str
    options: EngineOptions
    cache_limit: int | None = None
    notices: tuple[str, ...] = ()

    def make_room(self) -> Path | None:
        """A folder for what is compiled of it, so that it loads faster the next time; None for nowhere.

        For who is about to load it: what was compiled of other models leaves where it takes the room.
        """
        return None if self.cache_limit is None else make_room(self.folder, self.cache_limit)


def choose(
    model: str | None,
    device: str | None,
    options: Sequence[str],
    settings: Settings,
    state: State,
    *,
    last: str | None = None,
) -> Choice:
    """Choose. Looks at folders: not for the event loop.

    Args:
        model: Name or folder, as asked for now; None for the one used last.
        device: As asked for now; None for that of the model, of the settings, or the best.
        options: `KEY=VALUE` of the engine, over those that the model was given before and the settings.
        settings: The user's.
        state: What was used last.
        last: The model used last where that is not the state's: a conversation has its own.

    Raises:
        OvchatError: There is no such model or option.
    """
    set_device = settings["engine.device"]
    name, folder, title, notices = _model(model, last or state.model)
    parsed = options_with(state.options.get(name, {}), settings, options)
    remembered = state.device_of(name)
    said_by = ""
    if not device and remembered:
        said_by = f"It is the device that {name} was given last."
    elif not device and set_device:
        said_by = f"{where('engine.device')} names it."
    asked = device or device_for(name, remembered, set_device) or "auto"
    # What stays on the CPU compiles nothing that could be kept.
    cache_limit = limit_in(settings) if asked.upper() != "CPU" else None
    return Choice(name, folder, title, asked, said_by, parsed, cache_limit, notices)


def device_for(model: str, given: str | None, set_device: str | None) -> str:
    """Where a model is to run for which nobody asks now; "" is the best device here.

    Args:
        model: Its name.
        given: The device that the user gave it last.
        set_device: The device that the settings name.
    """
    # The starter is so small that a GPU would only take longer to get ready.
    return given or set_device or ("CPU" if model == STARTER else "")


def options_with(given: Mapping[str, str], settings: Settings, asked: Sequence[str] = ()) -> EngineOptions:
    """How a model is to be compiled.

    Args:
        given: The options that it was given before, over the settings; left out where they do not go together.
        settings: The user's.
        asked: `KEY=VALUE` as asked for now, over both.

    Raises:
        BadParameter: What is asked for now is wrong, or the settings are.
    """
    engine = {name: value for name, value in settings.section("engine").items() if name != "device"}
    before = [f"{key}={value}" for key, value in given.items()]
    try:
        EngineOptions.parse(before, engine)
    except BadParameter:
        before = []
    return EngineOptions.parse([*before, *asked], engine)


def remember_options(state: State, model: str, options: Sequence[str]) -> None:
    """Remember engine options (`KEY=VALUE`, which `choose` has taken) for a model; auto and none remember nothing."""
    given = {key.strip(): value.strip().lower() for key, _, value in (pair.partition("=") for pair in options)}
    if given:
        state.give_options(model, {key: "" if value in ("auto", "none") else value for key, value in given.items()})


def _model(asked: str | None, last: str | None) -> tuple[str, Path, str, tuple[str, ...]]:
    places = Places()
    models = find_models(places)
    name = (last or STARTER) if asked is None else asked
    try:
        return *_meant(name, models, places), ()
    except ModelNotFound:
        if asked is not None:
            raise
        notice = f"The model used last, {name}, is not there any more; this is the starter. {unseen(places)}".rstrip()
        return *_meant(STARTER, models, places), (notice,)


def _meant(asked: str, models: Sequence[FoundModel], places: Places) -> tuple[str, Path, str]:
    """What to remember it by, its folder and its title."""
    if model := meant(asked, models):
        return asked, model.path, model.name
    folder = folder_given(asked, models, places)
    listed = found_in(folder, models)
    # A path means the same from everywhere.
    return str(folder), folder, listed.name if listed is not None else folder.resolve().name
