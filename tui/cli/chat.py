"""`ovchat chat`: a conversation line by line. No cursor tricks: for dumb terminals, screen readers and pipes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from contextlib import nullcontext, suppress
from typing import Any

import click

from tui.chat.choice import remember_options
from tui.chat.outbox import Outbox
from tui.chat.session import ChatSession
from tui.chat.turn import Turn
from tui.cli import console, loading, log
from tui.cli.answer import cut_off, show_answer, stats
from tui.cli.conversation import NEW, Opening, chat_option, check_options, default_persona, give_model, stored
from tui.cli.failures import tell
from tui.cli.interrupt import interrupting
from tui.cli.options import debug_option, model_options, sampling_options, sampling_values
from tui.cli.utf8 import require_utf8
from tui.engine.errors import OvchatError
from tui.engine.language_model import LanguageModel
from tui.store.state import State

_PROMPT, _MORE = "> ", "... "
_BLOCK = '"""'
_COMMANDS = ("/regenerate", "/continue", "/new", "/help", "/exit")

HELP = f"""\
Enter           sends the line
{_BLOCK}             begins a text of several lines; another {_BLOCK}, or Ctrl+D, ends and sends it
Ctrl+C          ends the answer that is being written; what is there is kept
                at the prompt: clears the line; on an empty one, twice in a row, leaves
/regenerate     another answer to the last question
/continue       goes on with an answer that was stopped or cut off
/new            begins a new conversation
/help           shows this
/exit, Ctrl+D   leaves
A text that begins with / needs a space before it."""


@click.command("chat")
@model_options
@sampling_options
@chat_option
@click.option("--temporary", is_flag=True, help="Store nothing of the conversation.")
@click.option("--stats", "show_stats", is_flag=True, help="Say on standard error how each answer ran.")
@debug_option
def command(
    model: str | None,
    device: str | None,
    options: tuple[str, ...],
    system: str | None,
    reference: str | None,
    temporary: bool,
    show_stats: bool,
    debug: bool,
    **sampling: Any,
) -> None:
    """A conversation line by line, without a full screen.

    For dumb terminals, screen readers and pipes. /help in the conversation tells the rest. It is stored, unless
    --temporary says otherwise. Without -m the model used last is taken again, without -d and -o its device and options.
    """
    if temporary and reference not in (None, NEW):
        raise click.UsageError("--temporary begins a conversation that is not stored; --chat continues a stored one.")
    system = check_options(reference, system)
    values = sampling_values(sampling)
    log.begin(debug)
    settings, state = loading.read_settings(), State()
    with nullcontext() if temporary else stored() as outbox:
        opening = Opening(outbox, settings, system, values, persona=default_persona(settings))
        session = opening.open(reference)
        choice = loading.choose(model, device, options, settings, state, session.conversation.model)
        opening.model = choice.title
        with loading.engine() as runner:
            loaded = loading.load(runner, choice, state)
            state.used(choice.name, loaded.device)
            if device:
                state.give_device(choice.name, loaded.device)
            remember_options(state, choice.name, options)
            if _is_typed():
                console.aside(f"{choice.title} on {loaded.device}. /help tells the keys.", dim=True)

            def new_session() -> ChatSession:
                return give_model(opening.new(), runner, choice)

            give_model(session, runner, choice)
            _Conversation(session, new_session, choice.title, loaded, show_stats, outbox).run()


