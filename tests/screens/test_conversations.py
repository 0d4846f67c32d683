from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest
from textual.events import Key
from textual.widgets import Input

from tests.screens.fake_store import FakeConversations
from tests.screens.host import NOTHING_YET, listing, showing, unnamed_bindings
from tests.waiting import wait_until_async
from tui.screens import conversations
from tui.screens.conversations import ConversationsScreen
from tui.store.conversations import Conversations
from tui.store.errors import StoreError
from tui.store.records import Conversation, Message, Role
from tui.widgets.row_list import Heading

DAY = 86400.0
SIZES = [(120, 40), (80, 24), (40, 12)]


def conversation(id: str, title: str, days: float = 0.0, **fields) -> Conversation:
    return Conversation(id=id, title=title, updated=time.time() - days * DAY, **fields)


@pytest.fixture
def store() -> FakeConversations:
    return FakeConversations(
        conversation("sky", "Why is the sky blue?"),
        conversation("soup", "Potato soup", 40),
        conversation("old", "An old one", 800),
        conversation("kept", "Keep this", 100, pinned=True),
        conversation("gone", "Archived talk", 50, archived=True),
    )


def titles(app) -> list[str]:
    return [f"# {item.text}" if isinstance(item, Heading) else item.title for item in app.panel.rows.items]


async def settled(app, pilot, *keys):
    await pilot.press(*keys)
    await app.workers.wait_for_complete()
    await pilot.pause()


async def test_pinned_first_then_by_date_and_no_archived_ones(store):
    async with listing(ConversationsScreen(store, None)) as (app, _):
        shown = titles(app)
        assert shown[:4] == ["# Pinned", "Keep this", "# Today", "Why is the sky blue?"]
        assert [title for title in shown if not title.startswith("#")][2:] == ["Potato soup", "An old one"]
        assert len([title for title in shown if title.startswith("#")]) == 4


@pytest.mark.parametrize("size", SIZES)
async def test_enter_opens_the_marked_one(store, size):
    async with listing(ConversationsScreen(store, None), size) as (app, pilot):
        await pilot.press("down", "enter")
        await pilot.pause()
        assert app.answer == "sky"


async def test_the_cursor_begins_on_the_open_conversation(store):
    async with listing(ConversationsScreen(store, "soup")) as (app, _):
        assert app.panel.rows.current.id == "soup"
        (line,) = [line for line in app.text().split("\n") if "Potato soup" in line]
        assert "open" in line


async def test_the_first_ones_are_there_at_once_and_keep_the_cursor_when_all_are(monkeypatch):
    monkeypatch.setattr(conversations, "_FIRST", 3)
    store = FakeConversations(*(conversation(f"c{n}", f"Number {n}", n) for n in range(10)))
    for moved, expected in (["down"], "c1"), ([], "c7"):
        store.may_list.clear()
        first = await conversations.first_page(store)
        async with showing(ConversationsScreen(store, "c7", first=first)) as (app, pilot):
            assert [title for title in titles(app) if title[0] != "#"] == ["Number 0", "Number 1", "Number 2"]
            await pilot.press(*moved)
            store.may_list.set()
            await wait_until_async(lambda: len(app.panel.rows.items) > 10)
            await wait_until_async(lambda: "10" in app.text().split("\n")[0])
            assert app.panel.rows.current.id == expected


async def test_what_cannot_be_read_at_once_is_waited_for_in_the_panel(monkeypatch, store):
    monkeypatch.setattr(conversations, "_AT_ONCE_S", 0.01)
    going_on = threading.Event()
    listing_ = store.listing
    store.listing = lambda **which: (going_on.wait(20), listing_(**which))[1]
    assert await conversations.first_page(store) == []
    going_on.set()
    store.error = StoreError("conversations.db is locked.", "Close the other program.")
    assert await conversations.first_page(store) == []


async def test_where_not_all_are_read_yet_nothing_is_said_to_be_missing(monkeypatch, store):
    store.may_list.clear()
    first = (await conversations.first_page(store))[:2]
    async with showing(ConversationsScreen(store, None, first=first)) as (app, pilot):
        await pilot.press(*"soup")
        assert "No title" not in app.text()
        store.may_list.set()
        await wait_until_async(lambda: "Potato soup" in app.text() and "1 of 4" in app.text())


async def test_escape_answers_nothing(store):
    async with listing(ConversationsScreen(store, None)) as (app, pilot):
        await pilot.press("p", "escape", "escape")
        await pilot.pause()
        assert app.answer is None


