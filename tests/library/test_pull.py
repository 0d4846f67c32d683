"""A pull from the first question to the model in the list."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import shutil
import threading
from collections import namedtuple
from pathlib import Path

import pytest

from tests.hub_server import LISTING, Answer, HubServer, model_files
from tests.library.pulling import BIN, NAME, QUICK, XML, interrupted, offer_of, pull
from tests.waiting import wait_until
from tui.engine.errors import Cancelled, ModelNotSupported
from tui.library.download import Patience
from tui.library.find import Places, find_models
from tui.library.hub_errors import PullFailed
from tui.library.partial import unfinished
from tui.library.progress import Progress
from tui.library.pull import AlreadyHere, Offer, discard_partial, fetch, look_up


def test_a_model_is_pulled_and_listed(hub: HubServer, places: Places, folder: Path) -> None:
    files = hub.add(NAME).files
    offer = offer_of(places)
    assert not places.models.exists(), "looking writes nothing"
    assert offer.size == sum(len(files[file.name]) for file in offer.repository.files)
    assert (offer.here, offer.missing, offer.folder) == (0, offer.size, folder)
    assert pull(places) == folder
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        file.name: files[file.name] for file in offer.repository.files
    }
    assert [model.name for model in find_models(places)] == ["starter", NAME]
    assert [path.name for path in (places.models / ".partial").iterdir()] == ["OpenVINO--tiny-int4-ov.lock"]


def test_files_and_folders_are_the_users_alone(hub: HubServer, places: Places, folder: Path) -> None:
    hub.add(NAME)
    pull(places)
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700


def test_nothing_is_listed_before_it_is_whole(hub: HubServer, places: Places, folder: Path) -> None:
    hub.add(NAME)
    listed: list[list[str]] = []
    fetch(offer_of(places), lambda _: listed.append([m.name for m in find_models(places)]), threading.Event())
    assert listed
    assert all(names == ["starter"] for names in listed)
    assert folder.exists()


def test_an_owner_whose_last_model_goes_meanwhile(hub: HubServer, places: Places, folder: Path) -> None:
    hub.add(NAME)

    def report(_: Progress) -> None:
        if folder.parent.exists():
            folder.parent.rmdir()

    fetch(offer_of(places), report, threading.Event())
    assert [model.path for model in find_models(places)][1:] == [folder]


def test_progress_goes_up_to_the_size(hub: HubServer, places: Places) -> None:
    hub.add(NAME)
    reports: list[Progress] = []
    pull(places, reports=reports)
    done = [each.done for each in reports]
    assert done == sorted(done)
    assert done[-1] == reports[-1].total == offer_size(hub)
    assert all(each.in_bytes for each in reports)


def offer_size(hub: HubServer) -> int:
    unneeded = {
        ".gitattributes",
        "model.safetensors",
        "model.safetensors.index.json",
        "picture.png",
        "onnx/config.json",
    }
    return sum(len(data) for name, data in hub.repos[NAME].files.items() if name not in unneeded)


def test_the_next_pull_goes_on_where_one_was_left(hub: HubServer, places: Places, folder: Path) -> None:
    hub.add(NAME)
    interrupted(hub, places)
    before = len(hub.requests)
    offer = offer_of(places)
    assert offer.missing == len(hub.repos[NAME].files[BIN]) - 1000
    assert offer.changed == ()
    pull(places)
    fetched = [(each.name, each.start) for each in hub.requests[before:] if each.server == "cdn"]
    assert fetched == [(BIN, 1000)], "whole files are not fetched again"
    assert (folder / BIN).read_bytes() == hub.repos[NAME].files[BIN]


def test_stopping_keeps_what_has_arrived(hub: HubServer, places: Places) -> None:
    hub.add(NAME)
    hub.next(BIN, Answer(stall_after=1000))
    offer, stop = offer_of(places), threading.Event()
    threading.Thread(target=lambda: (wait_until(lambda: offer_of(places).missing == 20000), stop.set())).start()
    with pytest.raises(Cancelled):
        fetch(offer, lambda _: None, stop)
    assert offer_of(places).missing == 20000
    assert [model.name for model in find_models(places)] == ["starter"]


def test_stopping_while_the_hub_is_silent(hub: HubServer, places: Places) -> None:
    hub.__exit__(None, None, None)
    stop = threading.Event()
    threading.Timer(0.1, stop.set).start()
    with pytest.raises(Cancelled):
        look_up(NAME, stop, places=places, patience=Patience(first_s=60))


def test_giving_up_deletes_what_has_arrived(hub: HubServer, places: Places) -> None:
    hub.add(NAME)
    interrupted(hub, places)
    assert unfinished(places.models) == [NAME]
    assert discard_partial(NAME.lower(), places=places) == NAME
    assert unfinished(places.models) == []
    assert [path.name for path in places.models.iterdir()] == [".partial"]  # no folder of an owner without models
    with pytest.raises(PullFailed, match="no unfinished pull") as raised:
        discard_partial(NAME, places=places)
    assert raised.value.next_step == "Nothing is deleted. The models that are here: ovchat models"
    assert offer_of(places).here == 0


def test_a_repository_that_changed_meanwhile(hub: HubServer, places: Places, folder: Path) -> None:
    hub.add(NAME)
    interrupted(hub, places)
    changed = model_files() | {"config.json": b'{"new": 1}', "README.md": b"new"}
    del changed["LICENSE"]
    hub.add(NAME, changed)
    before = len(hub.requests)
    offer = offer_of(places)
    assert set(offer.changed) == {"config.json", "README.md"}
    pull(places)
    assert {each.name for each in hub.requests[before:]} == {LISTING, "config.json", "README.md", BIN}
    assert (folder / "config.json").read_bytes() == b'{"new": 1}'
    assert not (folder / "LICENSE").exists()


def test_weights_that_changed_meanwhile_are_begun_anew(hub: HubServer, places: Places, folder: Path) -> None:
    hub.add(NAME)
    interrupted(hub, places)
    hub.add(NAME, model_files(b"others" * 4000))
    assert offer_of(places).changed == (BIN,)
    pull(places)
    assert (folder / BIN).read_bytes() == b"others" * 4000
    assert hub.asked(BIN, "cdn")[-1].start == 0


def test_a_repository_that_changes_between_question_and_pull(hub: HubServer, places: Places) -> None:
    hub.add(NAME)
    offer = offer_of(places)
    hub.add(NAME, model_files(b"others" * 4000))
    with pytest.raises(PullFailed, match="has changed on the hub meanwhile") as raised:
        fetch(offer, lambda _: None, threading.Event(), patience=QUICK)
    assert raised.value.next_step == "Run it again."


@pytest.mark.parametrize("content", ["", "[]", "{", '{"files": {"config.json": 3}}', '{"files": []}', "\udcff"])
def test_a_note_of_an_unfinished_pull_that_cannot_be_read(
    hub: HubServer, places: Places, folder: Path, content: str
) -> None:
    hub.add(NAME)
    interrupted(hub, places)
    (note,) = (places.models / ".partial").glob("*/pull.json")
    note.write_bytes(content.encode("utf-8", "surrogateescape"))
    pull(places)
    assert (folder / BIN).read_bytes() == hub.repos[NAME].files[BIN]


def test_a_link_in_an_unfinished_pull_is_not_written_through(hub: HubServer, places: Places, tmp_path: Path) -> None:
    hub.add(NAME)
    interrupted(hub, places)
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    (begun,) = (places.models / ".partial").glob("*/model")
    (begun / BIN).unlink()
    (begun / BIN).symlink_to(victim)
    pull(places)
    assert victim.read_bytes() == b"mine"


def test_what_is_here_already(hub: HubServer, places: Places, folder: Path) -> None:
    hub.add(NAME)
    pull(places)
    before = len(hub.requests)
    for asked in (NAME, NAME.lower()):
        with pytest.raises(AlreadyHere) as raised:
            offer_of(places, asked)
        assert (raised.value.model.name, raised.value.model.path) == (NAME, folder)
    assert len(hub.requests) == before, "the hub is not asked"


def test_what_the_cache_of_hugging_face_has_is_here(hub: HubServer, places: Places) -> None:
    hub.add(NAME)
    snapshot = places.hugging_face / "models--OpenVINO--tiny-int4-ov" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot / XML).write_bytes(b"")
    (snapshot / BIN).write_bytes(b"")
    with pytest.raises(AlreadyHere) as raised:
        offer_of(places)
    assert raised.value.model.path == snapshot


def test_a_name_in_another_case_is_pulled_as_the_hub_writes_it(hub: HubServer, places: Places, folder: Path) -> None:
    hub.add(NAME)
    assert pull(places, NAME.upper()) == folder


def test_something_else_in_the_way(hub: HubServer, places: Places, folder: Path) -> None:
    hub.add(NAME)
    folder.mkdir(parents=True)
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(PullFailed, match="is in the way"):
        offer_of(places)
    assert hub.requests == []
    (folder / "notes.txt").unlink()
    assert pull(places) == folder, "an empty folder is in nobody's way"


def test_a_file_where_the_owners_folder_should_be(hub: HubServer, places: Places) -> None:
    hub.add(NAME)
    places.models.mkdir()
    (places.models / "OpenVINO").write_text("mine")
    with pytest.raises(PullFailed, match="cannot be used"):
        pull(places)
    assert not [each for each in hub.requests if each.name != LISTING]


def test_an_owners_folder_on_another_disk(
    hub: HubServer, places: Places, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.add(NAME)
    real = os.stat

    def stat(path: object, *given: object, **how: object) -> os.stat_result:
        found = real(path, *given, **how)  # type: ignore[call-overload]
        if path != folder.parent:
            return found
        return os.stat_result((*found[:2], found.st_dev + 1, *found[3:]))

    monkeypatch.setattr("tui.library.pull.os.stat", stat)
    with pytest.raises(PullFailed, match="lies on another disk"):
        pull(places)
    assert not [each for each in hub.requests if each.name != LISTING]


def test_a_disk_that_is_too_small_is_said_before_the_first_byte(
    hub: HubServer, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.add(NAME)
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(0, 0, 1234))
    assert offer_of(places).free == 1234
    with pytest.raises(PullFailed, match=r"needs 27 kB more, and 1\.2 kB are free"):
        pull(places)
    assert not [each for each in hub.requests if each.name != LISTING]


def test_what_has_come_meanwhile_needs_no_room_again(
    hub: HubServer, places: Places, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The source of a conversion was looked at long before; and what is here takes its part of the disk already."""
    hub.add(NAME)
    offer = offer_of(places)
    interrupted(hub, places)
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(0, 0, offer.size - 500))
    assert fetch(offer, lambda _: None, threading.Event()) == folder


