"""`ovchat` without a command: the app, on the terminal, with its services."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

import click

from tui.chat.active_model import ActiveModel
from tui.chat.choice import choose
from tui.chat.outbox import Outbox
from tui.cli import console, log
from tui.engine.errors import OvchatError
from tui.library.local import local_models
from tui.store.conversations import Conversations
from tui.store.settings import Settings, load_settings
from tui.store.state import State

if TYPE_CHECKING:
    from tui.chat.choice import Choice
    from tui.engine.runner import Runner

_SAVING_S = 5.0


def run(model: str | None, device: str | None, go_on: bool, debug: bool) -> None:
    """Run the app until the user leaves it.

    Raises:
        OvchatError: There is no terminal to run it on.
    """
    if not (_is_terminal(sys.stdin) and _is_terminal(sys.stdout)):
        raise OvchatError(
            "The app needs a terminal.", 'Without one: ovchat ask "...", or ovchat chat for a conversation in a pipe.'
        )
    log.begin(debug)
    _give_terminal_to_textual()
    # Not before: Textual takes Python's streams as they are when it is imported.
    from tui.app import ChatApp
    from tui.screens.services import Services, Start

    settings, state = load_settings(), State()
    outbox = Outbox(Conversations.open)
    active = ActiveModel(_open_runner, lambda name, where: _choose(name, where, settings, state), state)
    services = Services(settings, outbox, active, local_models, _devices)
    app = ChatApp(services, Start(model, device, go_on, settings.notices))
    try:
        app.run()
    finally:
        outbox.close(_SAVING_S)
    if not active.close():
        # A compilation under way cannot be stopped, and a process that ends in the middle of one aborts.
        console.flush()
        os._exit(app.return_code or 0)
    if app.return_code:
        raise click.exceptions.Exit(app.return_code)


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and console.is_terminal(stream)


def _give_terminal_to_textual() -> None:
    """Make the streams that Textual writes to and measures the terminal again.

    Descriptors 1 and 2 belong to the log by now, so that what native libraries print does not land on the screen.
    Textual writes to `sys.__stderr__`, which may have been sent to a file, and asks `sys.__stdout__` for the size.
    """
    sys.__stdout__ = sys.__stderr__ = sys.stdout  # type: ignore[assignment, misc]


def _choose(model: str | None, device: str | None, settings: Settings, state: State) -> Choice:
    return choose(model, device, (), settings, state)


def _open_runner() -> Runner:
    from tui.engine.runner import Runner

    return Runner()


def _devices() -> Sequence[tuple[str, str]]:
    import openvino as ov

    from tui.engine.devices import list_devices

    return [(each.name, each.full_name) for each in list_devices(ov.Core())]
