"""Standard output and standard error: UTF-8 in files and pipes, safe on a terminal, quiet when the reader leaves.

The answer goes to standard output; everything said about it goes to standard error. On a terminal, control characters
in what a model wrote are shown, not obeyed.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, TextIO

import click

from tui.terminal.charset import APPROXIMATE, ASCII, UTF_8, charset
from tui.terminal.term import draws
from tui.terminal.visible import visible

# As if SIGPIPE had ended the process: what a shell shows for a program whose reader left.
READER_LEFT = 141


class OutputFailed(Exception):
    """Standard output cannot be written (a full disk, ...)."""


def use_charsets() -> None:
    """Read and write UTF-8 in every locale, as models do; but on a terminal what that shows, as the locale has it."""
    on_terminal = charset(os.environ)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by whoever started us
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - lives as long as the process
        elif isinstance(stream, io.TextIOWrapper):
            if on_terminal != UTF_8 and stream.isatty():
                stream.reconfigure(encoding=on_terminal, errors=APPROXIMATE)
            else:
                stream.reconfigure(encoding=UTF_8, errors="backslashreplace")
    if isinstance(sys.stdin, io.TextIOWrapper):
        typed = sys.stdin.isatty() and on_terminal != ASCII
        # What is not of the charset becomes surrogates, which the engine refuses with a sentence.
        sys.stdin.reconfigure(encoding=on_terminal if typed else UTF_8, errors="surrogateescape")


def is_terminal(stream: TextIO) -> bool:
    """Whether a stream ends on a terminal."""
    return not stream.closed and stream.isatty()


def width(stream: TextIO) -> int:
    """Columns of the terminal that a stream ends on; COLUMNS wins, as everywhere, and 80 where nobody knows.

    Not shutil's, which asks descriptor 1: that is the log's once a command has begun.
    """
    said = os.environ.get("COLUMNS", "")
    if said.isdecimal() and int(said) > 0:
        return int(said)
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


def write(text: str, **style: Any) -> None:
    """A piece of the answer to standard output, at once, with click's styles where those are wanted.

    Raises:
        BrokenPipeError: Nobody reads any more.
        OutputFailed: It cannot be written.
    """
    try:
        sys.stdout.write(_shown(sys.stdout, text, style))
        sys.stdout.flush()
    except OSError as failed:
        _forget(sys.stdout)
        if isinstance(failed, BrokenPipeError):
            raise
        raise OutputFailed(failed.strerror) from failed


def write_lines(lines: Iterable[str]) -> None:
    """Lines of the answer, all at once; raises as `write` does."""
    write("".join(f"{line}\n" for line in lines))


def write_json(value: object) -> None:
    """The answer as one line of JSON; raises as `write` does."""
    write(json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n")


def aside(text: str, *, end: str = "\n", **style: Any) -> None:
    """Something about the answer, to standard error, with click's styles where those are wanted.

    A reader of standard error who left does not matter.
    """
    with suppress(OSError):
        sys.stderr.write(_shown(sys.stderr, text, style) + end)
        sys.stderr.flush()


def _shown(stream: TextIO, text: str, style: Mapping[str, Any]) -> str:
    """A text as it goes to a stream: on a terminal without control characters, and in its style."""
    if not is_terminal(stream):
        return text
    # https://no-color.org
    plain = not style or os.environ.get("NO_COLOR") or not draws(os.environ)
    return visible(text) if plain else click.style(visible(text), **style)


def note(notice: str) -> None:
    """Something the user should know, to standard error."""
    aside(f"Note: {notice}")


def error(sentence: str, next_step: str = "") -> None:
    """An error and what to do about it, to standard error."""
    aside("Error:", end=" ", fg="red", bold=True)
    aside(sentence)
    if next_step:
        aside(next_step)


def flush() -> int:
    """Write out what is left, at the end of the process; 0, or the exit code for what failed.

    Python itself would print a traceback while it ends.
    """
    code = 0
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        code = READER_LEFT
        _forget(sys.stdout)
    except OSError as failed:
        code = 1
        error(f"The output could not be written: {failed.strerror}.")
        _forget(sys.stdout)
    try:
        sys.stderr.flush()
    except OSError:
        _forget(sys.stderr)
    return code


def _forget(stream: TextIO) -> None:
    """Let what a stream still holds go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
