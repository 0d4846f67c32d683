"""A full conversation goes on in a new one that begins with a summary of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.screens.host import unnamed_bindings
from tests.screens.using import Chat, OpenChat
from tests.scripted import ScriptedRunner
from tui.engine.errors import OvchatError
from tui.engine.generate import GenerationRequest
from tui.screens.dialogs import ConfirmDialog, Lines
from tui.screens.overflow import OverflowScreen
from tui.screens.summary import SummaryScreen

LIMIT = 240


def answers(request: GenerationRequest) -> Any:
    asked = request.messages[-1]["content"]
    return "It was about\n\nnumbers and words." if "Write a summary" in asked else "short answer"


async def full(chat: Chat, runner: ScriptedRunner, exchanges: int = 2) -> None:
    """Two long questions; then there is no room for a third. The panel is open, the model held."""
    for number in range(exchanges):
        await chat.write(f"{number + 1}. " + "word " * 60)
        await chat.idle(2 * number + 2)
    assert runner.model is not None
    runner.model.context_limit = LIMIT  # type: ignore[misc]
    await chat.write("more " * 100)
    await chat.panel(OverflowScreen)
    runner.go.clear()
    await chat.press("3")


async def written(chat: Chat, runner: ScriptedRunner) -> SummaryScreen:
    """The panel, once the model has written."""
    runner.go.set()
    panel: SummaryScreen = await chat.panel(SummaryScreen)
    await chat.until(lambda: not panel.query_one(Lines).read_only)
    return panel


async def test_the_message_is_asked_after_the_summary_and_the_old_conversation_stays(opened: OpenChat) -> None:
    runner = ScriptedRunner(answers)
    async with opened(runner) as chat:
        await full(chat, runner)
        before, said = chat.session, chat.session.messages
        panel = await written(chat, runner)
        assert panel.query_one(Lines).text == "It was about\n\nnumbers and words."
        await chat.press("enter")
        await chat.until(lambda: chat.session is not before)
        await chat.idle(3)
        summary, asked, answer = chat.texts
        assert summary.endswith("so far:\n\nIt was about\n\nnumbers and words.")
        assert asked.startswith("more more")
        assert answer == "short answer"
        assert [each["role"] for each in runner.requests[-1].messages] == ["user"]
        assert "numbers and words.\n\nmore more" in runner.requests[-1].messages[0]["content"]
        assert before.messages == said
        assert not chat.prompt.text
        chat.app.services.outbox.flush(5)
        store = chat.app.services.outbox.opened()
        titles = [each.title for each in store.listing()]
        assert titles == [f"{before.conversation.title} (continued)", before.conversation.title]
        assert [each.text for each in store.messages(chat.session.conversation.id)] == chat.texts


async def test_it_is_shown_while_it_is_written_can_be_stopped_and_changed(opened: OpenChat) -> None:
    runner = ScriptedRunner(["short answer", "short answer", "It was " * 500], tokens_per_s=20)
    async with opened(runner) as chat:
        await full(chat, runner)
        runner.go.set()
        panel: SummaryScreen = await chat.panel(SummaryScreen)
        area = panel.query_one(Lines)
        await chat.until(lambda: area.text.startswith("It was"))
        assert area.read_only
        await chat.press("enter", "x")  # nothing yet
        await chat.press("escape")
        await chat.until(lambda: not area.read_only)
        assert chat.app.screen is panel
        await chat.press(*" mine", "ctrl+j", *"too")
        assert area.text.endswith(" mine\ntoo")
        text = area.text
        before = chat.session
        await chat.press("enter")
        await chat.until(lambda: chat.session is not before)
        await chat.until(lambda: chat.session.messages)
        assert chat.texts[0].endswith(text)


async def test_back_means_back_to_the_prompt(opened: OpenChat) -> None:
    runner = ScriptedRunner(answers)
    async with opened(runner) as chat:
        await full(chat, runner)
        before = chat.session
        await written(chat, runner)
        await chat.press("escape")
        await chat.until(lambda: chat.prompt.text.startswith("more"))
        assert chat.session is before
        assert len(before.messages) == 4
        chat.app.services.outbox.flush(5)
        assert len(chat.app.services.outbox.opened().listing()) == 1


async def test_an_edited_message_is_asked_after_a_summary_of_what_was_before_it(opened: OpenChat) -> None:
    runner = ScriptedRunner(answers)
    async with opened(runner) as chat:
        for number in (1, 2):
            await chat.write(f"{number}. " + "word " * 60)
            await chat.idle(2 * number)
        assert runner.model is not None
        runner.model.context_limit = LIMIT  # type: ignore[misc]
        before = chat.session
        await chat.press("alt+e")
        chat.prompt.load("edited " * 160)
        await chat.press("enter")
        await chat.panel(OverflowScreen)
        await chat.press("3")
        await written(chat, runner)
        asked = " ".join(each["content"] for each in runner.requests[-1].messages)
        assert "1. word" in asked
        assert "2. word" not in asked
        await chat.press("enter")
        await chat.until(lambda: chat.session is not before)
        await chat.idle(3)
        assert chat.texts[1].startswith("edited")
        assert len(before.messages) == 4


async def test_one_that_became_too_long_is_asked_about_again(opened: OpenChat) -> None:
    runner = ScriptedRunner(answers)
    async with opened(runner) as chat:
        await full(chat, runner)
        before = chat.session
        panel = await written(chat, runner)
        panel.query_one(Lines).load_text("long " * 200)
        await chat.press("enter")
        await chat.panel(OverflowScreen)
        await chat.press("1")
        await chat.until(lambda: chat.session is not before)
        await chat.idle(3)
        assert not chat.session.in_context(chat.session.messages[0].id)


async def test_an_empty_one_is_no_summary_and_a_failure_is_told(opened: OpenChat) -> None:
    def fails(request: GenerationRequest) -> Any:
        return OvchatError("It broke.", "Mend it.") if "Write a summary" in str(request.messages) else "short answer"

    runner = ScriptedRunner(fails)
    async with opened(runner) as chat:
        await full(chat, runner)
        panel = await written(chat, runner)
        await chat.until(lambda: "It broke. Mend it." in chat.shown)
        await chat.press("enter")
        assert chat.app.screen is panel
        await chat.press(*"my own", "enter")
        await chat.idle(3)
        assert chat.texts[0].endswith("my own")


async def test_a_temporary_one_is_asked_about_and_the_new_one_is_not_stored_either(opened: OpenChat) -> None:
    runner = ScriptedRunner(answers)
    async with opened(runner) as chat:
        await chat.screen.run_action("temporary_chat")
        await chat.until(lambda: chat.session.temporary)
        await full(chat, runner)
        await chat.panel(ConfirmDialog)
        await chat.press("y")
        await written(chat, runner)
        await chat.press("enter")
        await chat.idle(3)
        assert chat.session.temporary
        chat.app.services.outbox.flush(5)
        assert not chat.app.services.outbox.opened().listing()


async def test_quitting_while_it_is_written_loses_nothing(opened: OpenChat) -> None:
    runner = ScriptedRunner(answers)
    async with opened(runner) as chat:
        await full(chat, runner)
        await chat.panel(SummaryScreen)
        await chat.press("ctrl+q")
        await chat.until(lambda: not chat.app.is_running)


def test_its_keys_have_names() -> None:
    assert not unnamed_bindings(SummaryScreen)


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 12)])
async def test_it_fits_on_small_terminals(opened: OpenChat, size: tuple[int, int]) -> None:
    runner = ScriptedRunner(answers)
    async with opened(runner, size=size) as chat:
        await full(chat, runner)
        await written(chat, runner)
        shown = await chat.still()
        assert "numbers and words." in shown
        assert "Use it" in shown
