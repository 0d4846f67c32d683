"""Disks that are full, read-only or other ones than before: what can be read is, what cannot be written is told."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.store.conftest import DATABASES, check, start
from tests.store.talk import Talk
from tui.store.conversations import Conversations
from tui.store.errors import NotWritable, StoreError
from tui.store.settings_file import SettingsFile


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("only root can make a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(ballast: Path) -> None:
    with suppress(OSError), open(ballast, "wb", buffering=0) as file:
        while file.write(bytes(4096)) == 4096:
            pass


def say_much(talk: Talk) -> None:
    for _ in range(100):
        talk.say("More and more. " * 1000)


@pytest.mark.skipif(sys.platform != "linux", reason="tmpfs is Linux's")
def test_a_full_disk_is_told_and_what_is_written_after_space_was_made_is_kept(small_disk: Path) -> None:
    path = small_disk / "conversations.db"
    store = Conversations.open(path)
    talk = Talk(store)
    first = talk.say("Hello")
    ballast = small_disk / "ballast"
    fill(ballast)
    with pytest.raises(StoreError, match="no space left") as told:
        say_much(talk)
    assert "space" in told.value.next_step
    saved = store.messages(talk.id)
    assert saved[0] == first
    assert store.listing()[0].id == talk.id
    ballast.unlink()
    again = talk.say("There is space again.")
    assert store.messages(talk.id)[-1] == again
    store.close()
    check(path)


@pytest.mark.skipif(sys.platform != "linux", reason="tmpfs is Linux's")
def test_a_disk_that_is_full_from_the_beginning_is_told(small_disk: Path) -> None:
    fill(small_disk / "ballast")
    with pytest.raises(StoreError, match="space"):
        Conversations.open(small_disk / "conversations.db")
    (small_disk / "ballast").unlink()
    Conversations.open(small_disk / "conversations.db").close()


@pytest.mark.skipif(sys.platform != "linux", reason="tmpfs is Linux's")
def test_settings_on_a_full_disk_stay_as_they_are_and_say_what_to_do(small_disk: Path) -> None:
    path = small_disk / "settings.toml"
    file = SettingsFile(path)
    file.set("sampling.top_k", 3)
    fill(small_disk / "ballast")
    with pytest.raises(StoreError, match=r"settings\.toml cannot be written: No space left") as told:
        file.set("sampling.top_k", 4)
    assert told.value.next_step == "Nothing is changed. Make room on its disk."
    assert "top_k = 3" in path.read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="tmpfs is Linux's")
def test_what_is_on_a_full_disk_can_be_read(small_disk: Path) -> None:
    path = small_disk / "conversations.db"
    store = Conversations.open(path)
    talk = Talk(store)
    question = talk.say("Hello")
    store.close()
    fill(small_disk / "ballast")
    store = Conversations.open(path)
    assert store.messages(talk.id) == [question]
    with pytest.raises(NotWritable, match=r"full|space"):
        store.save_draft("", "x" * 10_000)
    (small_disk / "ballast").unlink()
    store.save_draft("", "text")
    assert store.draft("") == "text"
    store.close()
    check(path)


QUOTA = """
import resource, signal, sys
from pathlib import Path
from tests.store.talk import Talk
from tui.store.conversations import Conversations
from tui.store.errors import StoreError
talk = Talk(Conversations.open(Path(sys.argv[1])))
talk.say("Hello")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
limits = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, limits[1]))
try:
    for _ in range(1000):
        talk.say("More and more. " * 1000)
except StoreError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, limits)
talk.say("There is space again.")
print(len(talk.store.messages(talk.id)))
"""


@pytest.mark.skipif(os.name != "posix", reason="limits are POSIX's")
def test_a_file_that_may_not_grow_is_told(path: Path) -> None:
    process = start(QUOTA, path)
    told, count = process.communicate(timeout=60)[0].splitlines()
    assert "quota" in told
    assert int(count) >= 2
    check(path)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """In the block, nothing in the folder can be written."""
    if sys.platform != "linux" or os.geteuid() != 0:
        for each in folder.iterdir():
            each.chmod(0o400)
        folder.chmod(0o500)
        yield
        folder.chmod(0o700)
        return
    for command in (["mount", "--bind", folder, folder], ["mount", "-o", "remount,ro,bind", folder]):
        if subprocess.run(command, check=False, capture_output=True).returncode:
            pytest.skip("nothing can be mounted here")
    yield
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.parametrize("log", ["without its log", "with its log"])
def test_what_is_in_a_read_only_folder_can_be_read_and_that_is_told(tmp_path: Path, path: Path, log: str) -> None:
    store = Conversations.open(path)
    Talk(store, title="Kept").say("Hello")
    folder = tmp_path / "read-only"
    if log == "with its log":
        shutil.copytree(path.parent, folder)
        store.close()
    else:
        store.close()
        shutil.copytree(path.parent, folder)
    with read_only(folder):
        read_what_is_there(folder / path.name)


def read_what_is_there(path: Path) -> None:
    store = Conversations.open(path)
    (notice,) = store.notices
    assert all(words in notice for words in ("can be read", "nothing can be written", "OVCHAT_HOME"))
    (kept,) = store.listing()
    assert store.find("last") == kept
    assert [each.text for each in store.branch(kept.head)] == ["Hello"]
    assert [hit.message_id for hit in store.search("ello")] == [kept.head]
    with pytest.raises(NotWritable, match="read-only") as told:
        store.save_draft("", "text")
    assert "OVCHAT_HOME" in told.value.next_step
    store.close()
    with pytest.raises(NotWritable, match=r"Read-only|Permission"):
        Conversations.open(path.parent / "new" / "conversations.db")


def test_in_a_read_only_folder_a_database_of_an_earlier_version_can_be_read_as_it_is(tmp_path: Path) -> None:
    shutil.copy(DATABASES / "v1.db", tmp_path)
    with read_only(tmp_path):
        store = Conversations.open(tmp_path / "v1.db")
        (rivers,) = store.listing()
        assert [each.text for each in store.branch(rivers.head)] == ["Which rivers? 河流", "The Danube."]
        assert store.draft(rivers.id) == "And lakes"
        store.close()


def test_a_database_that_is_replaced_meanwhile_is_the_one_that_is_used(
    tmp_path: Path, path: Path, store: Conversations
) -> None:
    other = tmp_path / "other.db"
    backup = Conversations.open(other)
    Talk(backup, title="From the backup")
    backup.close()
    store.save_draft("", "old")
    os.replace(other, path)
    for beside in ("-wal", "-shm"):
        Path(f"{path}{beside}").unlink(missing_ok=True)
    assert [each.title for each in store.listing()] == ["From the backup"]
    store.save_draft("", "new")
    again = Conversations.open(path)
    assert again.draft("") == "new"
    again.close()
