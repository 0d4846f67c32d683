from __future__ import annotations

import itertools
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.store.talk import Talk
from tests.store.test_durability import check
from tui.store import indexing
from tui.store import search as search_module
from tui.store.conversations import Conversations
from tui.store.query import Query
from tui.store.records import Conversation, Ended, Message, Role
from tui.store.search import Hit


def marked(hit: Hit) -> list[str]:
    return [hit.text[begin:end] for begin, end in hit.marks]


def found(store: Conversations, text: str) -> list[list[str]]:
    return [marked(hit) for hit in store.search(text)]


@pytest.fixture(params=["read", "looked up", "not indexed"])
def way(request: pytest.FixtureRequest, store: Conversations, monkeypatch: pytest.MonkeyPatch) -> str:
    """How a message is found that is not the newest: among the newest, by the index, or where that does not reach."""
    if request.param != "read":
        monkeypatch.setattr(search_module, "_WINDOW", 1)
    if request.param == "not indexed":
        with store._database.write() as connection:
            indexing.forget(connection)
    return str(request.param)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(
    ("text", "typed", "match"),
    [
        ("The quick brown fox", '"QUICK b"', ["quick b"]),
        ("The quick brown fox", "fox quick", ["quick", "fox"]),
        ("The quick brown fox", "row the ox", ["The", "row", "ox"]),
        ("The quick brown fox", "fo", ["fo"]),
        ("The quick brown fox", "x", ["x"]),
        ("Über Äpfel und ŁÓDŹ", '"über ä"', ["Über Ä"]),
        ("Über Äpfel und ŁÓDŹ", "łódź ÜBER", ["Über", "ŁÓDŹ"]),
        ("Über Äpfel", "Ä", ["Ä"]),
        ("ÄPFEL", "äp", ["ÄP"]),
        ("Привет, мир", "ПРИВЕТ", ["Привет"]),
        ("你好,世界。今天天气很好", "今天天气", ["今天天气"]),
        ("你好,世界。今天天气很好", "天气 世界", ["世界", "天气"]),
        ("你好,世界", "世界", ["世界"]),
        ("日本語のテキスト", "本", ["本"]),
        ("日本語のテキスト", "ト", ["ト"]),
        ("100% sure, _really_", "100%", ["100%"]),
        ("100% sure, _really_", "_r", ["_r"]),
        ("100% sure", "%", ["%"]),
        ('She said "no" AND left', 'and "no"', ["no", "AND"]),
        ('She said "no" AND left', 'left "she sai', ["She sai", "left"]),
        ('She said "no" AND left', '"', ['"', '"']),
        ('She said "no" AND left', 'o"', ['o"']),
        ("a NEAR(b, 2) OR c*", '"near(b, 2) or c*"', ["NEAR(b, 2) OR c*"]),
        ("it's 🙂🙃 fine", "🙂🙃", ["🙂🙃"]),
        ("it's 🙂🙃 fine", "🙂", ["🙂"]),
        ("x = [a-z]+(.*)?\\d", "[a-z]+(.*)?\\d", ["[a-z]+(.*)?\\d"]),
        ("a^b -c:d", '"^b -c:"', ["^b -c:"]),
        ("one\n  two", '"one two"', ["one two"]),
        ("one\n  two", "one\n  two", ["one", "two"]),
        ("ends in ab", "ab", ["ab"]),
        ("ends in b", "b", ["b"]),
        ("long " + "x" * 500, "x" * 500, ["x" * 160]),
    ],
)
def test_every_word_is_found_as_plain_text_in_any_case(talk: Talk, text: str, typed: str, match: list[str]) -> None:
    talk.say("something else: 100 ureally, qui row no")
    talk.say(text)
    talk.say("§§§")
    assert found(talk.store, typed) == [match]


