"""The conversation that a command continues or begins, and what is written of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import click

from tui.chat.choice import Choice
from tui.chat.outbox import Outbox
from tui.chat.sampling_values import user_sampling
from tui.chat.session import ChatSession
from tui.chat.stored import new_conversation
from tui.cli import console
from tui.cli.failures import FAILED
from tui.cli.utf8 import require_utf8
from tui.engine.runner import Runner
from tui.store import personas
from tui.store.conversations import Conversations
from tui.store.errors import StoreError
from tui.store.personas import Persona
from tui.store.settings import Settings

NEW = "new"
_LEAVE_SECONDS = 0.5

chat_option = click.option(
    "--chat",
    "reference",
    metavar="ID|last|new",
    help="Continue a stored conversation (by id, title, or the last one), or begin one that is stored.",
)


@contextmanager
def stored() -> Iterator[Outbox]:
    """What conversations are written through, in the block; at its end everything is on disk, or it is said why not."""
    outbox = Outbox(Conversations.open)
    try:
        yield outbox
    except KeyboardInterrupt:
        # Nobody waits; an answer under way is on disk, and called interrupted when it is next read.
        outbox.close(_LEAVE_SECONDS)
        raise
    except BaseException:
        outbox.close()
        raise
    else:
        saved = outbox.close()
    finally:
        # What was recovered, say: it is told once, and never again.
        for notice in outbox.notices:
            console.note(notice)
    if not saved:
        why = f": {outbox.trouble}" if outbox.trouble is not None else "."
        console.error(f"Not all of the conversation could be stored{why}")
        raise click.exceptions.Exit(FAILED)


@dataclass(slots=True)
class Opening:
    """Opens conversations for a command.

    Attributes:
        outbox: Where they are written; None where nothing is stored.
        settings: The user's.
        system: The system message of new ones.
        sampling: What was asked for now; it wins over the settings.
        model: What the model that answers is called, once it is chosen.
        persona: What new ones have, but for what was asked for now.
    """

    outbox: Outbox | None
    settings: Settings
    system: str
    sampling: dict[str, Any] = field(default_factory=dict)
    model: str = ""
    persona: Persona | None = None

    def open(self, reference: str | None) -> ChatSession:
        """A conversation: a stored one, or for None and "new" a new one; without a runner yet.

        Raises:
            StoreError: It cannot be read, or there is none like that.
        """
        if self.outbox is None or reference in (None, NEW):
            return self.new()
        found = self.outbox.opened().find(require_utf8("--chat", reference))
        return ChatSession.open(self.outbox, found.id, **self._sampling())

    def new(self) -> ChatSession:
        """A new conversation."""
        values: dict[str, Any] = {"system": self.system}
        if (persona := self.persona) is not None:
            # What a conversation has wins over all: not over what was asked for now.
            sampling = {name: value for name, value in persona.sampling.items() if name not in self.sampling}
            values = {"system": self.system or persona.system, "model": persona.model, "sampling": sampling}
            values["persona"] = persona.name
        return ChatSession(new_conversation(**values), self.outbox, **self._sampling())

    def _sampling(self) -> Mapping[str, Any]:
        return {
            "app_sampling": self.settings.shipped_section("sampling"),
            "user_sampling": lambda: user_sampling(self.settings, self.model) | self.sampling,
            "for_model": lambda: self.settings.for_model(self.model).keys() - self.sampling.keys(),
        }


def give_model(session: ChatSession, runner: Runner, choice: Choice) -> ChatSession:
    """Let a loaded model answer in a conversation."""
    session.runner = runner
    session.set_model(choice.name)
    return session


def default_persona(settings: Settings) -> Persona | None:
    """The persona of new conversations; where it cannot be read, that is said, and there is none."""
    name: str | None = settings["chat.persona"]
    try:
        return personas.persona(name) if name is not None else None
    except StoreError as error:
        console.note(str(error))
        return None


def check_options(reference: str | None, system: str | None) -> str:
    """The system message for a new conversation.

    Raises:
        BadText: It is not UTF-8.
    """
    if system and reference not in (None, NEW):
        raise click.UsageError("-s gives a new conversation its system message; that of --chat has its own.")
    return require_utf8("The system message", system or "")
