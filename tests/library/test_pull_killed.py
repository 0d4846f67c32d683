"""A pull that ends at once, as by kill -9, when all is fetched: nothing is listed, and nothing is fetched again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hub_server import HubServer
from tests.library.pulling import BIN, NAME, pull
from tui.library.find import Places, find_models
from tui.library.partial import unfinished


class _KilledError(BaseException):
    """Nothing is done any more."""


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(starter=tmp_path / "none", models=tmp_path / "m", added=(), hugging_face=tmp_path / "cache")


@pytest.mark.parametrize(
    "where",
    [
        "tui.library.partial.Partial.remember",  # a file is whole, and not known to be
        "tui.library.partial.Partial.put_in_place",
        "tui.library.partial.os.rename",
    ],
)
def test_killed_when_all_is_here_no_byte_is_fetched_twice(hub: HubServer, places: Places, where: str) -> None:
    files = hub.add(NAME).files

    def dies(*_: object) -> None:
        raise _KilledError

    for _ in range(len(files)):  # each file ends once
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(where, dies)
            with pytest.raises(_KilledError):
                pull(places)
        assert [model.name for model in find_models(places)] == ["starter"]
        assert unfinished(places.models) == [NAME]
    folder = pull(places)
    assert unfinished(places.models) == []
    assert folder in [model.path for model in find_models(places)]
    assert {path.name: path.read_bytes() for path in folder.iterdir()}.items() <= files.items()
    assert [each.start for each in hub.asked(BIN, "cdn")] == [0]
    assert len(hub.asked("config.json")) == 1