@pytest.mark.usefixtures("way")
def test_the_words_of_a_phrase_stay_together_and_all_words_are_wanted(talk: Talk) -> None:
    talk.say("the river bank")
    talk.say("a bank at the river")
    talk.say("the bank")
    talk.say("§§§")
    assert found(talk.store, "river bank") == [["bank", "river"], ["river", "bank"]]
    assert found(talk.store, '"river bank"') == [["river bank"]]
    assert found(talk.store, '"river bank" the') == [["the", "river bank"]]
    assert found(talk.store, "ba ri") == [["ba", "ri"], ["ri", "ba"]]


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("typed", ["", " ", "\n\t ", "nowhere", "zz", "\x00", "a\x00b", "a\ud83d", '""', "hello zz"])
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
    assert marked(hit) == ["NEEDLE"]
    assert hit.text[hit.place :].startswith("NEEDLE")
    assert "before the NEEDLE after" in hit.text
    assert hit.text.startswith("…")
    assert hit.text.endswith("…")
    assert len(hit.text) < 220
    (short,) = talk.store.search("before")
    assert short.text.startswith("…")


def test_the_place_is_the_first_that_has_the_most_words(talk: Talk) -> None:
    talk.say("red " * 50 + "green " * 50 + "a red one, a green one and a blue one" + " red" * 50 + " blue green red")
    (hit,) = talk.store.search("green blue red")
    assert hit.text[hit.place :].startswith("red one, a green one and a blue one")
    assert marked(hit).count("blue") == 1
    (hit,) = talk.store.search("red")
    assert hit.text.startswith("red red")
    assert hit.place == 0
    (hit,) = talk.store.search('blue "green red"')
    assert marked(hit)[-2:] == ["blue", "green red"]


def test_a_short_message_is_shown_whole(talk: Talk) -> None:
    talk.say("  Is it here?  ")
    (hit,) = talk.store.search("here")
    assert (hit.text, marked(hit)) == ("Is it here?", ["here"])


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("typed", ["same", "sa"])
def test_the_newest_come_first_over_all_conversations(store: Conversations, typed: str) -> None:
    talks = [Talk(store), Talk(store)]
    ids = [talk.say(f"the same {number}").id for number in range(250) for talk in talks]
    talks[0].say("something else")
    assert [hit.message_id for hit in store.search(typed)] == ids[::-1]


@pytest.mark.parametrize("typed", ["needle", "nee", "dl", "⚓", "飞鸟", '飞 "a needle"'])
def test_what_is_seldom_is_looked_up_and_not_read(talk: Talk, typed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = talk.say("a needle ⚓ 飞鸟").id
    talk.store.add(Conversation("many000000"), [message(number) for number in range(1000)])
    read: list[str] = []
    excerpt = Query.excerpt

    def counted(query: Query, text: str) -> Any:
        read.append(text)
        return excerpt(query, text)

    monkeypatch.setattr(Query, "excerpt", counted)
    assert [hit.message_id for hit in talk.store.search(typed)] == [wanted]
    assert len(read) == search_module._WINDOW + 1


def message(number: int) -> Message:
    return Message(2**62 + number, "many000000", None, Role.USER, f"There is nothing in {number}", 2e9)


def test_archived_conversations_are_searched(talk: Talk) -> None:
    talk.say("hidden treasure")
    talk.change(archived=True)
    assert found(talk.store, "treasure") == [["treasure"]]


def test_an_answer_is_found_while_it_is_written_and_when_it_has_ended(talk: Talk) -> None:
    store = talk.store
    answer = talk.write("The river Dan")
    assert found(store, "river") == [["river"]]
    assert found(store, "ri") == [["ri"]]
    store.save(replace(answer, text="The river Danube", ended=Ended.LENGTH))
    assert found(store, "danube") == [["Danube"]]
    store.save(replace(answer, text="The river Danube fl", ended=Ended.WRITING))
    assert found(store, "danube") == [["Danube"]]
    store.save(replace(answer, text="The river flows", ended=Ended.STOP))
    assert found(store, "danube") == []
    assert found(store, "flows") == [["flows"]]
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
    check(path)


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
