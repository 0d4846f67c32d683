"""What every test may use: the tiny models of tests/models, complete with the tokenizer they share."""

from __future__ import annotations

import functools
import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import tui.engine  # noqa: F401 - before any openvino: keeps its telemetry from reporting the tests
from tests.hub_server import HubServer

MODELS = Path(__file__).parent / "models"

# A shell lets what it runs in the background ignore Ctrl+C, and nohup hangups; the programs that the tests start would
# inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):  # not on Windows
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_xdist_auto_num_workers() -> int:
    """Half as many processes again as there are cores: nearly half of the time the tests wait for a terminal."""
    return (os.cpu_count() or 1) * 3 // 2 or 1


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a tiny model by name, tokenizer included. Shared by all tests: copy it before changing anything."""
    root = tmp_path_factory.mktemp("models")

    @functools.cache
    def make(name: str) -> Path:
        shutil.copytree(MODELS / "tokenizer", root / name)
        return shutil.copytree(MODELS / name, root / name, dirs_exist_ok=True)

    return make


@pytest.fixture(scope="session")
def oracle() -> dict[str, Any]:
    """Torch's greedy answers, by model name (tests/models/recipe.py says how they were made)."""
    return json.loads((MODELS / "oracle.json").read_text())


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """A Hugging Face hub on loopback, for huggingface_hub in this process."""
    with HubServer() as server:
        server.be_the_hub(monkeypatch)
        yield server


@pytest.fixture
def unreadable(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Lets no folder below a given one be looked into, as for a user who may not; root may."""

    def close(folder: Path) -> None:
        for name in ("listdir", "scandir"):
            look = getattr(os, name)

            def look_or_refuse(path: Any = ".", look: Callable[[Any], Any] = look) -> Any:
                if not isinstance(path, int) and Path(os.fsdecode(path)).is_relative_to(folder):
                    raise PermissionError(13, "Permission denied", str(path))
                return look(path)

            monkeypatch.setattr(os, name, look_or_refuse)

    return close
