"""Files that are the user's own: readable by nobody else, replaced in one step, changed by one process at a time."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


def private_dir(path: Path) -> Path:
    """`path`, made where it was missing (its parents too), open to the user alone."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        # Not mkdir(parents=True), which gives `mode` to the last folder only.
        folder.mkdir(mode=0o700, exist_ok=True)
    return path


def private_opener(path: str, flags: int) -> int:
    """For `open(..., opener=private_opener)`: a new file is readable by the user alone."""
    return os.open(path, flags, 0o600)


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
