from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from tests.store.talk import FACTS, Talk
from tui.store import conversations
from tui.store.conversations import Conversations
from tui.store.errors import NotThere, StoreError
from tui.store.records import Change, Conversation, Ended, Message, Role, new_message_id


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
def test_the_database_is_the_users_alone(store: Conversations, path: Path, talk: Talk) -> None:
    talk.say("Hello")
    files = {each.name: each.stat().st_mode & 0o777 for each in path.parent.iterdir()}
    assert files["conversations.db"] == 0o600
    assert set(files.values()) == {0o600}
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_everything_of_a_conversation_comes_back(store: Conversations) -> None:
    whole = Conversation(
        "abc0123456",
        title='"Títle"\n\x00 🙂',
        renamed=True,
        created=1.5,
        updated=2.5,
        pinned=True,
        archived=True,
        model="OpenVINO/qwen3",
        system="Be brief.",
        sampling={"temperature": 0.1, "stop": ("x", "y"), "seed": None},
        head=5,
        context_start=4,
    )
    bare = Conversation("abc0123457", created=1.0, updated=1.0)
    for each in (whole, bare):
        store.save(each)
        assert store.conversation(each.id) == each
    assert store.conversation("nothing") is None


def test_everything_of_a_message_comes_back_in_the_next_process(path: Path) -> None:
    store = Conversations.open(path)
    talk = Talk(store)
    question = talk.say("Zeile 1\r\n\tZeile 2 \x00\x1b[31m 你好 🙂" + "x" * 100_000)
    answer = talk.answer(
        "…", reasoning="Hm.", ended=Ended.LENGTH, model="m", token_ids=(0, 151_643, 2**32 - 1), facts=FACTS
    )
    store.close()
    store = Conversations.open(path)
    assert store.branch(answer.id) == [question, answer]
    store.close()


def test_a_message_saved_again_is_the_new_one(talk: Talk) -> None:
    first = talk.write("Fi")
    whole = replace(first, text="Fine.", ended=Ended.STOP)
    talk.store.save(whole)
    assert talk.store.branch(first.id) == [whole]


def test_siblings_make_a_tree_and_a_branch_is_one_way_through_it(talk: Talk) -> None:
    question = talk.say("Why?")
    first, second = talk.answer("Because."), talk.answer("No idea.", parent=question.id)
    more = talk.say("Ah.")
    assert talk.store.branch(first.id) == [question, first]
    assert talk.store.branch(more.id) == [question, second, more]
    assert talk.store.branch(None) == []
    assert talk.store.branch(5) == []
    assert talk.store.messages(talk.id) == [question, first, second, more]


def test_only_what_changed_is_written_so_that_what_another_process_changed_stays(talk: Talk, path: Path) -> None:
    store = talk.store
    talk.say("Hello")
    other = Conversations.open(path)
    other.save(Change(talk.id, {"title": "Named elsewhere", "renamed": True}))
    other.close()
    store.save(Change(talk.id, {"pinned": True, "sampling": {"top_k": 5}, "updated": 1.0}))
    store.save(Change(talk.id, {"head": None}))
    assert store.conversation(talk.id) == replace(
        talk.conversation, title="Named elsewhere", renamed=True, pinned=True, sampling={"top_k": 5}, head=None
    )
    with pytest.raises(NotThere, match="not stored any more"):
        store.save(Change("nowhere", {"pinned": True}))
    with pytest.raises(TypeError):
        store.save(Change(talk.id, {"nothing": True}))


def test_something_new_said_in_a_deleted_conversation_brings_it_back_and_the_end_of_an_answer_does_not(
    talk: Talk,
) -> None:
    store = talk.store
    answer = talk.write("Ans")
    store.delete(talk.id)
    assert not store.save(replace(answer, text="Answer", ended=Ended.STOP)).came_back
    assert not store.save(Change(talk.id, {"pinned": True})).came_back
    assert store.listing() == []
    more = Message(new_message_id(), talk.id, answer.id, Role.USER, "And then?", answer.created + 1)
    assert store.save(more).came_back
    assert [each.id for each in store.listing()] == [talk.id]


