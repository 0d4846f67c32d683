"""`ovchat` without a command: the app, on the terminal, with its services."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

import click

from tui.chat.active_model import ActiveModel
from tui.chat.choice import choose
from tui.chat.outbox import Outbox
from tui.cli import console, log
from tui.engine.errors import OvchatError
from tui.library.local import LocalModels
from tui.store.conversations import Conversations
from tui.store.settings_file import SettingsFile
from tui.store.state import State
from tui.terminal.charset import UTF_8, charset
from tui.terminal.hangup import HANGUP, TERMINATED, Ending, give_back_signals, let_go
from tui.terminal.link import link
from tui.terminal.term import colours, draws
from tui.terminal.tmux import asked_tmux

if TYPE_CHECKING:
    from tui.chat.choice import Choice
    from tui.chat.turn import Turn
    from tui.engine.runner import Runner
    from tui.screens.services import Services

_SAVING_S, _STOP_S = 5.0, 5.0
_FINISH_S = 600.0  # so long at most an answer is gone on with when there is no terminal any more
_LOOK_S = 0.5


def run(model: str | None, device: str | None, go_on: bool, debug: bool) -> None:
    """Run the app until the user leaves it.

    Raises:
        OvchatError: There is no terminal to run it on.
    """
    needs_terminal(
        "The app needs a terminal.", 'Without one: ovchat chat, a conversation line by line, or ovchat ask "...".'
    )
    ending = Ending()
    log.begin(debug)
    give_terminal_to_textual()
    # Not before: Textual takes Python's streams as they are when it is imported.
    from tui.app import ChatApp
    from tui.screens.services import Start

    its = services()
    notices = [*its.settings.notices, *_about_charset()]
    app = ChatApp(its, Start(model, device, go_on, notices), link(*asked_tmux(os.environ)), ending)
    try:
        app.run()
        if ending.code == HANGUP:
            let_go()
        _finish(app.left, ending)
    finally:
        its.jobs.close(_STOP_S)
        its.outbox.close(_SAVING_S)
    if not ending.code and its.settings.section("terminal")["leave_answer"] == "on" and app.last_answer:
        give_back_signals()  # a terminal that takes nothing keeps it here
        with suppress(OSError, console.OutputFailed):
            console.write(f"{app.last_answer}\n")
            console.flush()
    if not ending.code:
        for name in app.paused:
            console.aside(f"The pull of {name} is paused. Go on: F3 in ovchat, or ovchat models pull {name}")
    if not its.active.close() or ending.code:
        # A compilation under way cannot be stopped, and a process that ends in the middle of one aborts. One that is
        # ended from outside has let everything go by now, and was once seen to abort while the interpreter shut down.
        console.flush()
        os._exit(app.return_code or 0)
    if app.return_code:
        raise click.exceptions.Exit(app.return_code)


def _finish(turns: Sequence[Turn], ending: Ending) -> None:
    """Go on with what is under way until it is whole, or somebody wants the process gone."""
    deadline = time.monotonic() + _FINISH_S
    for turn in turns:
        while not turn.wait(_LOOK_S) and time.monotonic() < deadline and ending.code != TERMINATED:
            pass
    for turn in turns:
        turn.cancel(interrupted=True)
    for turn in turns:
        turn.wait(_STOP_S)


def services() -> Services:
    """What the app works with: the user's settings, conversations, which are opened meanwhile, and models."""
    from tui.screens.services import Services

    its_settings, state = SettingsFile(), State()

    def choose_model(model: str | None, device: str | None) -> Choice:
        return choose(model, device, (), its_settings.settings, state)

    active = ActiveModel(_open_runner, choose_model, state)
    return Services(its_settings, Outbox(Conversations.open), active, LocalModels(), _devices)


def needs_terminal(sentence: str, next_step: str) -> None:
    """See that there is one.

    Raises:
        OvchatError: There is none; with this sentence and next step.
    """
    if not (_is_terminal(sys.stdin) and _is_terminal(sys.stdout)):
        raise OvchatError(sentence, next_step)
    if not draws(os.environ):
        term = os.environ.get("TERM")
        said = f"TERM is {term!r}" if term else "TERM is not set"
        raise OvchatError(f"{said}: nothing can be drawn on such a terminal.", next_step)


def _about_charset() -> Iterable[str]:
    shown = charset(os.environ)
    if shown != UTF_8:
        yield (
            f"The locale says that this terminal shows {shown}: other characters are written as near as can be. "
            "If it shows Unicode: LC_ALL=C.UTF-8 ovchat"
        )


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and console.is_terminal(stream)


def give_terminal_to_textual() -> None:
    """Make the streams that Textual writes to and measures the terminal again.

    Descriptors 1 and 2 belong to the log by now, so that what native libraries print does not land on the screen.
    Textual writes to `sys.__stderr__`, which may have been sent to a file, and asks `sys.__stdout__` for the size. It
    is told the number of colours, too: there are terminals with all of them that it gives 16.
    """
    sys.__stdout__ = sys.__stderr__ = sys.stdout  # type: ignore[assignment, misc]
    if os.name != "nt":
        os.environ.setdefault("TEXTUAL_COLOR_SYSTEM", colours(os.environ))


def _open_runner() -> Runner:
    from tui.engine.runner import Runner

    return Runner()


def _devices() -> Sequence[tuple[str, str]]:
    import openvino as ov

    from tui.engine.devices import list_devices

    return [(each.name, each.full_name) for each in list_devices(ov.Core())]
