from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.library.pulling import NAME
from tui.library.find import Places


@pytest.fixture
def healthy(tiny_model: Callable[[str], Path], tmp_path: Path) -> Path:
    """A model with nothing wrong, to be broken."""
    return shutil.copytree(tiny_model("llama-int8"), tmp_path / "healthy")


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(starter=tmp_path / "starter", models=tmp_path / "models", added=(), hugging_face=tmp_path / "cache")


@pytest.fixture
def folder(places: Places) -> Path:
    """Where the model will be."""
    return places.models / NAME