def test_what_of_a_conversation_is_not_stored_is_put_back_and_what_is_stored_stays(talk: Talk, path: Path) -> None:
    question, answer = talk.say("Why?"), talk.answer("Because.")
    whole = (talk.conversation, [answer, question])  # a clock that was behind gives a parent the greater id
    talk.store.close()
    for each in path.parent.glob("conversations.db*"):
        each.unlink()
    store = Conversations.open(path)
    more = Message(new_message_id(), talk.id, answer.id, Role.USER, "More?", answer.created + 1)
    for record in (more, Change(talk.id, {"pinned": True})):
        with pytest.raises(NotThere):
            store.save(record)
    assert store.save(Change(talk.id, {"head": more.id}), more, whole=whole).put_back
    (stored,) = store.listing()
    assert store.branch(stored.head) == [question, answer, more]
    store.save(Change(talk.id, {"title": "Mine"}), replace(more, text="Even more?"))
    assert not store.save(more, whole=whole).put_back
    (stored,) = store.listing()
    assert (stored.title, store.branch(more.id)) == ("Mine", [question, answer, more])
    store.close()


def is_synced(store: Conversations) -> bool:
    """Whether what was written last waited for the disk."""
    with store._database.read() as connection:
        return connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_an_answer_that_is_written_waits_for_the_disk_now_and_then_and_all_else_always(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = talk.store
    answer = talk.write("An")
    assert is_synced(store)
    store.save(replace(answer, text="Answ"))
    assert not is_synced(store)
    monkeypatch.setattr(conversations, "_UNSYNCED_S", 0.0)
    store.save(replace(answer, text="Answer"))
    assert is_synced(store)
    monkeypatch.setattr(conversations, "_UNSYNCED_S", 3600.0)
    store.save(replace(answer, text="Answer."))
    assert not is_synced(store)
    store.save(replace(answer, text="Answer.", ended=Ended.STOP))
    assert is_synced(store)


def test_text_that_is_not_utf8_is_stored_as_far_as_it_is(talk: Talk) -> None:
    message = talk.say("a\ud83d\ude42b\udce9c")
    assert talk.store.branch(message.id)[0].text == "a🙂b\ufffdc"


def test_a_message_moves_its_conversation_forward_and_never_back(talk: Talk) -> None:
    store = talk.store
    message = talk.say("Hello")
    old = replace(talk.conversation, title="Renamed", updated=message.created - 100)
    store.save(old)
    store.save(replace(message, created=message.created - 50))
    assert store.conversation(talk.id) == replace(old, updated=message.created)


def test_a_message_without_its_conversation_or_parent_is_refused(talk: Talk) -> None:
    for stray in (
        Message(new_message_id(), "nowhere", None, Role.USER, "x", 1.0),
        Message(new_message_id(), talk.id, 5, Role.USER, "x", 1.0),
    ):
        with pytest.raises(StoreError, match="does not hold what this belongs to"):
            talk.store.save(stray)
    assert talk.store.messages(talk.id) == []


def test_dropping_an_answer_leaves_the_question_as_the_last_message(talk: Talk) -> None:
    question, answer = talk.say("Hello"), talk.write("")
    talk.store.drop_message(answer.id)
    talk.store.drop_message(answer.id)
    conversation = talk.store.conversation(talk.id)
    assert conversation is not None
    assert talk.store.branch(conversation.head) == [question]


def test_a_message_that_others_follow_is_not_dropped(talk: Talk) -> None:
    question, answer = talk.say("Hello"), talk.answer("Hi")
    talk.store.drop_message(question.id)
    assert talk.store.branch(answer.id) == [question, answer]


def test_an_answer_that_came_to_nothing_and_that_others_follow_is_not_being_written_any_more(talk: Talk) -> None:
    answer = talk.write("")
    talk.say("Another process went on from it")
    talk.store.drop_message(answer.id)
    assert talk.store.branch(answer.id) == [replace(answer, ended=Ended.CANCELLED)]


def test_what_is_saved_together_is_all_there_or_not_at_all(store: Conversations) -> None:
    conversation = Conversation("abc0123456", head=2)
    question = Message(1, conversation.id, None, Role.USER, "Why?", 1.0)
    answer = Message(2, conversation.id, 1, Role.ASSISTANT, "", 1.0, ended=Ended.WRITING)
    with pytest.raises(StoreError, match="does not hold what this belongs to"):
        store.save(conversation, question, replace(answer, parent=5))
    assert store.listing() == store.messages(conversation.id) == []
    store.save(conversation, question, answer)
    (stored,) = store.listing()
    assert store.branch(stored.head) == [question, answer]


def test_the_list_has_pinned_ones_first_then_the_newest(store: Conversations) -> None:
    for id_, updated, values in (
        ("old0", 1.0, {}),
        ("new0", 9.0, {}),
        ("pin0", 2.0, {"pinned": True}),
        ("pin1", 3.0, {"pinned": True}),
        ("arch", 5.0, {"archived": True}),
        ("gone", 8.0, {}),
    ):
        store.save(Conversation(id_, updated=updated, **values))
    store.delete("gone")
    assert [each.id for each in store.listing()] == ["pin1", "pin0", "new0", "old0"]
    assert [each.id for each in store.listing(archived=True)] == ["pin1", "pin0", "new0", "arch", "old0"]
    assert [each.id for each in store.listing(archived=True, limit=4)] == ["pin1", "pin0", "new0", "arch"]


def test_a_deleted_conversation_comes_back_whole_for_a_day(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Conversations.open(path)
    talk = Talk(store)
    message = talk.say("Hello there")
    store.save_draft(talk.id, "half a")
    store.delete(talk.id)
    assert store.conversation(talk.id) is None
    assert store.listing(archived=True) == []
    assert list(store.search("Hello")) == []
    assert store.prompts() == []
    store.close()
    store = Conversations.open(path)
    store.restore(talk.id)
    assert store.conversation(talk.id) == talk.conversation
    assert [hit.message_id for hit in store.search("Hello")] == [message.id]
    store.delete(talk.id)
    store.close()
    monkeypatch.setattr(conversations, "_KEPT_DELETED_S", -1.0)
    store = Conversations.open(path)
    with pytest.raises(StoreError, match="deleted for good"):
        store.restore(talk.id)
    assert (store.branch(message.id), store.draft(talk.id)) == ([], "")
    store.close()


def test_what_is_deleted_for_good_is_not_in_the_file_any_more(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Conversations.open(path)
    talk = Talk(store)
    talk.say("xyzzy-secret " * 2000)
    store.delete(talk.id)
    store.close()
    assert b"xyzzy-secret" in path.read_bytes()
    monkeypatch.setattr(conversations, "_KEPT_DELETED_S", -1.0)
    Conversations.open(path).close()
    assert b"xyzzy-secret" not in path.read_bytes()


def test_a_conversation_is_found_by_id_beginning_title_and_last(store: Conversations) -> None:
    for id_, title, updated in (
        ("aaaa111111", "Rivers", 1.0),
        ("aaaa222222", "Mountains of Spain", 2.0),
        ("bbbb111111", "Rivers", 3.0),
        ("last111111", "last", 0.5),
    ):
        store.save(Conversation(id_, title=title, updated=updated))
    store.save(Conversation("cccc111111", updated=9.0, archived=True))
    for reference, id_ in (
        ("aaaa111111", "aaaa111111"),
        ("AAAA2", "aaaa222222"),
        ("mountains of spain", "aaaa222222"),
        ("last", "bbbb111111"),
        ("cccc", "cccc111111"),
    ):
        assert store.find(reference).id == id_
    for reference, sentence in (
        ("aaaa", r"means 2 conversations: aaaa222222 \(Mountains of Spain\), aaaa111111 \(Rivers\)"),
        ("rivers", "means 2 conversations"),
        ("bbb", "no conversation 'bbb'"),
        ("Mountain of Spain", r"Near it: aaaa222222 \(Mountains of Spain\)"),
        ("", "no conversation ''"),
    ):
        with pytest.raises(StoreError, match=sentence):
            store.find(reference)


def test_last_needs_a_conversation(store: Conversations) -> None:
    with pytest.raises(StoreError, match="no conversation yet"):
        store.find("last")


def test_prompts_are_the_latest_first_and_each_once(store: Conversations) -> None:
    one, two = Talk(store), Talk(store)
    for talk, text in ((one, "a"), (two, "b"), (one, "a"), (one, "c"), (two, "b")):
        talk.say(text)
        talk.answer("no prompt")
    assert store.prompts() == ["b", "c", "a"]
    assert store.prompts(2) == ["b", "c"]


def test_many_threads_write_and_read_at_once(store: Conversations) -> None:
    talks = [Talk(store) for _ in range(8)]

    def work(talk: Talk) -> int:
        for number in range(15):
            talk.say(f"number {number}")
            store.listing()
        return len(list(store.search("number 14")))

    with ThreadPoolExecutor(8) as threads:
        assert max(threads.map(work, talks)) == 8
    assert [len(store.messages(talk.id)) for talk in talks] == [15] * 8


def test_nothing_is_read_or_written_after_closing(store: Conversations) -> None:
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.listing()


def test_what_fails_while_a_connection_is_lent_is_not_taken_for_the_stores_failure(store: Conversations) -> None:
    with pytest.raises(BrokenPipeError), store._database.read():
        raise BrokenPipeError
    store.save_draft("", "still there")
    assert store.draft("") == "still there"