def test_a_200_gb_model_on_a_small_disk(hub: HubServer, places: Places) -> None:
    hub.add(NAME)
    offer = offer_of(places)
    huge = dataclasses.replace(offer, size=offer.free + 200 * 10**9)
    with pytest.raises(PullFailed, match=r"GB more, and .* are free"):
        fetch(huge, lambda _: None, threading.Event())


def test_a_models_folder_that_is_a_link_to_itself(hub: HubServer, places: Places) -> None:
    hub.add(NAME)
    places.models.symlink_to(places.models)
    with pytest.raises(PullFailed, match="cannot be used"):
        pull(places)


@pytest.mark.skipif(os.geteuid() == 0 if hasattr(os, "geteuid") else True, reason="nothing is forbidden to root")
def test_a_models_folder_that_may_not_be_written(hub: HubServer, places: Places) -> None:
    hub.add(NAME)
    places.models.mkdir(mode=0o500)
    with pytest.raises(PullFailed, match="cannot be used"):
        pull(places)


def test_a_full_disk_says_so_and_how_to_go_on(hub: HubServer, places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.add(NAME)

    synced = []

    def no_room_at_last(_: int) -> None:
        synced.append(1)
        if len(synced) == 6:
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", no_room_at_last)
        with pytest.raises(PullFailed, match=r"disk of .* is full; what has arrived") as raised:
            pull(places)
    assert raised.value.next_step == f"Make room, then go on: ovchat models pull {NAME}"
    assert offer_of(places).here > 0


def test_two_pulls_at_once(hub: HubServer, places: Places) -> None:
    hub.add(NAME)
    hub.next(BIN, Answer(stall_after=1000))
    stop = threading.Event()
    first = threading.Thread(target=pulled_until, args=(offer_of(places), stop))
    first.start()
    wait_until(lambda: hub.asked(BIN, "cdn"))
    with pytest.raises(PullFailed, match="is being pulled by another ovchat"):
        pull(places)
    with pytest.raises(PullFailed, match="is being pulled by another ovchat"):
        discard_partial(NAME, places=places)
    stop.set()
    first.join()
    assert pull(places).is_dir()


def pulled_until(offer: Offer, stop: threading.Event) -> None:
    with pytest.raises(Cancelled):
        fetch(offer, lambda _: None, stop)


def test_a_model_of_another_kind_is_refused_before_the_first_byte(hub: HubServer, places: Places) -> None:
    hub.add(NAME, {"openvino_language_model.xml": b"", "openvino_language_model.bin": b""})
    with pytest.raises(ModelNotSupported, match="vision-language"):
        pull(places)
    assert {each.name for each in hub.requests} == {LISTING}


def test_a_checksum_that_never_fits_leaves_no_model(hub: HubServer, places: Places, folder: Path) -> None:
    hub.add(NAME)
    hub.always(BIN, Answer(spoiled=True))
    with pytest.raises(PullFailed, match="another checksum"):
        pull(places)
    assert not folder.exists()
    note = json.loads(next((places.models / ".partial").glob("*/pull.json")).read_text())
    assert note["files"][BIN][1] is False
    assert note["files"]["config.json"][1] is True
