"""From a command's options to a loaded model: which model, on which device, with which settings."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tui.chat.choice import Choice
from tui.chat.choice import choose as choice_of
from tui.cli import console
from tui.cli.failures import FAILED, tell
from tui.engine.errors import DeviceNotFound, TooSlow
from tui.library.compiled_cache import used
from tui.store.settings import Settings, load_settings
from tui.store.state import State

if TYPE_CHECKING:
    from tui.engine.language_model import LanguageModel
    from tui.engine.runner import Runner
    from tui.store.settings_file import SettingsFile

SLOW_SECONDS = 2.0
"""After so long a silence a command says what it does."""

logger = logging.getLogger(__name__)


def read_settings() -> Settings:
    """The settings, with what is wrong in the user's file said on standard error."""
    settings = load_settings()
    for notice in settings.notices:
        console.note(notice)
    return settings


def settings_file() -> SettingsFile:
    """The user's settings.toml, with what is wrong in it said on standard error."""
    from tui.store.settings_file import SettingsFile  # tomlkit: whoever only reads settings does not wait for it

    file = SettingsFile()
    for notice in file.settings.notices:
        console.note(notice)
    return file


def choose(
    model: str | None,
    device: str | None,
    options: Sequence[str],
    settings: Settings,
    state: State,
    last: str | None = None,
) -> Choice:
    """`tui.chat.choice.choose`, with its notices said on standard error."""
    choice = choice_of(model, device, options, settings, state, last=last)
    for notice in choice.notices:
        console.note(notice)
    return choice


@contextmanager
def engine() -> Iterator[Runner]:
    """A runner, closed at the end of the block.

    A second Ctrl+C, or one while loading, does not wait for it; a load that takes too long ends the process at once.
    """
    from tui.engine.runner import Runner  # OpenVINO: whoever only reads settings or files does not wait for it

    runner = Runner()
    try:
        yield runner
    except KeyboardInterrupt:
        raise
    except TooSlow as error:
        # What compiles cannot be stopped, and a process that ends by itself would wait for it.
        tell(error)
        console.flush()
        os._exit(FAILED)
    except BaseException:
        runner.close()
        raise
    runner.close()


def load(runner: Runner, choice: Choice, state: State) -> LanguageModel:
    """Load it, saying so where it takes long, and what the user should know about how it runs."""
    logger.debug("loading %s", choice)
    job = runner.load(choice.folder, choice.device, choice.options, state.verdicts, choice.make_room())
    with saying_after(SLOW_SECONDS, f"Loading {choice.title} ..."):
        try:
            for progress in job:
                logger.debug("%.2f s: %s", progress.seconds, progress.stage)
            model = job.result()
        except DeviceNotFound as error:
            if not choice.said_by:
                raise
            raise DeviceNotFound(
                error.sentence, f"{choice.said_by} Give another one with -d. {error.next_step}"
            ) from error
    used(choice.folder)
    logger.debug("loaded %s", model.files)
    for notice in model.notices:
        console.note(notice)
    return model


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
