"""What an unfinished pull has on the disk: nothing outside it is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.library.hub import Repository
from tui.library.partial import PARTIAL, Partial


@pytest.mark.parametrize("linked", ["OVENVINO--tiny", "OVENVINO--tiny/model"])
def test_a_link_in_its_place_is_not_followed(tmp_path: Path, linked: str) -> None:
    precious = tmp_path / "users" / "model" / "precious"
    precious.parent.mkdir(parents=True)
    precious.touch()
    (precious.parents[1] / "precious").touch()
    link = tmp_path / "models" / PARTIAL / linked
    link.parent.mkdir(parents=True)
    link.symlink_to(tmp_path / "users")
    with pytest.raises(OSError, match="it is a link, and must be a folder"):
        Partial(tmp_path / "models", "OVENVINO/tiny").begin(Repository("OVENVINO/tiny", "abc", ()))
    assert sorted(path.name for path in (tmp_path / "users").iterdir()) == ["model", "precious"]
    assert precious.exists()
