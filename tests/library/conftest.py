from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def healthy(tiny_model: Callable[[str], Path], tmp_path: Path) -> Path:
    """A model with nothing wrong, to be broken."""
    return shutil.copytree(tiny_model("llama-int8"), tmp_path / "healthy")
