from __future__ import annotations

import itertools
import sqlite3
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from tests.store.talk import Talk
from tui.store import search as search_module
from tui.store.conversations import Conversations
from tui.store.records import Ended, Role


def found(store: Conversations, text: str) -> list[str]:
    return [hit.match for hit in store.search(text)]


@pytest.mark.parametrize(
    ("text", "typed", "match"),
    [
        ("The quick brown fox", "QUICK b", "quick b"),
        ("The quick brown fox", "fo", "fo"),
        ("Über Äpfel und ŁÓDŹ", "über ä", "Über Ä"),
        ("Über Äpfel", "Ä", "Ä"),
        ("ÄPFEL", "äp", "ÄP"),
        ("Привет, мир", "ПРИВЕТ", "Привет"),
        ("你好,世界。今天天气很好", "今天天气", "今天天气"),
        ("你好,世界", "世界", "世界"),
        ("日本語のテキスト", "本", "本"),
        ("100% sure, _really_", "100%", "100%"),
        ("100% sure, _really_", "_r", "_r"),
        ("100% sure", "%", "%"),
        ('She said "no" AND left', '"no" and', '"no" AND'),
        ("a NEAR(b, 2) OR c*", "near(b, 2) or c*", "NEAR(b, 2) OR c*"),
        ("it's 🙂🙃 fine", "🙂🙃", "🙂🙃"),
        ("it's 🙂🙃 fine", "🙂", "🙂"),
        ("x = [a-z]+(.*)?\\d", "[a-z]+(.*)?\\d", "[a-z]+(.*)?\\d"),
        ("a^b -c:d", "^b -c:", "^b -c:"),
        ("one\n  two", "one\n  two", "one two"),
    ],
)
def test_what_is_typed_is_found_as_plain_text_in_any_case(talk: Talk, text: str, typed: str, match: str) -> None:
    talk.say("something else: 100 xreally, no")
    talk.say(text)
    assert found(talk.store, typed) == [match]


@pytest.mark.parametrize("typed", ["", " ", "\n\t ", "nowhere", "zz", "\x00", "a\ud83d"])
def test_what_is_not_there_is_not_found(talk: Talk, typed: str) -> None:
    talk.say("Hello there, it is fine")
    assert found(talk.store, typed) == []


def test_a_hit_says_where_it_is_in_one_line(talk: Talk) -> None:
    talk.change(title="Rivers")
    text = "a b " * 100 + "\n\tbefore \n\n the NEEDLE\nafter" + " c d" * 100
    message = talk.answer(text)
    (hit,) = talk.store.search("needle")
    assert (hit.conversation_id, hit.title, hit.message_id, hit.role, hit.created) == (
        talk.id,
        "Rivers",
        message.id,
        Role.ASSISTANT,
        message.created,
    )
    line = hit.before + hit.match + hit.after
    assert "before the NEEDLE after" in line
    assert line.startswith("…")
    assert line.endswith("…")
    assert "\n" not in line
    assert len(line) < 200
    (short,) = talk.store.search("before")
    assert short.before.startswith("…")


def test_a_short_message_is_shown_whole(talk: Talk) -> None:
    talk.say("  Is it here?  ")
    (hit,) = talk.store.search("here")
    assert (hit.before, hit.match, hit.after) == ("Is it ", "here", "?")


@pytest.mark.parametrize("typed", ["same", "sa"])
def test_the_newest_come_first_over_all_conversations(store: Conversations, typed: str) -> None:
    talks = [Talk(store), Talk(store)]
    ids = [talk.say(f"the same {number}").id for number in range(250) for talk in talks]
    assert [hit.message_id for hit in store.search(typed)] == ids[::-1]


def test_short_text_is_looked_for_in_every_window(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_module, "_WINDOW", 3)
    ids = [talk.say("xy" if number % 4 else "no").id for number in range(20)]
    wanted = [id_ for number, id_ in enumerate(ids) if number % 4]
    assert [hit.message_id for hit in talk.store.search("xy")] == wanted[::-1]


def test_archived_conversations_are_searched(talk: Talk) -> None:
    talk.say("hidden treasure")
    talk.change(archived=True)
    assert found(talk.store, "treasure") == ["treasure"]


def test_an_answer_is_found_when_it_has_ended_and_not_while_it_goes_on(talk: Talk) -> None:
    store = talk.store
    answer = talk.write("The river Dan")
    assert found(store, "river") == found(store, "ri") == []
    store.save(replace(answer, text="The river Danube", ended=Ended.LENGTH))
    assert found(store, "danube") == ["Danube"]
    store.save(replace(answer, text="The river Danube fl", ended=Ended.WRITING))
    assert found(store, "danube") == []
    store.save(replace(answer, text="The river flows", ended=Ended.STOP))
    assert found(store, "danube") == []
    assert found(store, "flows") == ["flows"]
    store.drop_message(answer.id)
    assert found(store, "flows") == []


def test_the_index_agrees_with_the_messages(path: Path) -> None:
    store = Conversations.open(path)
    talk = Talk(store)
    for number in range(30):
        message = talk.write(f"first {number}") if number % 3 else talk.say(f"said {number}")
        store.save(replace(message, text=f"second {number}", ended=list(Ended)[number % 6]))
        if number % 5 == 0:
            talk.change(head=message.parent)
            store.drop_message(message.id)
    store.close()
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)")
    connection.close()


@pytest.mark.parametrize("typed", ["same", "sa"])
def test_hits_come_one_by_one_and_stop_when_nobody_wants_them(store: Conversations, typed: str) -> None:
    talk = Talk(store)
    for number in range(300):
        talk.say(f"the same {number}")
    cancelled = threading.Event()
    hits = store.search(typed, cancelled=cancelled)
    assert len(list(itertools.islice(hits, 3))) == 3
    talk.say("Nobody is kept from writing meanwhile.")
    cancelled.set()
    assert list(hits) == []
