"""The user's personas: named system prompts with sampling values and a model, one TOML file each.

`NAME.toml` may have `system`, `model` and a table `[sampling]`. A file that is not right is named with its line and
left out. Nothing here is a link: whoever takes a persona takes its values.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tui.store import paths
from tui.store.errors import StoreError, quoted
from tui.store.files import read_text, replace_text
from tui.store.near import did_you_mean
from tui.store.settings import SCHEMA, lines_of
from tui.store.settings_file import as_written

NONE = "none"  # the name that stands for no persona
_SUFFIX = ".toml"
_LONGEST = 60  # characters of a name
_NOT_IN_NAMES = frozenset('<>:"/\\|?*')  # of one system or another
_TEXTS = ("system", "model")


@dataclass(frozen=True, slots=True)
class Persona:
    """What a conversation can take.

    Attributes:
        name: That of its file, without the ending.
        system: The system prompt; "" for none.
        model: The model, by name; "" leaves the one there is.
        sampling: Values by `SamplingParams` field; empty leaves those that the conversation has.
    """

    name: str
    system: str = ""
    model: str = ""
    sampling: Mapping[str, Any] = field(default_factory=dict)


def folder() -> Path:
    """Where they are."""
    return paths.config_dir() / "personas"


def path_of(name: str) -> Path:
    """The file of a persona."""
    return folder() / f"{name}{_SUFFIX}"


def all_personas() -> tuple[list[Persona], list[StoreError]]:
    """Every persona by name, and what is wrong with files that are none."""
    found: list[Persona] = []
    wrong: list[StoreError] = []
    try:
        files = sorted(folder().glob(f"*{_SUFFIX}"), key=lambda path: path.name.casefold())
    except OSError as error:
        return [], [StoreError(f"{folder()} cannot be read: {error.strerror}.")]
    for path in files:
        if path.name.startswith("."):  # half written, or an editor's
            continue
        try:
            found.append(_read(path))
        except StoreError as error:
            wrong.append(error)
    return found, wrong


def persona(name: str) -> Persona:
    """The persona of that name.

    Raises:
        StoreError: There is none, or its file is not right; with the line.
    """
    if why := why_not_a_name(name):
        raise StoreError(f"There is no persona {name!r}: {why}")
    if not path_of(name).exists():
        names = [each.name for each in all_personas()[0]]
        there = f"There are: {', '.join(names)}." if names else f"They are files in {folder()}."
        raise StoreError(f"There is no persona {name!r}.", f"{did_you_mean(name, names)} {there}".lstrip())
    return _read(path_of(name))


def name_of(system: str, personas: Iterable[Persona], taken: str = "") -> str:
    """The persona whose system prompt a conversation has; "" where that is nobody's.

    Args:
        system: The conversation's.
        personas: All there are.
        taken: The one that the conversation took; where several have that prompt, it is this one's.
    """
    names = [each.name for each in personas if each.system == system and (system or each.name == taken)]
    return taken if taken in names else next(iter(names), "")


def why_not_a_name(name: str) -> str:
    """Why this cannot be a persona's name; "" where it can."""
    if not name.strip() or name != name.strip() or name.startswith("."):
        return "A name begins with a letter or digit and has no space at its ends."
    if name.casefold() == NONE:
        return f"“{NONE}” stands for no persona."
    if bad := sorted({each for each in name if each in _NOT_IN_NAMES or not each.isprintable()}):
        return (
            f"A name is a file's name, too: it cannot have {' '.join(bad) if ''.join(bad).isprintable() else 'this'}."
        )
    return "" if len(name) <= _LONGEST else f"A name has at most {_LONGEST} characters."


def save(new: Persona) -> None:
    """Write a persona, in place of one of that name; comments of its file stay.

    Raises:
        StoreError: That is no name, or it cannot be written.
    """
    if why := why_not_a_name(new.name):
        raise StoreError(why)
    import tomlkit  # not needed to read them
    from tomlkit.exceptions import TOMLKitError

    path = path_of(new.name)
    try:
        document = tomlkit.parse(read_text(path))
    except (OSError, ValueError, TOMLKitError):
        document = tomlkit.document()
    for key in _TEXTS:
        if value := getattr(new, key):
            # With several lines, or it is one line that nobody can edit.
            document[key] = tomlkit.string(value, multiline="\n" in value and "\r" not in value)
        else:
            document.pop(key, None)
    document.pop("sampling", None)
    if new.sampling:
        # None, which TOML does not have, is written with the word that the settings have for it.
        document["sampling"] = {
            name: as_written(SCHEMA[f"sampling.{name}"], value) for name, value in new.sampling.items()
        }
    write_text(new.name, tomlkit.dumps(document))


def text_of(name: str) -> str:
    """What the file of a persona says, to be edited.

    Raises:
        StoreError: It cannot be read.
    """
    return _text(path_of(name))


def write_text(name: str, text: str) -> None:
    """Make `text` the file of a persona; it is not looked at.

    Raises:
        StoreError: It cannot be written.
    """
    _change(path_of(name), lambda path: replace_text(path, text))


def delete(name: str) -> None:
    """Delete the file of a persona.

    Raises:
        StoreError: It cannot be deleted.
    """
    _change(path_of(name), lambda path: path.unlink(missing_ok=True))


def _change(path: Path, how: Callable[[Path], None]) -> None:
    try:
        how(path)
    except OSError as error:
        raise StoreError(f"{path} cannot be changed: {error.strerror}.") from error


def _text(path: Path) -> str:
    try:
        return read_text(path)
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise StoreError(f"{path}, line {line}: this is not UTF-8 text.") from error


def _read(path: Path) -> Persona:
    text = _text(path)
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # the sentence has the line
        raise StoreError(f"{path} is not valid TOML: {error}.") from error

    def wrong(key: str, what: str) -> StoreError:
        return StoreError(f"{path}, line {_line(text, key)}: {what}")

    for key in table:
        if key not in (*_TEXTS, "sampling"):
            raise wrong(key, f"there is no {key}; a persona has system, model and [sampling].")
    for key in _TEXTS:
        if not isinstance(table.get(key, ""), str):
            raise wrong(key, f"{key} is {quoted(table[key])}, it must be a text.")
    sampling = table.get("sampling", {})
    if not isinstance(sampling, dict):
        raise wrong("sampling", "sampling must be a table.")
    values = {}
    for name, value in sampling.items():
        key = f"sampling.{name}"
        if key not in SCHEMA:
            raise wrong(key, f"there is no sampling parameter {name}.")
        try:
            values[name] = SCHEMA[key].checked(value)
        except ValueError as error:
            raise wrong(key, f"{key} is {quoted(value)}, {error}.") from None
    name = path.name.removesuffix(_SUFFIX)
    return Persona(name, table.get("system", "").strip(), table.get("model", "").strip(), values)


def _line(text: str, key: str) -> int:
    """The line on which `key`, or what is in it, begins."""
    lines = lines_of(text)
    return lines.get(key) or min((line for each, line in lines.items() if each.startswith(f"{key}.")), default=1)
