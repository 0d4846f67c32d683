"""The rules that tools can check, so that `pytest` alone checks everything."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LONGEST_MODULE = 400
CHECKS = {
    "ruff check": [sys.executable, "-m", "ruff", "check", "."],
    "ruff format": [sys.executable, "-m", "ruff", "format", "--check", "."],
    "mypy": [sys.executable, "-m", "mypy"],
    "import-linter": [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
}


@pytest.mark.parametrize("name", CHECKS)
def test_tools_have_nothing_to_say(name: str) -> None:
    done = subprocess.run(CHECKS[name], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_module_is_longer_than_one_concept() -> None:
    lengths = {path.relative_to(ROOT): path.read_text("utf-8").count("\n") for path in (ROOT / "tui").rglob("*.py")}
    assert {path: length for path, length in lengths.items() if length > LONGEST_MODULE} == {}


def test_every_module_says_what_it_is_and_uses_the_same_annotations() -> None:
    for path in (ROOT / "tui").rglob("*.py"):
        text = path.read_text("utf-8")
        assert text.startswith('"""'), path
        assert path.name == "__init__.py" or "from __future__ import annotations\n" in text, path
