"""Check the exported folder once, so that nobody's first start has to: python -m tui.starter.recipe.self_check.

The verdict holds for one graph and one openvino, so another of either needs another one; with none, the check is made.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from pathlib import Path

from tui.engine.language_model import LanguageModel
from tui.engine.self_check import BROUGHT


def verdicts(folder: Path) -> dict[str, str]:
    """The verdict of a check made now, on the CPU, as `tui.engine.self_check` remembers it."""
    found: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch, "starter")
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns(BROUGHT, "recipe", "__pycache__"))
        LanguageModel.load(copy, "CPU", verdicts=found).close()
    return found


def main() -> None:
    """Write the verdict into the folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=Path(__file__).parents[1])
    folder = parser.parse_args().model
    (folder / BROUGHT).write_text(json.dumps(verdicts(folder), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
