"""From a command's options to a loaded model: which model, on which device, with which settings."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui.chat import ChatSession
from tui.cli import console
from tui.cli.utf8 import require_utf8
from tui.engine.errors import DeviceNotFound, ModelNotFound
from tui.engine.language_model import LanguageModel
from tui.engine.options import EngineOptions
from tui.engine.runner import Runner
from tui.library.find import STARTER, find_model, name_of
from tui.store.settings import Settings, load_settings, where
from tui.store.state import State

_SLOW_SECONDS = 2.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Choice:
    """What to load.

    Attributes:
        name: The model as the user calls it; what the state remembers it by.
        folder: Its folder.
        title: What to call it: the name that the library has for it, else its folder's.
        device: As asked for, remembered or set; `auto` where nobody said.
        said_by: Where the command line does not name the device: what does, and how to get another.
        options: How to compile.
    """

    name: str
    folder: Path
    title: str
    device: str
    said_by: str
    options: EngineOptions


def read_settings() -> Settings:
    """The settings, with what is wrong in the user's file said on standard error."""
    settings = load_settings()
    for notice in settings.notices:
        console.note(notice)
    return settings


def choose(model: str | None, device: str | None, options: Sequence[str], settings: Settings, state: State) -> Choice:
    """Which model, and where: what was asked for, else what was used last, else the starter.

    Raises:
        OvchatError: There is no such model or option.
    """
    engine = settings.section("engine")
    set_device = engine.pop("device")
    parsed = EngineOptions.parse(options, engine)
    name, folder = _model(model, state)
    # The starter is so small that a GPU would only take longer to get ready.
    nobody_said = "CPU" if name == STARTER else "auto"
    remembered = state.device_of(name)
    said_by = ""
    if not device and remembered:
        said_by = f"It is the device that {name} was given last: give another one with -d."
    elif not device and set_device:
        said_by = f"{where('engine.device')} names it: change it there, or give another one with -d."
    asked = device or remembered or set_device or nobody_said
    return Choice(name, folder, name_of(folder), asked, said_by, parsed)


def _model(asked: str | None, state: State) -> tuple[str, Path]:
    name = (state.model or STARTER) if asked is None else asked
    try:
        folder = find_model(name)
    except ModelNotFound:
        if asked is not None:
            raise
        console.note(f"The model used last, {name}, is not there any more; this is the starter.")
        return STARTER, find_model(STARTER)
    # A path means the same from everywhere; a name stays one.
    return (str(folder.absolute()) if folder in (Path(name), Path(name).parent) else name), folder


@contextmanager
def engine() -> Iterator[Runner]:
    """A runner, closed at the end of the block; but a second Ctrl+C, or one while loading, does not wait for it."""
    runner = Runner()
    try:
        yield runner
    except KeyboardInterrupt:
        raise
    except BaseException:
        runner.close()
        raise
    runner.close()


def load(runner: Runner, choice: Choice, state: State) -> LanguageModel:
    """Load it, saying so where it takes long, and what the user should know about how it runs."""
    logger.debug("loading %s", choice)
    job = runner.load(choice.folder, choice.device, choice.options, state.verdicts)
    with saying_after(_SLOW_SECONDS, f"Loading {choice.title} ..."):
        try:
            for progress in job:
                logger.debug("%.2f s: %s", progress.seconds, progress.stage)
            model = job.result()
        except DeviceNotFound as error:
            if not choice.said_by:
                raise
            raise DeviceNotFound(error.sentence, f"{choice.said_by} {error.next_step}") from error
    logger.debug("loaded %s", model.files)
    for notice in model.notices:
        console.note(notice)
    return model


def begin_session(runner: Runner, settings: Settings, system: str | None, sampling: dict[str, Any]) -> ChatSession:
    """A conversation in which `sampling`, given now, wins over the user's settings."""
    return ChatSession(
        runner,
        system=require_utf8("The system message", system or ""),
        app_sampling=settings.shipped_section("sampling"),
        user_sampling=settings.user_section("sampling") | sampling,
    )


@contextmanager
def saying_after(seconds: float, text: str, *, always: bool = False) -> Iterator[None]:
    """Say something on standard error if the block takes longer; unless `always`, only to a terminal."""
    if not always and not console.is_terminal(sys.stderr):
        yield
        return
    timer = threading.Timer(seconds, console.aside, [text], {"dim": True})
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
