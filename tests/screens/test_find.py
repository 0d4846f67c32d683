from __future__ import annotations

import time
from dataclasses import replace

import pytest

from tests.screens.fake_store import FakeConversations
from tests.screens.host import NOTHING_YET, showing, unnamed_bindings
from tests.waiting import wait_until_async
from tui.screens.find import FindScreen, _snippet
from tui.store.conversations import Conversations
from tui.store.errors import StoreError
from tui.store.records import Conversation, Message, Role
from tui.store.search import Hit

SIZES = [(120, 40), (80, 24), (40, 12)]


@pytest.fixture
def store() -> FakeConversations:
    fake = FakeConversations()
    fake.texts = [("c1", 11, "The quick brown fox"), ("c2", 22, "A slow fox"), ("c2", 21, "Nothing of the kind")]
    return fake


def styles_of(app, word: str) -> set[str]:
    """The text styles in which a word stands on the screen."""
    strips = app.screen._compositor.render_strips()
    return {str(segment.style) for strip in strips for segment in strip if segment.text == word}


@pytest.mark.parametrize("size", SIZES)
async def test_results_come_while_typing_with_the_hit_marked(store, size):
    async with showing(FindScreen(store), size) as (app, pilot):
        await pilot.press(*"fox")
        await wait_until_async(lambda: "2 found" in app.text())
        assert "brown fox" in app.text()
        assert any("underline" in style for style in styles_of(app, "fox"))
        await pilot.press("down", "enter")
        await pilot.pause()
        assert app.answer == ("c2", 22)


async def test_every_letter_searches_anew_and_ends_the_search_before(store):
    store.gate.clear()

    async with showing(FindScreen(store)) as (app, pilot):
        await pilot.press("o")
        await wait_until_async(lambda: "quick" in app.text(), what="the first hit, before the search has ended")
        assert "searching" in app.text()
        await pilot.press("w")
        await pilot.pause()
        store.gate.set()
        await wait_until_async(lambda: "2 found" in app.text())
        assert [text for text, _ in store.searched] == ["o", "ow"]
        assert store.searched[0][1].is_set()
        assert not store.searched[1][1].is_set()


async def test_closing_ends_the_search(store):
    store.gate.clear()

    async with showing(FindScreen(store)) as (app, pilot):
        await pilot.press("o", "escape", "escape")
        await pilot.pause()
        assert app.answer is None
        assert store.searched[0][1].is_set()


async def test_nothing_found_and_nothing_typed(store):
    async with showing(FindScreen(store)) as (app, pilot):
        await pilot.press("enter", "down")
        assert "Type words" in app.text()
        await pilot.press(*"[b]")
        await wait_until_async(lambda: "Nothing has “[b]” in it." in app.text())
        await pilot.press("enter", "backspace", "backspace", "backspace")
        await pilot.pause()
        assert "Type words" in app.text()
        assert app.answer is NOTHING_YET
        await pilot.press(*"quick nowhere")
        await wait_until_async(lambda: "No message has all of this in it: quick nowhere" in app.text())


async def test_going_down_reads_on(store):
    store.texts = [("c", number, f"word {number}") for number in range(500)]

    async with showing(FindScreen(store)) as (app, pilot):
        await pilot.press(*"word")
        await wait_until_async(lambda: "the newest 200" in app.text())
        for expected in ("the newest 400", "500 found"):
            await pilot.press("ctrl+end")
            await wait_until_async(lambda expected=expected: expected in app.text())
        await pilot.press("ctrl+end", "enter")
        await pilot.pause()
        assert app.answer == ("c", 499)


async def test_a_store_that_fails_says_so_and_works_again(store):
    store.error = StoreError("conversations.db is locked.", "Close the other program.")

    async with showing(FindScreen(store)) as (app, pilot):
        await pilot.press("f")
        await wait_until_async(lambda: "conversations.db is locked. Close" in app.text())
        store.error = None
        await pilot.press("o")
        await wait_until_async(lambda: "2 found" in app.text())
        assert "locked" not in app.text()


def hit(text: str, *words: str) -> Hit:
    marks = tuple((text.index(word), text.index(word) + len(word)) for word in words)
    return Hit("c", "t", 1, Role.USER, 0.0, text, marks, marks[0][0])


@pytest.mark.parametrize("width", [30, 60, 100])
@pytest.mark.parametrize("before", ["", "short ", "x" * 500 + " ", "日本語の" * 50])
def test_the_first_word_is_seen_whatever_stands_before_it(width, before):
    for words in (["needle"], ["needle", "far"]):
        found = hit(f"{before}needle{' in the hay' * 20} far", *words)
        shown = _snippet("You: ", found, width).truncate(width, ellipsis=True)
        assert "needle" in shown.plain


def test_all_words_are_seen_where_there_is_room():
    found = hit("It was long before the one word that is followed by the other in a row", "one", "other")
    shown = [_snippet("", found, width).truncate(width, ellipsis=True).plain for width in (60, 40, 30)]
    assert shown[0] == "…was long before the one word that is followed by the other…"
    assert shown[1] == "…one word that is followed by the other…"
    assert shown[2] == "…g before the one word that i…"


def test_a_word_before_the_place_makes_no_room_for_itself():
    text = "one and more before it and one with the other in a row"
    marks = tuple((text.index(word), text.index(word) + len(word)) for word in ("one and", "one with", "other"))
    found = replace(hit(text, "one"), marks=marks, place=marks[1][0])
    shown = _snippet("", found, 30).truncate(30, ellipsis=True).plain
    assert shown == "…re it and one with the other…"


def test_every_word_is_marked_and_control_characters_are_shown():
    shown = _snippet("", hit("a b \x1b[31m c [b]", "b", "c"), 60)
    assert shown.plain == "a b ␛[31m c [b]"
    assert [shown.plain[span.start : span.end] for span in shown.spans if "bold" in str(span.style)] == ["b", "c"]


async def test_with_the_real_store(tmp_path):
    store = Conversations.open(tmp_path / "conversations.db")
    store.save(Conversation(id="conv0", title="Käse", created=1.0, updated=1.0))
    store.save(Message(1, "conv0", None, Role.USER, "Was ist 敬語?", time.time()))
    store.save(Message(2, "conv0", 1, Role.ASSISTANT, "Höfliche Sprache, 100% [b]höflich[/b].", time.time()))

    async with showing(FindScreen(store)) as (app, pilot):
        await pilot.press(*"höflich")
        await wait_until_async(lambda: "1 found" in app.text())
        assert "Käse" in app.text()
        await pilot.press(*["backspace"] * 7, "敬", "語")
        await wait_until_async(lambda: "Was ist" in app.text() and "1 found" in app.text())
        await pilot.press("enter")
        await pilot.pause()
        assert app.answer == ("conv0", 1)
    store.close()


def test_every_key_has_an_id_a_label_and_a_tooltip():
    assert unnamed_bindings(FindScreen) == []
