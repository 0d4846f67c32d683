from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.store.conftest import DATABASES
from tests.store.talk import FACTS, Talk
from tests.store.test_durability import check
from tui.store import network, recovery
from tui.store.conversations import Conversations
from tui.store.errors import StoreError
from tui.store.records import Ended, Message

PAGE = 4096
CONVERSATIONS, TURNS = 6, 20


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[int, Message]]:
    """A database whose tables have inner pages, and the messages in it."""
    path = tmp_path_factory.mktemp("filled") / "conversations.db"
    store = Conversations.open(path)
    messages: dict[int, Message] = {}
    for number in range(CONVERSATIONS):
        talk = Talk(store, title=f"Talk {number}")
        for turn in range(TURNS):
            question = talk.say(f"question {turn} " + "ünïcode " * (10 if turn % 7 else 2000))
            answer = talk.answer(f"answer {turn} " + "word " * 100, token_ids=tuple(range(500)), facts=FACTS)
            messages |= {question.id: question, answer.id: answer}
        store.save_draft(talk.id, f"draft {number}")
    store.delete(talk.id)
    store.close()
    return path, messages


@pytest.fixture
def damaged(filled: tuple[Path, dict[int, Message]], path: Path) -> Path:
    """A copy to damage."""
    path.parent.mkdir()
    shutil.copy(filled[0], path)
    return path


def overwrite(path: Path, at: int, data: bytes) -> None:
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(data)


def kept(store: Conversations) -> dict[int, Message]:
    return {message.id: message for each in store.listing() for message in store.messages(each.id)}


def living(filled: tuple[Path, dict[int, Message]], store: Conversations) -> dict[int, Message]:
    """The messages that were in conversations that are not deleted."""
    ids = {each.id for each in store.listing()}
    return {id_: message for id_, message in filled[1].items() if message.conversation in ids}


def reopened(path: Path) -> Conversations:
    """The store after everything in it was read, as often as it takes to notice damage."""
    for _ in range(3):
        try:
            store = Conversations.open(path)
        except StoreError:
            continue
        try:
            recovery.suspect(path)
            store.close()
            return Conversations.open(path)
        except StoreError:
            store.close()
    raise AssertionError("it does not open")


@pytest.mark.parametrize(
    ("at", "data"),
    [
        (0, b"This is no database, it is a text. " * 3),
        (16, b"\xff" * 84),
        (0, bytes(PAGE)),
        (0, b"\xa5" * PAGE),
    ],
)
def test_without_its_header_or_first_page_everything_is_recovered(
    damaged: Path, filled: tuple[Path, dict[int, Message]], at: int, data: bytes
) -> None:
    overwrite(damaged, at, data)
    before = damaged.read_bytes()
    store = Conversations.open(damaged)
    (notice,) = store.notices
    (aside,) = damaged.parent.glob("conversations.damaged-*.db")
    count = (CONVERSATIONS - 1) * 2 * TURNS
    assert f"{CONVERSATIONS - 1} conversations, {count} messages." in notice
    assert str(aside) in notice
    assert aside.read_bytes() == before
    assert kept(store) == living(filled, store)
    assert {each.title for each in store.listing()} == {f"Talk {number}" for number in range(CONVERSATIONS - 1)}
    assert {store.draft(each.id) for each in store.listing()} == {f"draft {n}" for n in range(CONVERSATIONS - 1)}
    assert len(list(store.search('"answer 3 word"'))) == CONVERSATIONS - 1
    talk = Talk(store)
    talk.say("It goes on.")
    store.close()
    check(damaged)
    again = Conversations.open(damaged)
    assert again.notices == ()
    again.close()


@pytest.mark.parametrize("name", sorted(each.name for each in DATABASES.glob("*.db")))
def test_rows_that_an_earlier_version_wrote_are_recovered(name: str, path: Path) -> None:
    path.parent.mkdir()
    shutil.copy(DATABASES / name, path)
    Conversations.open(path).close()
    overwrite(path, 0, bytes(PAGE))
    store = Conversations.open(path)
    assert "2 conversations, 3 messages." in store.notices[0]
    rivers, _ = store.listing(archived=True)
    assert (rivers.title, rivers.persona) == ("Rivers", "" if name < "v4" else "brief")
    store.close()


