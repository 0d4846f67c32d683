"""What may lie where a pull keeps what it has, or where the model is to be: not waited for, nor written through."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hub_server import HubServer
from tests.library.folders import ir
from tests.library.pulling import BIN, NAME, interrupted, offer_of, pull
from tui.library.find import Places
from tui.library.hub_errors import PullFailed
from tui.library.pull import discard_partial, fetch


def junk_pipe(path: Path) -> None:
    os.mkfifo(path)


def junk_large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 30)  # takes nothing of the disk


def junk_deep(path: Path) -> None:
    path.write_text("[" * 200_000)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no pipes in folders")
@pytest.mark.parametrize("junk", [junk_pipe, junk_large, junk_deep])
def test_a_note_of_an_unfinished_pull_that_is_something_else(
    hub: HubServer, places: Places, folder: Path, junk: Callable[[Path], None]
) -> None:
    hub.add(NAME)
    interrupted(hub, places)
    (note,) = (places.models / ".partial").glob("*/pull.json")
    note.unlink()
    junk(note)
    assert offer_of(places).here == 0
    pull(places)
    assert (folder / BIN).read_bytes() == hub.repos[NAME].files[BIN]


def test_a_folder_where_the_note_should_be_is_named_and_can_be_given_up(
    hub: HubServer, places: Places, folder: Path
) -> None:
    hub.add(NAME)
    interrupted(hub, places)
    (note,) = (places.models / ".partial").glob("*/pull.json")
    note.unlink()
    note.mkdir()
    with pytest.raises(PullFailed, match=r"pull\.json cannot be used: Is a directory") as raised:
        pull(places)
    assert "move or delete it" in raised.value.next_step
    discard_partial(NAME, places=places)
    assert pull(places) == folder


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no pipes in folders")
def test_a_pipe_where_the_lock_should_be(hub: HubServer, places: Places) -> None:
    hub.add(NAME)
    lock = places.models / ".partial" / "OpenVINO--tiny-int4-ov.lock"
    lock.parent.mkdir(parents=True)
    os.mkfifo(lock)
    with pytest.raises(PullFailed, match=r"tiny-int4-ov\.lock cannot be used") as raised:
        pull(places)
    assert "move or delete it" in raised.value.next_step


def test_an_owner_that_is_a_link_out_of_the_models_folder(hub: HubServer, places: Places, tmp_path: Path) -> None:
    """Removing would refuse what a pull had written there."""
    hub.add(NAME)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    places.models.mkdir()
    offer = offer_of(places)
    (places.models / "OpenVINO").symlink_to(elsewhere)
    asked = len(hub.requests)
    with pytest.raises(PullFailed, match=f"OpenVINO is a link to {elsewhere}") as raised:
        offer_of(places)
    with pytest.raises(PullFailed, match="is a link to"):
        fetch(offer, lambda _: None, threading.Event())
    assert "Delete the link" in raised.value.next_step
    assert (list(elsewhere.iterdir()), len(hub.requests)) == ([], asked)


def test_what_may_not_be_looked_into_is_not_said_to_be_here(
    hub: HubServer, places: Places, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Simulated: root may look everywhere."""
    hub.add(NAME)
    pull(places)
    scan = os.scandir

    def may_not(path: object) -> object:
        if path == folder:
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)  # type: ignore[call-overload]

    monkeypatch.setattr(os, "scandir", may_not)
    with pytest.raises(PullFailed, match="tiny-int4-ov cannot be used: Permission denied"):
        offer_of(places)


def test_a_model_that_is_called_as_the_owner_is(hub: HubServer, places: Places, folder: Path) -> None:
    hub.add(NAME)
    ir(folder.parent)
    with pytest.raises(PullFailed, match="is a model; another one cannot be in it") as raised:
        pull(places)
    assert f"ovchat models rename {folder.parent.name} NAME" in raised.value.next_step
