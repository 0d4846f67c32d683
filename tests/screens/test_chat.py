"""The chat screen as somebody uses it: keys in, and what is on the screen, in the engine's requests and on disk out."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.events import Key
from textual.pilot import Pilot
from textual.widgets import Input

from tests.chat_app import chat_app, running
from tests.scripted import ScriptedRunner
from tests.waiting import wait_until_async
from tui.app import ChatApp
from tui.chat.session import ChatSession
from tui.chat.stored import unsaved_conversations
from tui.engine.errors import DeviceNotFound, OvchatError
from tui.screens.chat import ChatScreen
from tui.screens.chat_pane import ChatPane
from tui.screens.conversations import ConversationsScreen
from tui.screens.dialogs import ChoiceDialog, TextDialog
from tui.screens.find import FindScreen
from tui.screens.overflow import OverflowScreen
from tui.screens.services import Start
from tui.store.conversations import Conversations
from tui.store.errors import StoreError
from tui.store.records import Conversation, Ended, Message, Role, new_conversation_id, new_message_id
from tui.widgets.notice import Notice
from tui.widgets.prompt import Prompt
from tui.widgets.queue import QueueStrip
from tui.widgets.status_line import StatusLine


def screen_of(app: ChatApp) -> ChatScreen:
    found = app.screen_stack[0]
    assert isinstance(found, ChatScreen)
    return found


def pane_of(app: ChatApp) -> ChatPane:
    return screen_of(app).pane


def session_of(app: ChatApp) -> ChatSession:
    return pane_of(app).session


def notice_of(app: ChatApp) -> str:
    notice = screen_of(app).query_one(Notice)
    return str(notice.content) if notice.has_class("-shown") else ""


def texts(app: ChatApp) -> list[str]:
    return [message.text for message in session_of(app).messages]


def status_of(app: ChatApp) -> str:
    return screen_of(app).query_one(StatusLine).render().plain


async def write(pilot: Pilot[None], text: str) -> None:
    pane_of(pilot.app).prompt.insert(text)  # type: ignore[arg-type]
    await pilot.press("enter")


async def ready(app: ChatApp) -> None:
    await wait_until_async(lambda: app.services.active.status.model is not None and app.services.outbox.store)
    await wait_until_async(lambda: session_of(app).runner is not None)


async def idle(app: ChatApp, messages: int) -> None:
    """No turn under way, and so many messages in the conversation."""
    await wait_until_async(
        lambda: not pane_of(app).busy and len(session_of(app).messages) == messages, what=f"{messages} messages"
    )


async def open_first(pilot: Pilot[None]) -> None:
    """Open the first conversation of the list."""
    app = pilot.app
    await pilot.press("ctrl+o")
    await wait_until_async(lambda: isinstance(app.screen, ConversationsScreen) and app.screen.rows.current)
    await pilot.press("enter")


async def test_what_is_sent_is_answered_shown_and_stored(tmp_path: Path) -> None:
    app = chat_app(tmp_path, ScriptedRunner(["It is blue."]))
    async with running(app) as pilot:
        await ready(app)
        await write(pilot, "What colour is the sky?")
        await idle(app, 2)
        assert texts(app) == ["What colour is the sky?", "It is blue."]
        assert not pane_of(app).prompt.text
        await pilot.press("ctrl+q")
    store = Conversations.open(tmp_path / "conversations.db")
    (conversation,) = store.listing()
    assert conversation.title == "What colour is the sky?"
    assert [message.text for message in store.branch(conversation.head)] == ["What colour is the sky?", "It is blue."]
    assert store.branch(conversation.head)[1].model == "scripted"


async def test_a_prompt_typed_while_the_model_loads_waits_visibly_and_is_sent_when_it_is_ready(tmp_path: Path) -> None:
    runner = ScriptedRunner(["Here I am."], load_s=0.5, loaded=False)
    app = chat_app(tmp_path, runner)
    async with running(app) as pilot:
        await write(pilot, "Are you there?")
        assert "queued: Are you there?" in str(screen_of(app).query_one(QueueStrip).content)
        await wait_until_async(lambda: "loading" in status_of(app))
        await idle(app, 2)
        assert texts(app)[1] == "Here I am."
        assert not screen_of(app).query_one(QueueStrip).has_class("-waiting")


async def test_a_message_sent_during_an_answer_waits_its_turn_and_can_be_taken_back(tmp_path: Path) -> None:
    runner = ScriptedRunner(["one two three"])
    runner.go.clear()
    app = chat_app(tmp_path, runner)
    async with running(app) as pilot:
        await ready(app)
        await write(pilot, "first")
        await wait_until_async(lambda: session_of(app).turn is not None)
        await write(pilot, "second")
        await write(pilot, "third")
        assert str(screen_of(app).query_one(QueueStrip).content).splitlines() == ["queued: second", "queued: third"]
        await pilot.press("up")
        await pilot.pause()
        assert pane_of(app).prompt.text == "third"
        runner.go.set()
        await idle(app, 4)
        assert texts(app)[2] == "second"
        assert pane_of(app).prompt.text == "third"


async def test_esc_stops_at_once_keeps_the_text_and_alt_g_goes_on_with_it(tmp_path: Path) -> None:
    runner = ScriptedRunner(["a b " + "c " * 1000, "i j k"], tokens_per_s=20)
    app = chat_app(tmp_path, runner)
    async with running(app) as pilot:
        await ready(app)
        await write(pilot, "letters")
        await wait_until_async(lambda: len(texts(app)) == 2 and "b" in texts(app)[1])
        await pilot.press("escape")
        await idle(app, 2)
        stopped = session_of(app).messages[1]
        assert stopped.ended is Ended.CANCELLED
        assert stopped.text.startswith("a b")
        await pilot.press("alt+g")
        await wait_until_async(lambda: session_of(app).messages[1].ended is Ended.STOP)
        assert session_of(app).messages[1].id == stopped.id
        assert session_of(app).messages[1].text.startswith(stopped.text)


async def test_stopped_before_the_first_word_the_question_stays_and_can_be_answered(tmp_path: Path) -> None:
    runner = ScriptedRunner(["never seen", "an answer"], prefill_s=30)
    app = chat_app(tmp_path, runner)
    async with running(app) as pilot:
        await ready(app)
        await write(pilot, "question")
        await wait_until_async(lambda: "reading" in status_of(app))
        await pilot.press("escape")
        await idle(app, 1)
        runner._prefill_s = 0.0
        await pilot.press("ctrl+r")
        await idle(app, 2)
        assert texts(app) == ["question", "an answer"]


async def test_regenerating_makes_a_version_more_and_both_can_be_reached(tmp_path: Path) -> None:
    app = chat_app(tmp_path, ScriptedRunner(["first answer", "second answer"]))
    async with running(app) as pilot:
        await ready(app)
        await write(pilot, "question")
        await idle(app, 2)
        await pilot.press("ctrl+r")
        await wait_until_async(lambda: texts(app)[1:] == ["second answer"])
        await idle(app, 2)
        await pilot.press("alt+left")
        await wait_until_async(lambda: texts(app)[1] == "first answer")
        await pilot.press("alt+right")
        await wait_until_async(lambda: texts(app)[1] == "second answer")
        seeds = {message.facts.seed for message in await _versions(app)}
        assert len(seeds) == 2


async def _versions(app: ChatApp) -> list[Message]:
    app.services.outbox.flush(5)
    store = app.services.outbox.opened()
    every = [store.message(id) for id, _ in store.tree(session_of(app).conversation.id)]
    return [message for message in every if message is not None and message.role is Role.ASSISTANT]


async def test_editing_the_last_message_makes_a_branch_and_esc_gives_the_draft_back(tmp_path: Path) -> None:
    app = chat_app(tmp_path, ScriptedRunner(["answer to the old", "answer to the new"]))
    async with running(app) as pilot:
        await ready(app)
        await write(pilot, "old")
        await idle(app, 2)
        pane_of(app).prompt.insert("a draft")
        await pilot.press("alt+e")
        assert pane_of(app).prompt.text == "old"
        await pilot.press("escape")
        assert pane_of(app).prompt.text == "a draft"
        await pilot.press("alt+e", "ctrl+a", "delete")
        pane_of(app).prompt.load("new")
        await pilot.press("enter")
        await wait_until_async(lambda: texts(app) == ["new", "answer to the new"])
        assert pane_of(app).prompt.text == "a draft"
        await pilot.press("alt+left")
        await wait_until_async(lambda: texts(app) == ["old", "answer to the old"])


async def test_an_edited_message_that_cannot_be_sent_now_stays_in_the_prompt(tmp_path: Path) -> None:
    runner = ScriptedRunner()
    app = chat_app(tmp_path, runner)
    async with running(app) as pilot:
        await ready(app)
        await write(pilot, "old")
        await idle(app, 2)
        runner.go.clear()
        await pilot.press("ctrl+r", "alt+e")
        pane_of(app).prompt.load("new")
        await pilot.press("enter")
        assert "An answer is being written" in notice_of(app)
        assert pane_of(app).prompt.text == "new"
        runner.go.set()
        await idle(app, 2)
        await pilot.press("enter")
        await wait_until_async(lambda: texts(app)[0] == "new")


async def test_a_message_of_another_branch_waits_for_the_answer_under_way(tmp_path: Path) -> None:
    runner = ScriptedRunner(["the needle", "hay"])
    app = chat_app(tmp_path, runner)
    async with running(app) as pilot:
        await ready(app)
        await write(pilot, "question")
        await idle(app, 2)
        app.services.outbox.flush(5)
        runner.go.clear()
        await pilot.press("ctrl+r")
        await pilot.press("ctrl+f", *"needle")
        await wait_until_async(lambda: isinstance(app.screen, FindScreen) and app.screen.rows.current)
        await pilot.press("enter")
        await wait_until_async(lambda: "An answer is being written" in notice_of(app))
        runner.go.set()
        await wait_until_async(lambda: texts(app) == ["question", "hay"])


async def test_what_waits_to_be_sent_is_the_draft_of_who_quits(tmp_path: Path) -> None:
    runner = ScriptedRunner()
    runner.go.clear()
    app = chat_app(tmp_path, runner)
    async with running(app) as pilot:
        await ready(app)
        await write(pilot, "first")
        await wait_until_async(lambda: session_of(app).turn is not None)
        await write(pilot, "second")
        await write(pilot, "third")
        await pilot.press(*"fourth", "ctrl+q")
        await wait_until_async(lambda: not app.is_running)
    assert len(runner.requests) == 1
    store = Conversations.open(tmp_path / "conversations.db")
    assert store.draft(store.listing()[0].id).split() == ["second", "third", "fourth"]


async def test_a_message_that_is_asked_about_is_not_lost_by_quitting(tmp_path: Path) -> None:
    app = chat_app(tmp_path, ScriptedRunner(context_limit=20))
    async with running(app) as pilot:
        await ready(app)
        await write(pilot, "word " * 40)
        await wait_until_async(lambda: isinstance(app.screen, OverflowScreen))
        await pilot.press("ctrl+q")
        await wait_until_async(lambda: not app.is_running)
    assert Conversations.open(tmp_path / "conversations.db").draft("").startswith("word word")


async def test_a_store_that_cannot_be_read_any_more_is_said_and_the_app_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(store: Conversations, id: str) -> str:
        raise StoreError("The disk does not answer.", "Look at the cable.")

    app = chat_app(tmp_path)
    async with running(app) as pilot:
        await ready(app)
        await write(pilot, "question")
        await idle(app, 2)
        monkeypatch.setattr(Conversations, "draft", fail)
        await pilot.press("ctrl+n")
        await wait_until_async(lambda: "The disk does not answer. Look at the cable." in notice_of(app))
        assert texts(app) == []


async def test_a_full_context_is_told_before_sending_with_choices(tmp_path: Path) -> None:
    runner = ScriptedRunner(["short answer"], context_limit=100)
    app = chat_app(tmp_path, runner)
    async with running(app) as pilot:
        await ready(app)
        for number in (1, 2):
            await write(pilot, f"{number}. " + "word " * 29)
            await idle(app, 2 * number)
        await write(pilot, "more " * 30)
        await wait_until_async(lambda: isinstance(app.screen, OverflowScreen))
        assert len(runner.requests) == 2
        await pilot.press("escape")
        await wait_until_async(lambda: pane_of(app).prompt.text.startswith("more"))
        await pilot.press("enter")
        await wait_until_async(lambda: isinstance(app.screen, OverflowScreen))
        await pilot.press("1")
        await idle(app, 6)
        assert not session_of(app).in_context(session_of(app).messages[0].id)
        assert not any(message["content"].startswith("1.") for message in runner.requests[-1].messages)


async def test_the_draft_is_there_again_after_a_restart(tmp_path: Path) -> None:
    app = chat_app(tmp_path)
    async with running(app) as pilot:
        await ready(app)
        pane_of(app).prompt.insert("half a thought")
        await pilot.press("ctrl+q")
    again = chat_app(tmp_path)
    async with running(again):
        await wait_until_async(lambda: pane_of(again).prompt.text == "half a thought")


async def test_what_was_sent_is_no_draft_any_more(tmp_path: Path) -> None:
    app = chat_app(tmp_path)
    async with running(app) as pilot:
        await ready(app)
        pane_of(app).prompt.insert("question")
        pane_of(app).save_draft()  # as after a pause in typing
        await pilot.press("enter")
        await idle(app, 2)
        await pilot.press("ctrl+q")
    store = Conversations.open(tmp_path / "conversations.db")
    assert store.draft("") == store.draft(store.listing()[0].id) == ""


async def test_each_conversation_keeps_its_own_draft(tmp_path: Path) -> None:
    app = chat_app(tmp_path)
    async with running(app) as pilot:
        await ready(app)
        await write(pilot, "question")
        await idle(app, 2)
        pane_of(app).prompt.insert("for the first")
        await pilot.press("ctrl+n")
        await wait_until_async(lambda: not session_of(app).messages)
        assert pane_of(app).prompt.text == ""
        app.services.outbox.flush(5)
        await open_first(pilot)
        await wait_until_async(lambda: len(texts(app)) == 2)
        assert pane_of(app).prompt.text == "for the first"


async def test_function_keys_change_temperature_and_preset_for_the_next_turn(tmp_path: Path) -> None:
    runner = ScriptedRunner()
    app = chat_app(tmp_path, runner)
    async with running(app) as pilot:
        await ready(app)
        await pilot.press("f7", "f7")
        await wait_until_async(lambda: "T 0.9" in status_of(app))
        await write(pilot, "warm")
        await idle(app, 2)
        assert runner.requests[0].sampling.temperature == pytest.approx(0.9)
        await pilot.press("f6")
        await wait_until_async(lambda: "T 0.8" in status_of(app))
        await pilot.press("f8")
        await wait_until_async(lambda: "creative" in status_of(app))
        await pilot.press("f8")
        await wait_until_async(lambda: "precise" in status_of(app))
        assert session_of(app).sampling().params.temperature == pytest.approx(0.2)


async def test_a_turn_goes_on_while_another_conversation_is_shown(tmp_path: Path) -> None:
    runner = ScriptedRunner(["a long answer to come back to"])
    runner.go.clear()
    app = chat_app(tmp_path, runner)
    async with running(app) as pilot:
        await ready(app)
        await write(pilot, "question")
        await wait_until_async(lambda: session_of(app).turn is not None)
        first = session_of(app)
        await pilot.press("ctrl+n")
        await wait_until_async(lambda: session_of(app) is not first)
        runner.go.set()
        await wait_until_async(lambda: first.turn is None)
        app.services.outbox.flush(5)
        await open_first(pilot)
        await wait_until_async(lambda: texts(app) == ["question", "a long answer to come back to"])


async def test_coming_back_to_a_running_turn_shows_all_of_it_once(tmp_path: Path) -> None:
    runner = ScriptedRunner(["one two three four five six seven eight nine ten"], tokens_per_s=8)
    app = chat_app(tmp_path, runner)
    async with running(app) as pilot:
        await ready(app)
        await write(pilot, "count")
        await wait_until_async(lambda: len(texts(app)) == 2 and "two" in texts(app)[1])
        runner.go.clear()
        first = session_of(app)
        await pilot.press("ctrl+n")
        await wait_until_async(lambda: session_of(app) is not first)
        app.services.outbox.flush(5)
        await open_first(pilot)
        await wait_until_async(lambda: session_of(app) is first)
        await wait_until_async(lambda: "two" in shown(app))
        assert shown(app).count("one") == 1
        runner.go.set()
        await idle(app, 2)
        await wait_until_async(lambda: shown(app).count("three") == 1 and "ten" in shown(app))
        assert shown(app).count("one") == 1


def shown(app: ChatApp) -> str:
    """What the terminal shows, as text."""
    return "\n".join("".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips())


async def test_an_interrupted_answer_is_reopened_and_can_be_continued(tmp_path: Path) -> None:
    store = Conversations.open(tmp_path / "conversations.db")
    id = new_conversation_id()
    question = Message(new_message_id(), id, None, Role.USER, "tell me", 1.0)
    answer = Message(
        new_message_id(), id, question.id, Role.ASSISTANT, "Once upon", 2.0, ended=Ended.INTERRUPTED, model="scripted"
    )
    store.save_conversation(Conversation(id, "tell me", created=1.0, updated=1.0))
    store.save_message(question)
    store.save_message(answer)
    store.save_conversation(Conversation(id, "tell me", created=1.0, updated=2.0, head=answer.id))
    store.close()
    app = chat_app(tmp_path, ScriptedRunner([" a time."]))
    async with running(app) as pilot:
        await wait_until_async(lambda: texts(app) == ["tell me", "Once upon"])
        await ready(app)
        await wait_until_async(lambda: "interrupted" in notice_of(app))
        await pilot.press("alt+g")
        await wait_until_async(lambda: texts(app)[1] == "Once upon a time.")


async def test_a_device_that_is_gone_leads_to_a_choice(tmp_path: Path) -> None:
    runner = ScriptedRunner(loaded=False)
    runner.load_error = DeviceNotFound("There is no device GPU here.", "There is: CPU.")
    app = chat_app(tmp_path, runner, start=Start(device="GPU"))
    async with running(app) as pilot:
        await wait_until_async(lambda: isinstance(app.screen, ChoiceDialog))
        runner.load_error = None
        await pilot.press("enter")
        await wait_until_async(lambda: app.services.active.status.model is not None)
        assert runner.loads[-1][1] == "CPU"


async def test_a_model_that_fails_is_said_with_the_next_step_and_the_app_goes_on(tmp_path: Path) -> None:
    runner = ScriptedRunner(loaded=False)
    runner.load_error = OvchatError("The weights are cut off.", "Get the model again.")
    app = chat_app(tmp_path, runner)
    async with running(app) as pilot:
        await wait_until_async(lambda: "The weights are cut off. Get the model again." in notice_of(app))
        await write(pilot, "still typing")
        assert "queued" in str(screen_of(app).query_one(QueueStrip).content)


async def test_quitting_with_something_unsaved_asks_and_saves_elsewhere(tmp_path: Path) -> None:
    def full() -> Conversations:
        raise StoreError("The disk is full.", "Free some space.")

    app = chat_app(tmp_path, ScriptedRunner(["an answer"]), open_store=full)
    async with running(app) as pilot:
        await wait_until_async(lambda: app.services.active.status.model is not None)
        await write(pilot, "question")
        await idle(app, 2)
        await wait_until_async(lambda: "not saved" in status_of(app))
        await pilot.press("ctrl+q")
        await wait_until_async(lambda: isinstance(app.screen, ChoiceDialog))
        await pilot.press("1")
        await wait_until_async(lambda: isinstance(app.focused, Input))
        await pilot.press("ctrl+a", "ctrl+k")
        app.screen.focused.insert_text_at_cursor(str(tmp_path / "rescued.json"))  # type: ignore[union-attr]
        await pilot.press("enter")
        await wait_until_async((tmp_path / "rescued.json").exists)
    assert "an answer" in (tmp_path / "rescued.json").read_text()


async def test_a_temporary_chat_leaves_nothing_behind(tmp_path: Path) -> None:
    app = chat_app(tmp_path)
    async with running(app) as pilot:
        await ready(app)
        await screen_of(app).run_action("temporary_chat")
        await wait_until_async(lambda: session_of(app).temporary)
        await write(pilot, "secret")
        await idle(app, 2)
        await pilot.press("ctrl+q")
    assert Conversations.open(tmp_path / "conversations.db").listing() == []


async def test_ctrl_c_stops_a_turn_and_quits_only_when_pressed_twice_while_idle(tmp_path: Path) -> None:
    runner = ScriptedRunner(["a " * 1000], tokens_per_s=20)
    app = chat_app(tmp_path, runner)
    async with running(app) as pilot:
        await ready(app)
        await write(pilot, "letters")
        await wait_until_async(lambda: len(texts(app)) == 2 and texts(app)[1])
        await pilot.press("ctrl+c")
        await idle(app, 2)
        assert session_of(app).messages[1].ended is Ended.CANCELLED
        await pilot.press("ctrl+c")
        assert "again" in notice_of(app)
        assert app.is_running
        await pilot.press("ctrl+c")
        await wait_until_async(lambda: not app.is_running)


async def test_ctrl_c_copies_what_is_selected_in_the_prompt(tmp_path: Path) -> None:
    app = chat_app(tmp_path)
    async with running(app) as pilot:
        await ready(app)
        await pilot.press(*"abc", "shift+left", "ctrl+c", "end", "ctrl+v")
        assert pane_of(app).prompt.text == "abcc"
        assert "clipboard" in notice_of(app)


async def test_the_prompt_never_loses_the_focus_to_a_click_on_nothing(tmp_path: Path) -> None:
    app = chat_app(tmp_path)
    async with running(app) as pilot:
        await ready(app)
        await pilot.press("shift+tab", "escape")
        assert isinstance(app.focused, Prompt)


async def test_deleting_the_conversation_that_is_open_leaves_an_empty_one(tmp_path: Path) -> None:
    app = chat_app(tmp_path)
    async with running(app) as pilot:
        await ready(app)
        await write(pilot, "question")
        await idle(app, 2)
        app.services.outbox.flush(5)
        deleted = session_of(app).conversation.id
        await pilot.press("ctrl+o")
        await wait_until_async(lambda: isinstance(app.screen, ConversationsScreen) and app.screen.rows.current)
        await pilot.press("alt+d")
        await wait_until_async(lambda: app.screen.deleted_current)  # type: ignore[attr-defined]
        await pilot.press("escape")
        await wait_until_async(lambda: session_of(app).conversation.id != deleted)
        assert not session_of(app).messages


@pytest.mark.parametrize("tokens", [0, 1, 5])
async def test_quitting_in_the_middle_of_an_answer_is_no_error(tmp_path: Path, tokens: int) -> None:
    app = chat_app(tmp_path, ScriptedRunner(["word " * 1000], tokens_per_s=50, prefill_s=0.0 if tokens else 30))

    async def quit_while_it_writes(pilot: Pilot[None]) -> None:
        await ready(app)
        await write(pilot, "question")
        await wait_until_async(lambda: session_of(app).turn and session_of(app).turn.progress().tokens >= tokens)
        await pilot.press(*"draft")
        app.exit()

    # Not `run_test`, which ends otherwise.
    await app.run_async(headless=True, size=(100, 30), auto_pilot=quit_while_it_writes)
    assert app.return_code == 0


async def test_a_code_block_is_copied_by_its_number(tmp_path: Path) -> None:
    app = chat_app(tmp_path, ScriptedRunner(["Two:\n\n```python\nprint(1)\n```\n\nand\n\n```\n  ls\n```\n"]))
    async with running(app) as pilot:
        await ready(app)
        await write(pilot, "code")
        await idle(app, 2)
        await pilot.press("alt+k")
        await wait_until_async(lambda: isinstance(app.screen, ChoiceDialog))
        await pilot.press("2")
        await wait_until_async(lambda: app.clipboard == "  ls")


@pytest.mark.parametrize(("name", "says"), [("talk.md", "Saved to"), ("no such folder/talk.md", "no such folder")])
async def test_saving_to_a_file_says_what_came_of_it(tmp_path: Path, name: str, says: str) -> None:
    app = chat_app(tmp_path)
    async with running(app) as pilot:
        await ready(app)
        await write(pilot, "question")
        await idle(app, 2)
        await pilot.press("alt+s")
        await wait_until_async(lambda: isinstance(app.focused, Input))
        app.focused.value = str(tmp_path / name)  # type: ignore[union-attr]
        await pilot.press("enter")
        await wait_until_async(lambda: says in notice_of(app))


@pytest.mark.parametrize("key", ["ctrl+r", "alt+r", "alt+left", "alt+right"])
@pytest.mark.parametrize("steps", [(), ("up",)])
async def test_a_chosen_message_can_be_replaced_by_another_version(
    tmp_path: Path, key: str, steps: tuple[str, ...]
) -> None:
    app = chat_app(tmp_path, ScriptedRunner(["one", "two", "three"]))
    async with running(app) as pilot:
        await ready(app)
        await write(pilot, "question")
        await idle(app, 2)
        await pilot.press("ctrl+r")
        await wait_until_async(lambda: texts(app)[1:] == ["two"])
        await idle(app, 2)
        await pilot.press("shift+tab", *steps, key)
        await pilot.pause()
        await idle(app, 2)
        assert app.is_running


async def test_the_palette_finds_an_action_by_what_it_does(tmp_path: Path) -> None:
    app = chat_app(tmp_path)
    async with running(app) as pilot:
        await ready(app)
        await pilot.press("ctrl+p", *"another title")
        await wait_until_async(lambda: "Rename conversation" in shown(app))


async def test_an_answer_that_is_complete_says_so_when_it_is_to_go_on(tmp_path: Path) -> None:
    app = chat_app(tmp_path)
    async with running(app) as pilot:
        await ready(app)
        await write(pilot, "question")
        await idle(app, 2)
        await pilot.press("alt+g")
        await wait_until_async(lambda: "complete" in notice_of(app))


async def test_several_waiting_messages_are_taken_back_one_after_the_other(tmp_path: Path) -> None:
    runner = ScriptedRunner(["answer"])
    runner.go.clear()
    app = chat_app(tmp_path, runner)
    async with running(app) as pilot:
        await ready(app)
        for text in ("first", "second", "third"):
            await write(pilot, text)
        await wait_until_async(lambda: pane_of(app).prompt.queued == 2)
        await pilot.press("up", "up")
        await pilot.pause()
        assert pane_of(app).prompt.text == "second\nthird"
        assert not pane_of(app).prompt.queued


async def test_what_is_typed_in_a_new_chat_stays_when_another_new_chat_is_asked_for_at_once(tmp_path: Path) -> None:
    app = chat_app(tmp_path)
    async with running(app) as pilot:
        await ready(app)
        pane_of(app).prompt.insert("half a thought")
        before = session_of(app)
        await pilot.press("ctrl+n")
        await wait_until_async(lambda: session_of(app) is not before)
        assert pane_of(app).prompt.text == "half a thought"


async def test_an_edit_that_is_not_sent_is_in_the_draft(tmp_path: Path) -> None:
    app = chat_app(tmp_path)
    async with running(app) as pilot:
        await ready(app)
        await write(pilot, "old")
        await idle(app, 2)
        await pilot.press("alt+e", *" and new")
        await pilot.press("alt+e")
        assert pane_of(app).prompt.text == "old and new"
        edited = session_of(app).conversation.id
        await pilot.press("ctrl+n")
        await wait_until_async(lambda: session_of(app).conversation.id != edited)
        app.services.outbox.flush(5)
        assert app.services.outbox.opened().draft(edited) == "old and new"


async def test_enter_in_a_box_takes_what_was_typed_before_it_in_one_burst(tmp_path: Path) -> None:
    app = chat_app(tmp_path)
    async with running(app) as pilot:
        await ready(app)
        await write(pilot, "question")
        await idle(app, 2)
        await screen_of(app).run_action("rename")
        await wait_until_async(lambda: isinstance(app.screen, TextDialog) and isinstance(app.focused, Input))
        for key in (*"XY", "enter"):
            app.post_message(Key(key, key if len(key) == 1 else None))
        await wait_until_async(lambda: session_of(app).conversation.title == "XY")


async def test_sampling_values_that_do_not_go_together_stop_nothing(tmp_path: Path) -> None:
    app = chat_app(tmp_path, user={"sampling.min_tokens": 100, "sampling.max_tokens": 10})
    async with running(app) as pilot:
        await ready(app)
        await write(pilot, "question")
        await idle(app, 2)
        assert "do not go together" in notice_of(app)


async def test_quitting_twice_asks_once(tmp_path: Path) -> None:
    def full() -> Conversations:
        raise StoreError("The disk is full.", "Free some space.")

    app = chat_app(tmp_path, open_store=full)
    async with running(app) as pilot:
        await wait_until_async(lambda: app.services.active.status.model is not None)
        await write(pilot, "question")
        await idle(app, 2)
        await pilot.press("ctrl+q", "ctrl+q")
        await wait_until_async(lambda: isinstance(app.screen, ChoiceDialog))
        await pilot.press("ctrl+q")
        await pilot.press("2")
        await wait_until_async(lambda: len(app.screen_stack) == 1)
        assert app.is_running


async def test_a_draft_that_could_not_be_saved_comes_back_and_is_rescued(tmp_path: Path) -> None:
    def full() -> Conversations:
        raise StoreError("The disk is full.", "Free some space.")

    app = chat_app(tmp_path, open_store=full)
    async with running(app):
        await wait_until_async(lambda: app.services.outbox.trouble is not None)
        pane_of(app).prompt.insert("half a thought")
        pane_of(app).save_draft()
        ((conversation, (message,)),) = unsaved_conversations(app.services.outbox)
        assert message.text == "half a thought"
        assert conversation.head == message.id
