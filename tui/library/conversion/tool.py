"""Another program, run to its end: its lines as they come, a log of them, and all of its processes ended on demand."""

from __future__ import annotations

import codecs
import os
import re
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TextIO

import psutil

from tui.engine.errors import Cancelled, OvchatError

_LOOK_SECONDS = 0.1
_TAIL_LINES = 400
_LINE_LENGTH = 2000  # of a line, what is kept
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-~])")
# What looks at nothing but the program's own packages: not at PYTHONPATH, nor at what lies in the current folder.
ALONE = ("-I", "-u", "-X", "utf8")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a program ended.

    Attributes:
        code: Its exit code; the negative number of the signal that ended it.
        lines: The last ones that it wrote, without control characters.
    """

    code: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Where:
    """Where a program works.

    Attributes:
        folder: Its current folder; its temporary files are in `tmp` there.
        log: Gets its lines.
        variables: Environment variables that it gets besides ours.
    """

    folder: Path
    log: TextIO
    variables: Mapping[str, str]


def run(
    command: Sequence[str],
    where: Where,
    stop: threading.Event,
    heard: Callable[[str], None] = lambda line: None,
    tick: Callable[[], None] = lambda: None,
) -> Outcome:
    """Run a program to its end.

    Args:
        command: The program and its arguments.
        where: Where it works.
        stop: Ends it and all the processes that it has started.
        heard: Called with each line, in a thread of its own; also with those that are written over.
        tick: Called some ten times a second.

    Raises:
        OvchatError: It cannot be started.
        Cancelled: `stop` was set.
    """
    temporary = where.folder / "tmp"
    temporary.mkdir(exist_ok=True)
    where.log.write(f"$ {subprocess.list2cmdline(command)}\n")
    where.log.flush()
    try:
        process = subprocess.Popen(
            command,
            cwd=where.folder,
            env=_variables(temporary) | dict(where.variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=sys.platform != "win32",
        )
    except OSError as error:
        raise OvchatError(
            f"{command[0]} cannot be run: {error.strerror or error}.", "Is it a program that you may run?"
        ) from error
    assert process.stdout is not None
    tail: deque[str] = deque(maxlen=_TAIL_LINES)
    reader = threading.Thread(target=_read, args=(process.stdout, where.log, tail, heard), name="tool", daemon=True)
    reader.start()
    try:
        while True:
            if stop.is_set():
                raise Cancelled
            tick()
            with suppress(subprocess.TimeoutExpired):
                process.wait(_LOOK_SECONDS)
                break
    finally:
        _end(process)
        reader.join(2)
    return Outcome(process.returncode, tuple(tail))


def _variables(temporary: Path) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if name not in ("PYTHONHOME", "PYTHONPATH")}
    places = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary))
    return ours | places | {"PYTHONIOENCODING": "utf-8", "NO_COLOR": "1"}


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it and what it has started; nothing that it could still write is wanted."""
    if sys.platform == "win32":
        with suppress(psutil.Error):
            for child in psutil.Process(process.pid).children(recursive=True):
                with suppress(psutil.Error):
                    child.kill()
        with suppress(OSError):
            process.kill()
    else:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _read(stream: IO[bytes], log: TextIO, tail: deque[str], heard: Callable[[str], None]) -> None:
    """Lines until the end. Those that end in a carriage return alone are written over: they are heard, not kept."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    left = ""
    while data := os.read(stream.fileno(), 1 << 16):
        left += decoder.decode(data)
        *lines, left = re.split(r"(?<=\n)|(?<=\r)(?=[^\n])", left[-(1 << 20) :])
        for line in lines:
            _take(line, log, tail, heard)
    _take(left, log, tail, heard)


def _take(line: str, log: TextIO, tail: deque[str], heard: Callable[[str], None]) -> None:
    text = plain(line)
    if not text:
        return
    heard(text)
    if not line.endswith("\r"):
        tail.append(text)
        with suppress(OSError, ValueError):  # a full disk; a log that was closed on leaving
            log.write(text + "\n")
            log.flush()


def plain(text: str) -> str:
    """Text of a tool's without escape sequences and control characters, of a length that can be shown."""
    text = _ESCAPES.sub("", text).replace("\t", " ")
    return "".join(char for char in text if char.isprintable()).strip()[:_LINE_LENGTH]
