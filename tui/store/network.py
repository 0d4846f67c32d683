"""Whether a folder is on another machine: there, SQLite's write-ahead log, shared memory between processes, fails."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import psutil

_KINDS = ("nfs", "cifs", "smb", "9p", "afpfs", "webdav", "davfs", "fuse.sshfs", "fuse.rclone", "macfuse")


def network_file_system(folder: Path) -> str:
    """The kind of network file system that a folder is on; "" for a disk of this machine."""
    real = os.path.realpath(folder)
    if sys.platform == "win32" and real.startswith("\\\\"):
        return "a network share"
    mounts = [each for each in psutil.disk_partitions(all=True) if _is_below(real, each.mountpoint)]
    # The last of several at one place hides the others.
    mount = max(reversed(mounts), key=lambda each: len(each.mountpoint), default=None)
    if mount is None:
        return ""
    if "remote" in mount.opts.split(","):  # on Windows
        return "a network drive"
    return mount.fstype if mount.fstype.lower().startswith(_KINDS) else ""


def _is_below(path: str, folder: str) -> bool:
    try:
        return os.path.commonpath((path, folder)) == os.path.normpath(folder)
    except ValueError:  # another drive
        return False
