"""Files of a model folder, read whole; what is wrong with one becomes a `ModelBroken` that names it."""

from __future__ import annotations

import errno
import json
import shlex
import stat
from pathlib import Path
from typing import Any

from tui.engine.errors import ModelBroken

GET_AGAIN = "Get the model again, or convert it again."

MOST_BYTES = 1 << 28
"""What is read whole is smaller: the largest graphs and vocabularies have some tens of MB."""

LFS_POINTER = b"version https://git-lfs.github.com/spec/"


def content_of(file: Path, most: int = MOST_BYTES) -> bytes:
    """A file's content, read whole.

    Raises:
        OSError: It cannot be read; also where it is a pipe or a device, whose reading would never end, or has more than
            `most` bytes.
    """
    require_regular(file)
    if file.stat().st_size > most:
        raise OSError(errno.EFBIG, f"it has more than {most >> 20} MiB, as no such file has", str(file))
    return file.read_bytes()


def require_regular(file: Path) -> None:
    """See that reading a file ends.

    Raises:
        OSError: It is a pipe or a device, or cannot be looked at.
    """
    mode = file.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):  # of a folder the system says it itself
        raise OSError(errno.EINVAL, "it is a pipe or a device, not a file", str(file))


def read_bytes(file: Path, most: int = MOST_BYTES) -> bytes:
    """A file's content.

    Raises:
        ModelBroken: It is missing, has more than `most` bytes, is only a git-lfs pointer to the file, or the system
            does not let us read it.
    """
    try:
        content = content_of(file, most)
    except FileNotFoundError:
        raise ModelBroken(f"{file} is missing.", GET_AGAIN, code="file-missing") from None
    except OSError as error:
        raise unreadable(file, error) from error
    if content.startswith(LFS_POINTER):
        raise lfs_pointer(file)
    return content


def read_json(file: Path) -> dict[str, Any]:
    """The JSON object in a file; {} where there is no such file.

    Raises:
        ModelBroken: It cannot be read, or is no JSON object; names the line.
    """
    if not file.exists():
        return {}
    try:
        value = json.loads(read_bytes(file).decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise _broken(f"{file} is not text in UTF-8.") from None
    except json.JSONDecodeError as error:
        raise _broken(
            f"{file} is broken in line {error.lineno}: {error.msg}.",
            "Get the file again from where the model is from; or correct it, if it was changed here.",
        ) from None
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits, a thousand brackets
        raise _broken(f"{file} cannot be read as JSON: {error}.") from None
    if not isinstance(value, dict):
        raise _broken(f"{file} is broken in line 1: it must hold a JSON object.")
    return value


def _broken(sentence: str, step: str = GET_AGAIN) -> ModelBroken:
    return ModelBroken(sentence, step, code="json-broken")


def lfs_pointer(file: Path) -> ModelBroken:
    """The error for a file that git-lfs has not fetched."""
    folder = file.parent
    in_clone = any((each / ".git").exists() for each in (folder.resolve(), *folder.resolve().parents))
    step = f"Fetch the file: git -C {shlex.quote(str(folder))} lfs pull" if in_clone else "Get the model again."
    return ModelBroken(f"{file} is a git-lfs pointer, not the file itself.", step, code="lfs-pointer")


def unreadable(path: Path, error: OSError) -> ModelBroken:
    """The error for a file or folder that the system does not let us read."""
    step = f"Allow it: chmod -R u+rX {shlex.quote(str(path))}" if isinstance(error, PermissionError) else GET_AGAIN
    return ModelBroken(f"{path} cannot be read: {error.strerror or error}.", step, code="unreadable")
