"""Files that are the user's own: readable by nobody else, replaced in one step, changed by one process at a time."""

from __future__ import annotations

import errno
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tui.store.errors import StoreError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

NO_ROOM = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
"""With these the system says that a disk is full, or that the user may have no more of it."""
_IN_THE_WAY = (errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.ENXIO, errno.EINVAL)  # not what ovchat puts there


def step_to_write(error: OSError) -> str:
    """What to do where a file or folder of ovchat's own cannot be written."""
    if error.errno in NO_ROOM:
        return "Make room on its disk."
    named = error.filename2 or error.filename  # the second is what a rename would have replaced
    if error.errno in _IN_THE_WAY and isinstance(named, str):
        there = next((each for each in (Path(named), *Path(named).parents) if os.path.lexists(each)), named)
        return f"Look at {there}, and move or delete it."
    return "Allow it, or set OVCHAT_HOME to a place that may be written."


def private_dir(path: Path) -> Path:
    """`path`, made where it was missing (its parents too), open to the user alone."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        # Not mkdir(parents=True), which gives `mode` to the last folder only.
        folder.mkdir(mode=0o700, exist_ok=True)
    return path


def private_opener(path: str, flags: int) -> int:
    """For `open(..., opener=private_opener)`: a new file is readable by the user alone; a pipe is not waited for."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0), 0o600)


def read_text(path: Path) -> str:
    """The text (UTF-8, with a mark of that or without) of a file that the user may have put there.

    Raises:
        OSError: It cannot be read; also where it is a pipe, a device or a socket, which may have no end, or wait for
            one that writes.
        UnicodeDecodeError: It is not UTF-8.
    """
    if why := why_endless(path):
        raise OSError(errno.EINVAL, why, str(path))
    return path.read_bytes().decode("utf-8-sig")


def why_endless(path: Path) -> str:
    """Why reading may never end: it is no file, and what to do about that; "" where it is one, or a folder.

    Raises:
        OSError: It cannot be looked at.
    """
    mode = path.stat().st_mode
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):  # of a folder the system says it itself
        return ""
    kind = "pipe" if stat.S_ISFIFO(mode) else "socket" if stat.S_ISSOCK(mode) else "device"
    return f"it is a {kind}, not a file; put a file in its place, or remove it"


def replace_text(path: Path, text: str) -> None:
    """Make `text` (UTF-8) the content of `path`: whoever reads it sees the old or the new one, never a part.

    Raises:
        OSError: It cannot be written; the old content is still there.
    """
    private_dir(path.parent)
    # mkstemp's files are 0600.
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with open(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def export_text(path: str, text: str) -> Path:
    """Write `text` where the user wants it, in one step; the file's path.

    Args:
        path: As typed: `~` is the home folder, and a relative one begins at the current folder.
        text: Anything; a lone surrogate becomes `?`, as UTF-8 has none.

    Raises:
        StoreError: It cannot be written; names the file and the reason.
    """
    try:
        where = Path(os.path.expanduser(path.strip())).absolute()
        if not where.parent.is_dir():
            raise StoreError(f"{where} cannot be written: there is no folder {where.parent}.", "Choose another place.")
        replace_text(where, text.encode("utf-8", "replace").decode("utf-8"))
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise StoreError(f"{path.strip()} cannot be written: {reason}.", "Choose another place.") from error
    return where


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other processes and threads out of the same block; the lock is a file beside `path`.

    On file systems without locks there is none: there, the last of two writers at the same moment wins.
    """
    private_dir(path.parent)
    with open(path.with_name(f"{path.name}.lock"), "ab", opener=private_opener) as file:
        with suppress(OSError):
            if sys.platform == "win32":
                msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
            else:
                fcntl.flock(file, fcntl.LOCK_EX)
        yield
        if sys.platform == "win32":
            with suppress(OSError):
                msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)


@contextmanager
def locked_now(path: Path) -> Iterator[bool]:
    """`locked` without waiting: False in the block if somebody else holds it.

    The end of the process gives it free, whatever ends it. The file stays: who would remove it could remove it from
    under the feet of the next.
    """
    private_dir(path.parent)
    with open(path.with_name(f"{path.name}.lock"), "ab", opener=private_opener) as file:
        mine = True
        try:
            if sys.platform == "win32":
                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            # Any other: a file system without locks.
            mine = error.errno not in (errno.EAGAIN, errno.EACCES)
        yield mine
        if mine and sys.platform == "win32":
            with suppress(OSError):
                msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)
