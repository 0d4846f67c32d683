"""The folders in which models are looked for because the user wants it: put on the list, taken off it, what is wrong.

Nothing is copied, and nothing in them is changed.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from tui.engine.errors import ModelBroken, ModelNotFound, OvchatError
from tui.engine.model_files import FROM_GGUF, inspect
from tui.engine.read_file import unreadable
from tui.library.find import ADDED, DEPTH, FoundModel, Places, added_folder, find_models, folder_meant
from tui.library.folders import MOST_FOLDERS, TooManyFolders, models_in
from tui.store.settings_file import SettingsFile

_NAME_IT = "Name the folder of a model, or one with models in it."


def add(folder: str, file: SettingsFile, places: Places | None = None) -> list[FoundModel]:
    """Put a folder on the list; the models that it has brought, none where all of its models were listed before.

    Args:
        folder: As typed: a model, its XML, or a folder with models in it.
        file: The settings, which have the list.
        places: Where models were looked for before.

    Raises:
        OvchatError: There is no such folder, it cannot be read, or it has no models. Nothing is changed.
        StoreError: The settings cannot be written.
    """
    path = folder_meant(folder)
    if (problem := trouble(path)) is not None:
        raise problem
    if not any(models_in(path, DEPTH)):
        if any(os.path.isfile(path / name) for name in os.listdir(path)):
            inspect(path)  # says what it is instead
        raise ModelNotFound(
            f"There is no model in {path}: neither it nor a folder up to {DEPTH} below has an openvino_model.xml.",
            _NAME_IT,
        )
    places = places or Places()
    before = {model.path for model in find_models(places)}
    after = find_models(replace(places, added=(*places.added, path)))
    brought = [model for model in after if model.path not in before]
    if brought:
        try:
            str(path).encode()
        except UnicodeEncodeError:
            raise OvchatError(f"The name of {path} is not UTF-8.", "Rename it, or make a link to it.") from None
        file.alter(ADDED, lambda listed: [*dict.fromkeys([*listed, str(path)])])
    return brought


def take_off(folder: Path, file: SettingsFile) -> None:
    """Take a folder off the list; its files stay as they are.

    Raises:
        StoreError: The settings cannot be written.
    """
    gone = os.path.abspath(folder)
    file.alter(ADDED, lambda listed: [said for said in listed if os.path.abspath(added_folder(said)) != gone])


def troubles(places: Places | None = None) -> list[str]:
    """Why models cannot be looked for in some of the folders, and what to do; not that there is none yet."""
    places = places or Places()
    said = []
    for place in (places.models, places.hugging_face):
        try:
            os.listdir(place)
        except FileNotFoundError:
            pass
        except PermissionError as error:
            said.append(str(unreadable(place, error)))
        except OSError as error:
            said.append(f"{place} cannot be read: {error.strerror or error}. Put a folder in its place.")
    for place in places.added:
        if (problem := trouble(place)) is not None:
            step = f" {problem.next_step}" if isinstance(problem, ModelBroken) else ""
            said.append(f"{problem.sentence} It is one of {ADDED}.{step}")
    return said


def trouble(folder: Path) -> OvchatError | None:
    """Why models cannot be looked for in a folder; None where they can."""
    try:
        os.listdir(folder)
        for _ in models_in(folder, DEPTH):
            pass
    except FileNotFoundError:
        return ModelNotFound(f"There is no folder {folder}.", _NAME_IT)
    except NotADirectoryError:
        step = FROM_GGUF if folder.suffix.lower() == ".gguf" else _NAME_IT
        return ModelNotFound(f"{folder} is a file; a model is a folder.", step)
    except PermissionError as error:
        return unreadable(folder, error)
    except OSError as error:  # a loop of links, a drive that is gone
        return OvchatError(f"{folder} cannot be read: {error.strerror or error}.", _NAME_IT)
    except ValueError:  # a NUL in the name
        return ModelNotFound("The folder's name has a NUL character in it, which none can have.", _NAME_IT)
    except TooManyFolders:
        return OvchatError(
            f"{folder} has more than {MOST_FOLDERS:,} folders in it.", "Add the folder that has the models."
        )
    return None
