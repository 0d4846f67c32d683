"""`ovchat ask`: one answer, streamed to standard output."""

from __future__ import annotations

import math
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from typing import Any

import click

from tui.chat.choice import Choice
from tui.chat.raw import complete
from tui.chat.turn import Turn
from tui.cli import console, loading, log
from tui.cli.answer import cut_off, show_answer, stats
from tui.cli.conversation import Opening, chat_option, check_options, give_model, stored
from tui.cli.failures import INTERRUPTED, with_options
from tui.cli.interrupt import interrupting
from tui.cli.options import debug_option, model_options, sampling_options, sampling_values
from tui.cli.utf8 import decode_utf8, require_utf8
from tui.engine import model_files
from tui.engine.errors import BadText, TemplateError
from tui.engine.events import Finished
from tui.engine.language_model import LanguageModel, TextSide
from tui.engine.prefill import GenerationRequest, prompt_of
from tui.store.state import State

_STDIN_SECONDS = 3.0


@click.command("ask")
@click.argument("words", nargs=-1, metavar="[PROMPT]")
@model_options
@sampling_options
@chat_option
@click.option("--raw", is_flag=True, help="Go on with PROMPT as it is, without chat template.")
@click.option("--logprobs", type=int, metavar="N", help="With --json: log probabilities, and of N alternatives.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object at the end instead of the text.")
@click.option("--show-prompt", is_flag=True, help="Print the prompt as the model would be given it; no answer.")
@click.option("--stats", "show_stats", is_flag=True, help="Say on standard error how it ran.")
@debug_option
def command(
    words: tuple[str, ...],
    model: str | None,
    device: str | None,
    options: tuple[str, ...],
    system: str | None,
    reference: str | None,
    raw: bool,
    as_json: bool,
    show_prompt: bool,
    show_stats: bool,
    debug: bool,
    **sampling: Any,
) -> None:
    """Answer one prompt, streamed to standard output.

    PROMPT - is standard input. Where standard input is a pipe or a file, it is read too and follows PROMPT after an
    empty line. Nothing is stored, unless --chat says where.
    """
    if len(words) > 1:
        raise click.UsageError('PROMPT is one argument, in quotes: ovchat ask "..."')
    if raw and system:
        raise click.UsageError("--raw takes the prompt as it is; it cannot have a system message.")
    if raw and reference:
        raise click.UsageError("--raw takes the prompt as it is; it cannot be part of a conversation.")
    system = check_options(reference, system)
    if sampling["logprobs"] is not None and not as_json:
        raise click.UsageError("--logprobs are printed with --json only; give both.")
    values = sampling_values(sampling)
    log.begin(debug)
    text = _whole_prompt(words[0] if words else None)
    settings, state = loading.read_settings(), State()
    with stored() if reference else nullcontext() as outbox:
        if outbox is not None:
            # It was asked for: where nothing can be stored, that is told before anything is computed.
            outbox.opened()
        opening = Opening(outbox, settings, system, values)
        session = opening.open(reference)
        choice = loading.choose(model, device, options, settings, state, session.conversation.model)
        if show_prompt:
            messages = () if raw else session.given(text)
            _show_prompt(choice, GenerationRequest(messages, prompt=text if raw else None), as_json)
            return
        opening.model = choice.title
        with loading.engine() as runner:
            loaded = loading.load(runner, choice, state)
            give_model(session, runner, choice)
            turn = complete(runner, session.sampling(), text) if raw else session.ask(text)
            for notice in turn.notices:
                console.note(notice)
            with interrupting(turn.cancel) as interrupted, _naming_raw(possible=not (reference or system)):
                finished = show_answer(turn, text=not as_json)
            for notice in cut_off(loaded, turn, finished):
                console.note(notice)
            if as_json:
                result = _object(choice.title, loaded, turn, finished)
                if reference:
                    result["conversation"] = session.conversation.id
                console.write_json(result)
            if show_stats:
                for line in stats(choice.title, loaded, turn, finished):
                    console.aside(line)
    if interrupted.is_set():
        raise click.exceptions.Exit(INTERRUPTED)


@contextmanager
def _naming_raw(*, possible: bool) -> Iterator[None]:
    """Name the option that does without a template, where that is what goes wrong."""
    try:
        yield
    except TemplateError as error:
        options = ["--raw"] if possible else []
        raise TemplateError(error.sentence, with_options(error.next_step, options), code=error.code) from error


def _show_prompt(choice: Choice, request: GenerationRequest, as_json: bool) -> None:
    """Print a rendered prompt. The model's weights are not needed for that, and not loaded."""
    model_files.inspect(choice.folder)  # what is no model is called so
    model = TextSide.load(choice.folder)
    prompt = prompt_of(model, request)
    if not as_json:
        console.write(prompt.text if prompt.text.endswith("\n") else prompt.text + "\n")
        return
    result = {
        "model": choice.title,
        "template": None if request.prompt is not None else model.template.source,
        "prompt": prompt.text,
        "prompt_token_ids": prompt.token_ids.tolist(),
    }
    console.write_json(result)


def _whole_prompt(prompt: str | None) -> str:
    if prompt is not None and prompt != "-" and not _is_pipe_or_file():
        text = require_utf8("PROMPT", prompt)
    elif prompt is None and _stdin_is_terminal():
        raise click.UsageError('There is no PROMPT: ovchat ask "..."')
    elif prompt in (None, "-"):
        text = _standard_input()
    else:
        text = "\n\n".join(filter(None, (require_utf8("PROMPT", prompt), _standard_input())))
    if not text.strip():
        raise BadText("The prompt is empty.", "Write something to answer.")
    return text


def _stdin_is_terminal() -> bool:
    return sys.stdin is None or console.is_terminal(sys.stdin)


def _is_pipe_or_file() -> bool:
    """Whether standard input was given on purpose. A socket (a remote shell's) or a device may never end."""
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError, AttributeError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISREG(mode)


def _standard_input() -> str:
    """Standard input as text, without its last line end."""
    if sys.stdin is None:
        raise BadText("Standard input is closed.", 'Give the prompt itself: ovchat ask "..."')
    try:
        with loading.saying_after(_STDIN_SECONDS, "Reading standard input until it ends ...", always=True):
            data = sys.stdin.buffer.read()
    except OSError as error:
        raise BadText(f"Standard input cannot be read: {error.strerror}.") from error
    return decode_utf8("Standard input", data).removeprefix("\ufeff").removesuffix("\n").removesuffix("\r")


def _object(title: str, model: LanguageModel, turn: Turn, finished: Finished) -> dict[str, Any]:
    """What `--json` prints."""
    result = {
        "model": title,
        "device": model.device,
        "backend": model.backend.capabilities.name,
        "precision": model.precision,
        "text": finished.text,
        "reasoning": finished.reasoning,
        "finish_reason": finished.reason,
        "token_ids": finished.token_ids,
        "prompt_token_ids": finished.prompt_token_ids,
        "usage": asdict(finished.usage),
        "timings": asdict(finished.timings),
        "sampling": asdict(turn.sampling) | {"seed": finished.seed},
        "sampling_sources": dict(turn.sources),
    }
    if turn.sampling.logprobs is not None:
        result["logprobs"] = [
            {
                "token_id": each.token_id,
                "logprob": _finite(each.logprob),
                "top": [{"token_id": token_id, "logprob": _finite(value)} for token_id, value in each.top_logprobs],
            }
            for each in finished.logprobs
        ]
    return result


def _finite(value: float | None) -> float | None:
    """JSON has no infinity; a token that cannot come has none to show."""
    return value if value is not None and math.isfinite(value) else None
