"""A model folder of one's own, to be changed and broken."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

TinyModel = Callable[[str], Path]


@pytest.fixture
def llama(tiny_model: TinyModel, tmp_path: Path) -> Path:
    """A copy of the tiny llama, to be broken."""
    return shutil.copytree(tiny_model("llama"), tmp_path / "my model")