async def test_typing_filters_by_every_word_in_any_case(store):
    async with listing(ConversationsScreen(store, None)) as (app, pilot):
        await pilot.press(*"SOUP pot")
        await pilot.pause()
        assert titles(app)[1:] == ["Potato soup"]
        assert "1 of 4" in app.text()
        await pilot.press("enter")
        await pilot.pause()
        assert app.answer == "soup"


async def test_where_nothing_matches_that_is_said_and_enter_does_nothing(store):
    async with listing(ConversationsScreen(store, None)) as (app, pilot):
        await pilot.press(*"zzz", "enter", "alt+d", "alt+p")
        await pilot.pause()
        assert app.answer is NOTHING_YET
        assert "No title has that" in app.text()
        assert len(store.kept) == 5


async def test_renaming(store):
    async with listing(ConversationsScreen(store, None)) as (app, pilot):
        await pilot.press("alt+r")
        await wait_until_async(lambda: app.screen is not app.panel)
        await pilot.pause()
        await settled(app, pilot, *"New [b]title", "enter")
        assert store.kept["kept"].title == "New [b]title"
        assert store.kept["kept"].renamed
        assert "New [b]title" in app.text()
        assert app.panel.rows.current.id == "kept"


async def test_pinning_and_unpinning_keeps_the_cursor_on_it(store):
    async with listing(ConversationsScreen(store, None)) as (app, pilot):
        await settled(app, pilot, "down", "down", "alt+p")
        assert store.kept["soup"].pinned
        assert titles(app)[:3] == ["# Pinned", "Potato soup", "Keep this"]
        assert app.panel.rows.current.id == "soup"
        await settled(app, pilot, "alt+p")
        assert not store.kept["soup"].pinned
        assert app.panel.rows.current.id == "soup"


async def test_archiving_and_back(store):
    async with listing(ConversationsScreen(store, None)) as (app, pilot):
        await settled(app, pilot, "down", "alt+a")
        assert store.kept["sky"].archived
        assert "Why is the sky blue?" not in titles(app)
        assert app.panel.rows.current.id == "soup"
        await settled(app, pilot, "alt+v")
        assert [title for title in titles(app) if title[0] != "#"] == ["Why is the sky blue?", "Archived talk"]
        await settled(app, pilot, "alt+a")
        assert not store.kept["sky"].archived
        await settled(app, pilot, "alt+v")
        assert "Why is the sky blue?" in titles(app)


async def test_deleting_and_undoing_one_after_the_other(store):
    async with listing(ConversationsScreen(store, None)) as (app, pilot):
        await settled(app, pilot, "alt+d")
        await settled(app, pilot, "alt+d")
        assert set(store.kept) == {"soup", "old", "gone"}
        assert "Alt+U" in app.text()
        await settled(app, pilot, "alt+u")
        await settled(app, pilot, "alt+u")
        assert set(store.kept) == {"sky", "soup", "old", "kept", "gone"}
        assert titles(app)[:4] == ["# Pinned", "Keep this", "# Today", "Why is the sky blue?"]
        await settled(app, pilot, "alt+u")  # nothing is left to undo


async def test_deleting_everything_leaves_a_list_that_says_so(store):
    async with listing(ConversationsScreen(store, None)) as (app, pilot):
        for _ in range(6):
            await settled(app, pilot, "alt+d")
        assert set(store.kept) == {"gone"}
        assert "no conversation yet" in app.text()


async def test_the_open_conversation_is_changed_by_its_session(store):
    changes = []

    async with listing(ConversationsScreen(store, "sky", lambda **fields: changes.append(fields))) as (app, pilot):
        await settled(app, pilot, "alt+p")
        assert changes == [{"pinned": True}]
        assert not store.kept["sky"].pinned
        assert titles(app)[1] == "Why is the sky blue?"


async def test_whether_the_open_conversation_was_deleted_is_known_afterwards(store):
    async with listing(ConversationsScreen(store, "sky")) as (app, pilot):
        await settled(app, pilot, "alt+d")
        assert "sky" not in store.kept
        assert app.panel.deleted_current
        await settled(app, pilot, "alt+u")
        assert not app.panel.deleted_current


async def test_deleting_the_open_conversation_and_closing_at_once_is_known_too(store):
    going_on = threading.Event()
    delete = store.delete

    def slow(id):
        going_on.wait(20)
        delete(id)

    store.delete = slow
    async with listing(ConversationsScreen(store, "sky")) as (app, pilot):
        await pilot.press("alt+d")
        await pilot.press("escape")
        going_on.set()
        await wait_until_async(lambda: "sky" not in store.kept)
        assert app.answer is None
        assert app.panel.deleted_current


