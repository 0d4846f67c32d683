"""Drafts: each process has its own, and none is lost with its process."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from subprocess import Popen

import pytest

from tests.store.conftest import start
from tests.store.talk import Talk
from tui.store.conversations import Conversations

TYPE = """
import sys, time
from pathlib import Path
from tui.store.conversations import Conversations
store = Conversations.open(Path(sys.argv[1]))
store.save_draft(*sys.argv[2:4])
if sys.argv[4:]:
    store.give_up_drafts()
print("saved", flush=True)
time.sleep(600)
"""

Type = Callable[..., Popen[str]]


@pytest.fixture
def elsewhere(path: Path) -> Iterator[Type]:
    """Types in another process, which then stays until it is killed."""
    processes = []

    def type_(id: str, text: str, *gives_up: str) -> Popen[str]:
        processes.append(start(TYPE, path, id, text, *gives_up))
        assert processes[-1].stdout.readline() == "saved\n"
        return processes[-1]

    yield type_
    for each in processes:
        end(each)
        each.stdout.close()


def end(process: Popen[str]) -> None:
    process.kill()
    process.wait()


def test_drafts_are_kept_until_they_are_emptied(store: Conversations, talk: Talk) -> None:
    assert store.draft("new") == ""
    store.save_draft("new", "new one\n")
    store.save_draft(talk.id, "x" * 1_000_000)
    store.save_draft(talk.id, "half\ud83d")
    assert (store.draft("new"), store.draft(talk.id)) == ("new one\n", "half\ufffd")
    store.save_draft("new", "")
    assert store.draft("new") == ""


def test_a_process_that_goes_on_without_a_terminal_leaves_its_draft(
    store: Conversations, talk: Talk, elsewhere: Type
) -> None:
    elsewhere(talk.id, "half a thought", "gives up")
    assert store.draft(talk.id) == "half a thought"


def test_two_processes_do_not_overwrite_each_others_draft(store: Conversations, talk: Talk, elsewhere: Type) -> None:
    other = elsewhere(talk.id, "theirs")
    assert store.draft(talk.id) == ""
    store.save_draft(talk.id, "mine")
    assert store.draft(talk.id) == "mine"
    store.save_draft(talk.id, "")
    end(other)
    assert store.draft(talk.id) == "theirs"


def test_what_processes_that_are_gone_have_left_is_taken_over_once(
    store: Conversations, talk: Talk, elsewhere: Type, path: Path
) -> None:
    for text in ("one", "two", "one"):
        end(elsewhere(talk.id, text))
    assert store.draft(talk.id) == "one\n\ntwo"
    other = elsewhere("new", "of a new chat")
    assert Conversations.open(path).draft(talk.id) == "one\n\ntwo"
    store.save_draft(talk.id, "")
    assert store.draft(talk.id) == ""
    assert store.unbegun_drafts() == {}
    end(other)
    assert store.unbegun_drafts() == {"new": "of a new chat"}


def test_what_nobody_has_left_is_read_while_another_program_writes(
    store: Conversations, talk: Talk, elsewhere: Type, path: Path
) -> None:
    store.save_draft("new", "mine")
    elsewhere("other", "of a process that is there")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert (store.draft(talk.id), store.draft("other")) == ("", "")
        assert store.unbegun_drafts() == {"new": "mine"}


def test_what_a_process_that_is_gone_has_left_is_read_while_another_program_writes_and_taken_over_later(
    store: Conversations, talk: Talk, elsewhere: Type, path: Path
) -> None:
    end(elsewhere(talk.id, "half a sentence"))
    end(elsewhere("new", "of a new chat"))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert store.draft(talk.id) == "half a sentence"
        assert store.unbegun_drafts() == {"new": "of a new chat"}
    store.save_draft(talk.id, "a sentence")
    store.save_draft("new", "")
    again = Conversations.open(path)
    assert (again.draft(talk.id), again.unbegun_drafts()) == ("a sentence", {})


def test_new_chats_have_drafts_of_their_own(store: Conversations, talk: Talk, elsewhere: Type) -> None:
    store.save_draft("first", "1")
    store.save_draft("second", "2")
    end(elsewhere("third", "3"))
    store.save_draft(talk.id, "not new")
    store.save_draft("first", "1, the latest")
    assert list(store.unbegun_drafts(known={"second"}).items()) == [("third", "3"), ("first", "1, the latest")]


def test_what_was_typed_in_a_conversation_goes_with_it(store: Conversations, talk: Talk, path: Path) -> None:
    store.save_draft(talk.id, "typed")
    store.delete(talk.id)
    assert store.draft(talk.id) == "typed"
    with store._database.write() as connection:
        connection.execute("UPDATE conversations SET deleted = 1, updated = 1")
    again = Conversations.open(path)
    assert (again.draft(talk.id), again.unbegun_drafts()) == ("", {})
