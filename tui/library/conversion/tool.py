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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TextIO

import psutil

from tui.engine.errors import Cancelled, OvchatError
from tui.library.conversion.kept import Kept
from tui.library.folders import in_one_part
from tui.library.new_name import LONGEST
from tui.store import paths
from tui.store.files import private_dir, private_opener, step_to_write

_LOOK_SECONDS = 0.1
_TAIL_LINES = 400
_LINE_LENGTH = 2000  # of a line, what is kept
_READ = 1 << 16  # bytes at once
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


@contextmanager
def logged(name: str) -> Iterator[TextIO]:
    """The log of converting a model: one file for each, of the last time.

    Raises:
        OvchatError: It cannot be written.
    """
    called = f"convert-{in_one_part(name)}"
    path = paths.log_dir() / f"{os.fsencode(called)[: LONGEST - len('.log')].decode('utf-8', 'ignore')}.log"
    with _opened(path) as log:
        yield log


def _opened(path: Path) -> TextIO:
    try:
        private_dir(path.parent)
        return open(path, "w", encoding="utf-8", errors="backslashreplace", opener=private_opener)
    except OSError as error:
        raise OvchatError(
            f"{error.filename or path} cannot be written: {error.strerror or error}.", step_to_write(error)
        ) from error


def run(
    command: Sequence[str],
    where: Where,
    stop: threading.Event,
    heard: Callable[[str], None] = lambda line: None,
    tick: Callable[[], None] = lambda: None,
    *,
    most: int | None = None,
) -> Outcome:
    """Run a program to its end.

    Args:
        command: The program and its arguments.
        where: Where it works.
        stop: Ends it and all the processes that it has started.
        heard: Called with each line, in a thread of its own; also with those that are written over.
        tick: Called some ten times a second.
        most: Bytes that it may write; None for any number.

    Raises:
        OvchatError: It cannot be started, or writes more than it may.
        Cancelled: `stop` was set.
    """
    temporary = _temporary(where.folder)
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
    reader = _Reader(process.stdout, Kept(where.log), heard)
    reader.start()
    try:
        while True:
            if stop.is_set():
                raise Cancelled
            tick()
            if most is not None and reader.size > most:
                raise OvchatError(f"{command[0]} writes without end.", "Is it the right program?")
            with suppress(subprocess.TimeoutExpired):
                process.wait(_LOOK_SECONDS)
                break
    finally:
        _end(process)
        reader.join(2)
    return Outcome(process.returncode, tuple(reader.tail))


def _temporary(folder: Path) -> Path:
    return folder / "tmp"


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


def end_all_in(folder: Path) -> None:
    """End what was run in a folder, and goes on: a tool outlives an ovchat that was killed."""
    temporary = str(_temporary(folder))
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.environ().get("TMPDIR") == temporary:
                process.kill()


class _Reader(threading.Thread):
    """Takes the lines of a program until its end. Those that end in a carriage return alone are heard, not kept.

    Attributes:
        size: Bytes that have come.
        tail: The last lines.
    """

    def __init__(self, stream: IO[bytes], log: Kept, heard: Callable[[str], None]) -> None:
        super().__init__(name="tool", daemon=True)
        self.size = 0
        self.tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self._stream, self._log, self._heard = stream, log, heard

    def run(self) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        left = ""
        while data := os.read(self._stream.fileno(), _READ):
            self.size += len(data)
            *lines, left = re.split(r"(?<=\n)|(?<=\r)(?=[^\n])", left + decoder.decode(data))
            for line in lines:
                self._take(line)
            # What a line has beyond that is not kept; the last one tells how it ends.
            left = left[:_READ] + left[_READ:][-1:]
            self._log.flush()
        self._take(left)
        self._log.flush()

    def _take(self, line: str) -> None:
        text = plain(line)
        if not text:
            return
        self._heard(text)
        if not line.endswith("\r"):
            self.tail.append(text)
            self._log.line(text)


def plain(text: str) -> str:
    """Text of a tool's without escape sequences and control characters, of a length that can be shown."""
    text = _ESCAPES.sub("", text).replace("\t", " ").strip()
    return (text if text.isprintable() else "".join(filter(str.isprintable, text)).strip())[:_LINE_LENGTH]
