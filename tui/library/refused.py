"""What to do where the system would not rename or delete something: who may, and whether it can be at all."""

from __future__ import annotations

import errno
import os
import shlex
import sys
from pathlib import Path


def step_after(error: OSError, *folders: Path) -> str:
    """What to do about it; "" where what the system said is all that is known.

    Args:
        error: What the system said.
        folders: All that the user has to be allowed to write in for it; some may not be there.
    """
    if error.errno == errno.EROFS:
        return "The disk is read-only: nothing on it changes until it is mounted for writing."
    if error.errno == errno.EBUSY or (sys.platform == "win32" and error.errno == errno.EACCES):
        return "Is it in use? End what uses it, and try again."
    if isinstance(error, PermissionError):
        closed = (folder for folder in folders if os.path.exists(folder) and not may_write_in(folder))
        return next(map(allow, closed), "")
    return ""


def may_write_in(folder: str | Path) -> bool:
    """Whether this user may make, rename and delete what is directly in a folder."""
    return os.access(folder, os.W_OK | os.X_OK)


def allow(folder: Path) -> str:
    """What to do about a folder in which this user may not write."""
    if sys.platform != "win32":
        import pwd

        try:
            owner = folder.stat().st_uid
        except OSError:
            return ""
        if owner != os.geteuid():
            try:
                name = pwd.getpwuid(owner).pw_name
            except KeyError:  # of another machine, on a network drive
                name = f"the user {owner}"
            return f"{folder} belongs to {name}, who can allow it."
    return f"Allow it: chmod u+rwx {shlex.quote(str(folder))}"