@pytest.mark.slow
def test_whatever_page_is_overwritten_only_what_lay_in_it_is_lost(
    damaged: Path, filled: tuple[Path, dict[int, Message]]
) -> None:
    whole = damaged.read_bytes()
    lost = []
    pages = len(whole) // PAGE
    # All of the first ones, where the roots of tables and indexes are.
    for page in (*range(20), *range(20, pages, 11)):
        for each in damaged.parent.iterdir():
            each.unlink()
        damaged.write_bytes(whole)
        overwrite(damaged, page * PAGE, b"\xa5" * PAGE)
        store = reopened(damaged)
        there = kept(store)
        assert set(there) <= set(filled[1])
        lost.append(len(set(living(filled, store)) - set(there)))
        for branch in (store.branch(each.head) for each in store.listing()):
            assert len(branch) > 2 * TURNS - 10
        store.close()
        check(damaged)
    assert max(lost) < 10
    assert sum(lost) > 0


def test_damage_that_is_met_while_it_is_open_is_told_and_mended_at_the_next_attempt(
    damaged: Path, filled: tuple[Path, dict[int, Message]]
) -> None:
    store = Conversations.open(damaged)
    size = damaged.stat().st_size
    for page in range(2, size // PAGE):
        overwrite(damaged, page * PAGE, b"\xa5" * PAGE)
    with pytest.raises(StoreError, match="damaged"):
        kept(store)
    assert store.listing() == [] or store.notices
    talk = Talk(store)
    message = talk.say("It goes on.")
    assert store.branch(message.id) == [message]
    assert "was damaged" in store.notices[0]
    store.close()
    check(damaged)


def test_what_is_in_the_log_is_recovered_too(damaged: Path, filled: tuple[Path, dict[int, Message]]) -> None:
    store = Conversations.open(damaged)
    talk = Talk(store, title="Only in the log")
    message = talk.say("Written last")
    copy = damaged.parent / "copy"
    copy.mkdir()
    for each in damaged.parent.glob("conversations.db*"):
        shutil.copy(each, copy)  # as it would be after the power failed
    store.close()
    for at, data in ((0, b"x" * 100), (None, b"")):
        path = copy / "conversations.db"
        if at is None:
            path.write_bytes(data)
        else:
            overwrite(path, at, data)
        kept_as_it_is = {each.name: each.read_bytes() for each in copy.iterdir()}
        recovered = Conversations.open(path)
        assert message in recovered.messages(message.conversation)
        recovered.close()
        for each in copy.iterdir():
            each.unlink()
        for name, content in kept_as_it_is.items():
            (copy / name).write_bytes(content)


@pytest.mark.parametrize("share", [0.3, 0.7, 0.95])
def test_a_truncated_file_keeps_what_is_left_of_it(
    damaged: Path, filled: tuple[Path, dict[int, Message]], share: float
) -> None:
    size = damaged.stat().st_size
    with open(damaged, "r+b") as file:
        file.truncate(int(size * share))
    store = reopened(damaged)
    assert len(list(damaged.parent.glob("*.damaged-*.db"))) == 1
    there = kept(store)
    assert len(there) > 100 * share
    # The end of a long text may be gone.
    for id_, message in there.items():
        assert filled[1][id_].text.startswith(message.text.rstrip("\ufffd"))
    store.close()
    check(damaged)


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\x00", b"\x00" * 5000, b"hello " * 10_000])
def test_a_file_with_nothing_to_read_in_it_is_set_aside(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    store = Conversations.open(path)
    assert store.listing() == []
    Talk(store).say("Hello")
    store.close()
    aside = [each.read_bytes() for each in path.parent.glob("conversations.damaged-*.db")]
    assert aside == ([content] if content else [])
    check(path)


def test_a_folder_in_its_place_is_set_aside(path: Path) -> None:
    path.mkdir(parents=True)
    (path / "precious.txt").write_text("mine")
    store = Conversations.open(path)
    assert "was a folder" in store.notices[0]
    Talk(store).say("Hello")
    store.close()
    (aside,) = path.parent.glob("conversations.damaged-*.db")
    assert (aside / "precious.txt").read_text() == "mine"


def test_a_damaged_index_is_made_anew_and_nothing_is_set_aside(damaged: Path) -> None:
    connection = sqlite3.connect(damaged, isolation_level=None)
    connection.execute("DELETE FROM words_data WHERE id > 10")
    connection.close()
    store = Conversations.open(damaged)
    with pytest.raises(StoreError, match="damaged"):
        list(store.search("question 7 nowhere"))
    assert len(list(store.search("question"))) == (CONVERSATIONS - 1) * TURNS
    assert store.notices == ()
    store.close()
    assert list(damaged.parent.glob("*.damaged*")) == []


def test_lost_rows_leave_conversations_that_can_be_read(damaged: Path) -> None:
    connection = sqlite3.connect(damaged, isolation_level=None)
    ids = [row[0] for row in connection.execute("SELECT id FROM conversations ORDER BY id")]
    connection.execute("DELETE FROM conversations WHERE id = ?", (ids[0],))
    middle = connection.execute(
        "SELECT id FROM messages WHERE conversation = ? ORDER BY id LIMIT 1 OFFSET 10", (ids[1],)
    ).fetchone()[0]
    connection.execute("DELETE FROM messages WHERE id = ?", (middle,))
    connection.close()
    overwrite(damaged, 0, b"x" * 100)
    store = Conversations.open(damaged)
    lost = store.conversation(ids[0])
    assert lost is not None
    assert lost.title == "Recovered"
    assert len(store.branch(lost.head)) == 2 * TURNS
    gap = store.conversation(ids[1])
    if gap is not None:
        assert len(store.branch(gap.head)) == 2 * TURNS - 1
    store.close()
    check(damaged)


def test_an_answer_that_was_being_written_is_interrupted_after_a_recovery(path: Path) -> None:
    store = Conversations.open(path)
    answer = Talk(store).write("Half")
    with store._database.write() as connection:
        connection.execute("UPDATE messages SET writer = 'elsewhere 1 1.0', touched = 1.0")
    store.close()
    overwrite(path, 0, b"x" * 100)
    store = Conversations.open(path)
    assert store.branch(answer.id)[-1].ended is Ended.INTERRUPTED
    store.close()


def test_on_a_network_file_system_there_is_no_shared_memory(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tui.store import database

    monkeypatch.setattr(database, "network_file_system", lambda _: "nfs4")
    store = Conversations.open(path)
    message = Talk(store).say("Hello")
    assert "network file system (nfs4)" in store.notices[0]
    assert [each.name for each in path.parent.iterdir() if each.suffix != ".lock"] == ["conversations.db"]
    assert store.branch(message.id) == [message]
    store.close()
    monkeypatch.undo()
    # Moved to a disk of this machine: as any other.
    store = Conversations.open(path)
    assert store.notices == ()
    assert store.branch(message.id) == [message]
    store.close()


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/home/me/.config", ""),
        ("/home/me/nas/ovchat", "nfs4"),
        ("/home/me/nas", "nfs4"),
        ("/home/me/nasty", ""),
        ("/mnt/win/x", "9p"),
        ("/mnt/ssh/x/y", "fuse.sshfs"),
    ],
)
def test_the_kind_of_file_system_is_that_of_the_nearest_mount(
    folder: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from psutil._ntuples import sdiskpart

    mounts = [
        ("/", "ext4"),
        ("/home", "btrfs"),
        ("/home/me/nas", "ext4"),
        ("/home/me/nas", "nfs4"),
        ("/mnt/win", "9p"),
        ("/mnt/ssh", "fuse.sshfs"),
    ]
    monkeypatch.setattr(
        network.psutil, "disk_partitions", lambda all: [sdiskpart("dev", at, type_, "rw") for at, type_ in mounts]
    )
    assert network.network_file_system(Path(folder)) == kind


@pytest.mark.skipif(os.name != "posix", reason="files of that kind")
@pytest.mark.timeout(20)  # else it would wait for one that writes
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_a_pipe_or_a_device_in_its_place_is_named_and_stays(path: Path, kind: str) -> None:
    path.parent.mkdir()
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(os.devnull)
    with pytest.raises(StoreError, match=f"it is a {kind}, not a file; put a file in its place, or remove it"):
        Conversations.open(path)
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    path.unlink()
    Conversations.open(path).close()