class _Conversation:
    def __init__(
        self,
        session: ChatSession,
        new_session: Callable[[], ChatSession],
        title: str,
        model: LanguageModel,
        show_stats: bool,
        outbox: Outbox | None = None,
    ) -> None:
        self._session = session
        self._new_session = new_session
        self._outbox = outbox
        self._title = title
        self._model = model
        self._show_stats = show_stats
        self._noted: set[str] = set()

    def run(self) -> None:
        """Until the user leaves."""
        self._say_where_we_are()
        interrupted_before = False
        while True:
            try:
                text = _read_text()
                interrupted_before = False
                command = _command(text)
                if command == "/exit":
                    return
                if command:
                    self._obey(command)
                elif text.strip():
                    self._say(text.strip())
            except _Cleared:
                interrupted_before = False
                console.aside("")
            except EOFError:
                if _is_typed():
                    console.aside("")
                return
            except KeyboardInterrupt:
                if interrupted_before and _is_typed():
                    console.aside("")
                if interrupted_before or not _is_typed():
                    raise
                interrupted_before = True
                console.aside("\nCtrl+C again, Ctrl+D or /exit leaves.")

    def _say_where_we_are(self) -> None:
        messages = self._session.messages
        if not messages or not _is_typed():
            return
        console.aside(f"{self._session.conversation.title}: {len(messages)} messages.", dim=True)
        if self._session.can_proceed(messages[-1].id):
            console.aside("The last answer has no end: /continue goes on with it.", dim=True)

    def _say(self, text: str) -> None:
        self._answer(lambda: self._session.ask(require_utf8("The text", text)))

    def _obey(self, command: str) -> None:
        match command:
            case "/help":
                console.aside(HELP)
            case "/new":
                self._session = self._new_session()
                console.aside("A new conversation.")
            case "/regenerate":
                self._answer(self._session.regenerate, again=True)
            case "/continue":
                self._answer(self._session.proceed)
            case _ if command.split()[0] in _COMMANDS:
                console.aside(f"{command.split()[0]} takes nothing after it.")
            case _:
                console.aside(f"There is no command {command.split()[0]}; /help tells which there are.")
                console.aside("A text that begins with / needs a space before it.")

    def _answer(self, start: Callable[[], Turn], again: bool = False) -> None:
        turn: Turn | None = None
        try:
            turn = start()
            self._note(turn.notices)
            if again and not turn.sampling.temperature and _is_typed():
                self._note(["At temperature 0 the answer will be the same; ovchat chat -t 0.7 gives others."])
            with interrupting(turn.cancel):
                finished = show_answer(turn)
        except OvchatError as error:
            if not _is_typed():
                raise
            tell(error)
            if again and turn is not None:  # the answer that is there stays the one that is gone on from
                self._session.move(self._session.messages[-1].id, -1)
            return
        finally:
            trouble = self._outbox.trouble if self._outbox is not None else None
            if trouble is not None:
                self._note([f"The conversation is not stored now, that is tried again: {trouble}"])
        self._note(cut_off(self._model, turn, finished))
        if self._show_stats:
            for line in stats(self._title, self._model, turn, finished):
                console.aside(line, dim=True)
        if _is_typed():
            console.aside("")

    def _note(self, notices: Iterable[str]) -> None:
        """Say what was not said before."""
        for notice in notices:
            if notice not in self._noted:
                self._noted.add(notice)
                console.note(notice)


def _is_typed() -> bool:
    """Whether somebody sits in front of it."""
    return sys.stdin is not None and console.is_terminal(sys.stdin)


class _Cleared(Exception):
    """Ctrl+C, pressed on what was typed."""


def _command(text: str) -> str:
    """The command that a text is, its first word in lower case; "" for what is said to the model."""
    word, *more = text.strip(" \t").split(maxsplit=1)[:2] or [""]
    if text.startswith("/"):
        return " ".join([word.casefold(), *more]).rstrip()
    # A space before it makes it a text, but hardly in front of a command alone.
    alone = not more and not text.startswith("\n") and word.casefold() in _COMMANDS
    return word.casefold() if alone else ""


def _read_text() -> str:
    """One line, or a block of lines.

    Raises:
        EOFError: There is no more.
        _Cleared: Ctrl+C took back what was typed.
    """
    line = _read_line(_PROMPT)
    if not line.lstrip().startswith(_BLOCK):
        return line
    lines = [line.lstrip().removeprefix(_BLOCK)]
    while not lines[-1].rstrip().endswith(_BLOCK):
        try:
            lines.append(_read_line(_MORE))
        except EOFError:
            if _is_typed():
                console.aside("")
            break
        except KeyboardInterrupt:
            raise _Cleared from None
    lines[-1] = lines[-1].rstrip().removesuffix(_BLOCK)
    # A line end, so that a block is never a command.
    return "\n" + "\n".join(lines)


def _read_line(prompt: str) -> str:
    if sys.stdin is None:
        raise EOFError
    if not _is_typed():
        return _next_line()
    if console.is_terminal(sys.stdout):
        typed: Callable[[], str] = str
        with suppress(ImportError):
            import readline  # gives input() a history and keys

            typed = readline.get_line_buffer
        try:
            with log.standard_output_restored():
                return input(prompt)
        except KeyboardInterrupt:
            if typed():
                raise _Cleared from None
            raise
    console.aside(prompt, end="")
    return _next_line()


def _next_line() -> str:
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.rstrip("\r\n")
