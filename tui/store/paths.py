"""Where ovchat keeps what belongs to the user, and where its own data files are.

`OVCHAT_HOME` moves everything of the user's under one folder. Nothing is created by asking for a path.
"""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

_APP = "ovchat"
_PACKAGE = Path(__file__).resolve().parent.parent


def _home() -> Path | None:
    home = os.environ.get("OVCHAT_HOME")
    # Not Path.expanduser, which raises where `~NAME` is nobody's.
    return Path(os.path.expanduser(home)).absolute() if home else None


def config_dir() -> Path:
    """Settings, state, conversations, logs."""
    return _home() or platformdirs.user_config_path(_APP, appauthor=False)


def data_dir() -> Path:
    """What is large and worth keeping: models."""
    return _home() or platformdirs.user_data_path(_APP, appauthor=False)


def cache_dir() -> Path:
    """What can be made again."""
    home = _home()
    return home / "cache" if home else platformdirs.user_cache_path(_APP, appauthor=False)


def log_dir() -> Path:
    """Log files."""
    return config_dir() / "log"


def conversations_file() -> Path:
    """The database of the user's conversations."""
    return config_dir() / "conversations.db"


def models_dir() -> Path:
    """The user's converted models, one folder each."""
    return data_dir() / "models"


def data_file(name: str, package: Path = _PACKAGE) -> Path:
    """A file or folder that comes with ovchat: `settings.toml`, `themes`.

    In a wheel they are in the package's `data` folder; in an editable install they are only at the top of the
    repository.
    """
    packaged = package / "data"
    return (packaged if packaged.is_dir() else package.parent) / name