async def test_a_change_keeps_what_another_has_changed_since(store):
    async with listing(ConversationsScreen(store, None)) as (app, pilot):
        store.kept["kept"] = replace(store.kept["kept"], head=7)
        await settled(app, pilot, "alt+p")
        assert store.kept["kept"].head == 7
        assert not store.kept["kept"].pinned


async def test_a_store_that_cannot_be_read_or_written_says_so(store):
    async with listing(ConversationsScreen(store, None)) as (app, pilot):
        store.error = StoreError("The disk is full.", "Make room.")
        await settled(app, pilot, "alt+d")
        assert "The disk is full. Make room." in app.text()
        assert "Keep this" in titles(app)
        store.error = None
        await settled(app, pilot, "alt+d")
        assert "kept" not in store.kept


async def test_a_list_that_cannot_be_read(store):
    store.error = StoreError("conversations.db cannot be read.", "")

    async with showing(ConversationsScreen(store, None)) as (app, pilot):
        await wait_until_async(lambda: "cannot be read" in app.text())
        await pilot.press("x", "alt+v", "escape", "escape")
        await pilot.pause()
        assert app.answer is None


async def test_titles_are_neither_markup_nor_obeyed():
    hostile = FakeConversations(conversation("x", "[red]a[/red]\x1b]0;owned\x07\nb"), conversation("y", ""))

    async with listing(ConversationsScreen(hostile, None)) as (app, _):
        assert "[red]a[/red]␛]0;owned␇ b" in app.text()
        assert "untitled" in app.text()


async def test_clicking_opens():
    panel = ConversationsScreen(FakeConversations(conversation("x", "One"), conversation("y", "Two", 0.001)), None)

    async with listing(panel) as (app, pilot):
        await pilot.click("RowList", offset=(5, 0))  # the heading: nothing
        await pilot.pause()
        assert app.answer is NOTHING_YET
        await pilot.click("RowList", offset=(5, 2))
        await pilot.pause()
        assert app.answer == "y"


async def test_f1_shows_the_keys_and_comes_back(store):
    async with listing(ConversationsScreen(store, None), (120, 40)) as (app, pilot):
        await pilot.press("f1")
        await pilot.pause()
        assert "Keep it on top" in app.text()
        await pilot.press("escape")
        await pilot.pause()
        assert app.screen is app.panel
        assert isinstance(app.focused, Input)


async def test_ten_thousand_can_be_walked_through():
    many = FakeConversations(*(conversation(f"c{n}", f"Number {n}", n / 10) for n in range(10_000)))

    async with listing(ConversationsScreen(many, None)) as (app, pilot):
        await pilot.press("ctrl+end")
        await pilot.pause()
        assert "Number 9999" in app.text()
        await pilot.press("pageup")
        await pilot.pause()
        assert "Number 9999" not in app.text() or app.panel.rows.current.id != "c9999"
        await pilot.press("ctrl+home")
        await pilot.pause()
        assert app.panel.rows.current.id == "c0"


async def test_with_the_real_store(tmp_path):
    store = Conversations.open(tmp_path / "conversations.db")
    for number, title in enumerate(["First", "Second"]):
        store.save(Conversation(id=f"conv{number}", title=title, created=number, updated=time.time()))
        store.save(Message(number + 1, f"conv{number}", None, Role.USER, "hello", time.time() + number))

    async with listing(ConversationsScreen(store, None)) as (app, pilot):
        assert titles(app) == ["# Today", "Second", "First"]
        await settled(app, pilot, "alt+d")
        assert store.conversation("conv1") is None
        await settled(app, pilot, "alt+u", "down", "alt+a")
        assert store.conversation("conv1") is not None
        assert store.conversation("conv0").archived
        await pilot.press("enter")
        await pilot.pause()
        assert app.answer == "conv1"
    store.close()


async def test_alt_and_a_letter_as_a_terminal_sends_it_is_a_command_and_no_text(store):
    async with listing(ConversationsScreen(store, None)) as (app, pilot):
        app.post_message(Key("alt+p", "p"))
        await pilot.pause()
        await settled(app, pilot)
        assert not store.kept["kept"].pinned
        assert app.panel.query_one(Input).value == ""


def test_every_key_has_an_id_a_label_and_a_tooltip():
    assert unnamed_bindings(ConversationsScreen) == []
