"""What a new model may be called, and why not: where one is renamed, pulled or converted."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from tui.library.find import STARTER, FoundModel
from tui.library.folders import REPOSITORY

LONGEST = 255
"""Bytes of a file's or folder's name, on all the file systems that are in use."""
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def is_device(name: str) -> bool:
    """Whether Windows takes a file's or folder's name for a device, in every folder."""
    return _DEVICE.fullmatch(name) is not None


def why_no_name(name: str) -> str:
    """What keeps a text from being the name of a model; "" for nothing."""
    parts = name.split("/")
    if not name.strip():
        return "it is empty"
    if any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in name):
        return "it has a control character in it, or bytes that are not UTF-8"
    if len(parts) > 2:
        return "it has more than one /"
    if name.casefold() == STARTER:
        return "that is the model that comes with ovchat"
    if name.startswith("-"):
        return "a shell would take it for an option"
    for part in parts:
        if not part or part != part.strip():
            return "it begins or ends with a space or a /"
        if part.startswith("."):
            return "folders that begin with a dot are hidden, or mean another one"
        if len(os.fsencode(part)) > LONGEST:
            return f"it has more than {LONGEST} bytes, the most that a folder's name can have"
        if part.startswith(REPOSITORY) or is_device(part):
            return f"{part} is reserved"
    return ""


def why_taken(name: str, place: Path, models: Iterable[FoundModel], itself: Path | None = None) -> str:
    """What is in the way of a model of that name, as a sentence; "" for nothing.

    Args:
        name: One that can be a name.
        place: The models folder.
        models: All that are here.
        itself: The folder of the model that gets this name.
    """
    target = folder_of(name, place)
    for other in models:
        if other.path != itself and other.name.casefold() == name.casefold():
            return f"There is a model {other.name} already."
        if other.path == target.parent:
            return f"{other.path} is a model; another one cannot be in it."
        if other.path.parent == target:
            return f"{name} is an owner already: {other.name} is in {target}."
    # On some systems names differ in more than case: then it is the model itself.
    if os.path.lexists(target) and not (itself is not None and _are_one(target, itself)):
        return f"There is {target} already."
    return ""


def folder_of(name: str, place: Path) -> Path:
    """The folder of a model of that name in the models folder."""
    return place.joinpath(*name.split("/"))


def _are_one(path: Path, other: Path) -> bool:
    try:
        return os.path.samefile(path, other)
    except OSError:  # a link to nowhere
        return False
