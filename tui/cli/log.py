"""The log file, and the noise of native libraries, which goes there.

OpenVINO and its plugins write warnings straight to file descriptors 1 and 2, into whatever the user is reading or
piping. So these two descriptors become the log, and Python's own streams move to copies of the real ones.
"""

from __future__ import annotations

import ctypes
import faulthandler
import logging
import os
import platform
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from tui import __version__
from tui.cli import console

_KEEP_BYTES = 1_000_000

logger = logging.getLogger(__name__)
_path: Path | None = None
_file: TextIO | None = None


def begin(debug: bool = False) -> Path | None:
    """Open the log file, once per process; its path, or None where none can be written.

    Warnings and errors go to `ovchat.log`; with `debug` everything goes to a file of this run, and standard error says
    where that is.
    """
    global _path, _file  # A process has one standard output, and one log.
    if _file is not None:
        return _path
    _path, _file = _open(debug)
    logging.basicConfig(
        stream=_file,
        level=logging.DEBUG if debug else logging.WARNING,
        format="%(asctime)s %(process)d %(threadName)s %(levelname)s %(name)s: %(message)s",
    )
    logging.captureWarnings(True)
    logging.raiseExceptions = False  # a full disk is no reason for tracebacks between the lines of an answer
    threading.excepthook = lambda args: logger.error("thread %s", args.thread, exc_info=args.exc_value)
    faulthandler.enable(_file)
    _redirect(_file.fileno())
    if debug:
        console.aside(f"Log: {_path}" if _path else "No log: the folder for it cannot be written.")
        logger.debug("ovchat %s, Python %s, %s", __version__, platform.python_version(), platform.platform())
    return _path


def _open(debug: bool) -> tuple[Path | None, TextIO]:
    from tui.store import files, paths

    name = f"ovchat-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log" if debug else "ovchat.log"
    try:
        path = paths.log_dir() / name
        files.private_dir(path.parent)
        with suppress(OSError):
            if path.stat().st_size > _KEEP_BYTES:
                path.replace(path.with_suffix(".old.log"))
        return path, open(path, "a", encoding="utf-8", errors="backslashreplace", opener=files.private_opener)
    except (OSError, RuntimeError):  # RuntimeError: nobody knows where the user's home is.
        return None, open(os.devnull, "w", encoding="utf-8")


def _redirect(log: int) -> None:
    """Give descriptors 1 and 2 to the log. Streams that are not on them (a test's, a host program's) stay."""
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        stream = getattr(sys, name)
        try:
            own = stream.fileno() == descriptor
        except (OSError, ValueError, AttributeError):
            own = False
        if own:
            stream.flush()
            kept = os.dup(descriptor)
            os.dup2(log, descriptor)
            setattr(sys, name, open(kept, "w", encoding=stream.encoding, errors=stream.errors))  # noqa: SIM115


@contextmanager
def standard_output_restored() -> Iterator[None]:
    """Descriptor 1 is the real standard output again: the readline library knows no other."""
    moved, original = sys.stdout, sys.__stdout__
    if _file is None or original is None or moved is original:
        yield
        return
    _flush_native()
    os.dup2(moved.fileno(), 1)
    sys.stdout = original
    try:
        yield
    finally:
        original.flush()
        sys.stdout = moved
        os.dup2(_file.fileno(), 1)


def _flush_native() -> None:
    """What C code has printed and holds back belongs to the log, too."""
    if os.name == "posix":
        ctypes.CDLL(None).fflush(None)
