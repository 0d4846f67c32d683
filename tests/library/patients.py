"""A healthy tiny model, and what the doctor says of it after something was done to it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tui.library.doctor import examine
from tui.library.findings import Examination, Finding

PLENTY = 2**34
LFS_POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22e\nsize 12345\n"


def look(folder: Path, **given: Any) -> Examination:
    """Examine it with memory in plenty."""
    return examine(folder, **{"free": PLENTY} | given)


def codes(folder: Path, **given: Any) -> list[str]:
    return [finding.code for finding in look(folder, **given).findings]


def only(folder: Path, **given: Any) -> Finding:
    """The one finding that there is."""
    found = look(folder, **given).findings
    assert len(found) == 1, found
    return found[0]


def change(file: Path, **values: Any) -> None:
    """Set values of a JSON file; None takes one out."""
    content = json.loads(file.read_text()) | values
    file.write_text(json.dumps({name: value for name, value in content.items() if value is not None}))
