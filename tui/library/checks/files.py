"""The files themselves: readable, whole, and nothing left over from a download."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from tui.engine.errors import OvchatError
from tui.engine.read_file import LFS_POINTER, lfs_pointer, unreadable
from tui.library.amounts import names_text, size_text
from tui.library.checks.patient import Patient
from tui.library.findings import Finding, Severity, note, warning

JSON_FILES = (
    "config.json",
    "generation_config.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.json",
    "processor_config.json",
)
"""The JSON files that loading reads."""

# What hf, browsers, curl-like tools and aria2 call what they have not finished.
_UNFINISHED = (".incomplete", ".partial", ".part", ".crdownload", ".download", ".aria2")


def check(patient: Patient) -> Iterator[Finding]:
    """Look at every file once; those that cannot be used are remembered in the patient."""
    for name in sorted(patient.sizes):
        if problem := _problem(patient.folder / name):
            patient.unusable.add(name)
            yield Finding.of(problem, severity=Severity.ERROR if _is_read(name) else Severity.WARNING)
    for name in _broken_links(patient.folder):
        yield warning("link-broken", f"{patient.folder / name} is a link to a file that is not there.", _PULL)
    yield from _left_over(patient.folder)


_PULL = "Get the model again: what is here already is not fetched twice."


def _problem(file: Path) -> OvchatError | None:
    try:
        with file.open("rb") as opened:
            head = opened.read(len(LFS_POINTER))
    except OSError as error:
        return unreadable(file, error)
    return lfs_pointer(file) if head == LFS_POINTER else None


def _is_read(name: str) -> bool:
    """Loading reads the file."""
    return name in (*JSON_FILES, "chat_template.jinja", "README.md") or name.startswith(
        ("openvino_model.", "openvino_tokenizer.", "openvino_detokenizer.")
    )


def _broken_links(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries if entry.is_symlink() and not os.path.exists(entry.path))


def _left_over(folder: Path) -> Iterator[Finding]:
    """Parts and locks of downloads, in the folder and where huggingface_hub keeps them for it."""
    places = [folder, folder / ".cache" / "huggingface" / "download"]
    in_hub_cache = folder.parent.name == "snapshots"
    unfinished = _named(places + ([folder.parents[1] / "blobs"] if in_hub_cache else []), _UNFINISHED)
    if unfinished:
        size = size_text(sum(_size(file) for file in unfinished))
        yield warning(
            "download-unfinished",
            f"A download was not finished: {_listed(unfinished)} ({size}).",
            f"{_PULL} Or, if the model is whole: {_remove(unfinished)}",
        )
    # Those of the hub's cache lie elsewhere, and it keeps them for good.
    if locks := _named(places, (".lock",)):
        yield note(
            "lock-left",
            f"Lock files of a download lie there: {_listed(locks)}.",
            f"If no download is running, they only take room: {_remove(locks)}",
        )


def _named(places: list[Path], endings: tuple[str, ...]) -> list[Path]:
    found = []
    for place in places:
        if os.path.isdir(place) and os.access(place, os.R_OK | os.X_OK):
            found += sorted(Path(each.path) for each in os.scandir(place) if each.name.endswith(endings))
    return found


def _size(file: Path) -> int:
    try:
        return os.lstat(file).st_size
    except FileNotFoundError:  # the download under way has renamed it meanwhile
        return 0


def _listed(files: list[Path]) -> str:
    return names_text([str(file) for file in files])


def _remove(files: list[Path]) -> str:
    endings = sorted({file.suffix for file in files})
    places = sorted({file.parent for file in files})
    return "rm " + " ".join(f"{shlex.quote(str(place))}/*{ending}" for place in places for ending in endings)
