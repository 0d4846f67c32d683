"""Commands as users run them: their own process, their own home, a tiny model with random weights."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A home of its own, and nothing that changes how output looks."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHONIO"))}
    for name in ("NO_COLOR", "FORCE_COLOR", "PYTHONUTF8", "HF_HOME", "HF_HUB_CACHE"):
        kept.pop(name, None)
    return kept | {"OVCHAT_HOME": str(tmp_path / "home"), "XDG_CACHE_HOME": str(tmp_path / "cache")}


@pytest.fixture
def run(environment: dict[str, str], tmp_path: Path) -> Run:
    """Run `ovchat ARGUMENTS`; standard input is nothing unless given."""

    def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        options = {"env": environment, "cwd": tmp_path, "encoding": "utf-8", "timeout": 120} | options
        if "input" not in options:
            options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        return subprocess.run([sys.executable, "-m", "tui", *arguments], check=False, **options)

    return run


@pytest.fixture
def ask(run: Run, model: str) -> Run:
    """Run `ovchat ask -m MODEL ARGUMENTS`."""
    return lambda *arguments, **options: run("ask", "-m", model, *arguments, **options)


@pytest.fixture
def model(tiny_model: Callable[[str], Path]) -> str:
    """The folder of a model that answers nonsense, quickly."""
    return str(tiny_model("llama"))
