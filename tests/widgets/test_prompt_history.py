"""The walk through earlier messages."""

from __future__ import annotations

from tui.widgets.prompt_history import PromptHistory


def filled() -> PromptHistory:
    history = PromptHistory()
    history.fill(["b", "a"])
    return history


def walk(history: PromptHistory, start: str, steps: str) -> str:
    """Where `steps`, up and down, lead from `start`."""
    text = start
    for step in steps:
        found = history.older(text) if step == "u" else history.newer(text)
        text = text if found is None else found
    return text


def test_the_walk_has_two_ends() -> None:
    assert walk(filled(), "draft", "u") == "b"
    assert walk(filled(), "draft", "uuuu") == "a"
    assert walk(filled(), "draft", "uuuudddd") == "draft"
    assert PromptHistory().older("draft") is None


def test_changes_on_the_way_stay_until_something_is_sent() -> None:
    history = filled()
    assert history.older("draft") == "b"
    assert history.older("b, changed") == "a"
    assert history.newer("a") == "b, changed"
    assert history.newer("b, changed") == "draft"
    history.add("b, changed")
    assert [history.older(""), history.older("b, changed"), history.older("b")] == ["b, changed", "b", "a"]


def test_a_draft_is_left_by_sending_another_message() -> None:
    history = filled()
    assert history.older("draft") == "b"
    assert history.add("b, changed") == "draft"
    assert history.add("draft") == ""
    assert history.older("") == "draft"


def test_a_message_sent_again_moves_to_the_front() -> None:
    history = filled()
    history.add("a")
    assert [history.older(""), history.older("a"), history.older("b")] == ["a", "b", None]


def test_stored_ones_come_after_those_of_this_session_without_repeats() -> None:
    history = PromptHistory()
    history.add("new")
    assert history.older("draft") == "new"
    history.fill(["stored", "new", "stored", "  ", "older"])
    assert [history.older("new"), history.older("stored"), history.older("older")] == ["stored", "older", None]


def test_blank_messages_are_not_kept() -> None:
    history = PromptHistory()
    history.add(" \n")
    assert history.older("") is None
