from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.library.conversion import fake_tool
from tests.library.conversion.folders import hugging_face_llama
from tui.library.find import Places


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Everything of ovchat's own in a folder of the test's."""
    monkeypatch.setenv("OVCHAT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def places(home: Path, tmp_path: Path) -> Places:
    return Places(starter=tmp_path / "starter", models=home / "models", added=(), hugging_face=tmp_path / "cache")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder as Hugging Face has it."""
    return hugging_face_llama(tmp_path / "Tiny-Llama")


@pytest.fixture
def python(tmp_path: Path, tiny_model: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """An interpreter that converts everything to the tiny llama, or does what a test wants."""
    monkeypatch.setenv("FAKE_MODEL", str(tiny_model("llama-int8")))
    monkeypatch.setenv("FAKE_PIDS", str(tmp_path / "pids"))
    monkeypatch.setenv("FAKE_CALLS", str(tmp_path / "calls"))
    return fake_tool.make(tmp_path / "python")


@pytest.fixture
def ir(tiny_model: Callable[[str], Path], tmp_path: Path) -> Path:
    """A model in OpenVINO's format, in f16."""
    return shutil.copytree(tiny_model("llama-f16"), tmp_path / "Llama-fp16-ov")
