"""A turn, as somebody at the keyboard sees it: sent, answered, stopped, gone on with, copied, saved."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.command import CommandList
from textual.events import Key
from textual.pilot import Pilot
from textual.widgets import Input

from tests.chat_app import chat_app
from tests.screens.using import Chat, OpenChat
from tests.scripted import ScriptedRunner
from tui.screens.dialogs import ChoiceDialog, TextDialog
from tui.screens.palette import Palette
from tui.screens.services import Start
from tui.store.conversations import Conversations
from tui.store.records import Conversation, Ended, Message, Role, new_conversation_id, new_message_id
from tui.widgets.prompt import Prompt


async def test_what_is_sent_is_answered_shown_and_stored(opened: OpenChat, tmp_path: Path) -> None:
    async with opened(ScriptedRunner(["It is blue."])) as chat:
        await chat.write("What colour is the sky?")
        await chat.idle(2)
        assert chat.texts == ["What colour is the sky?", "It is blue."]
        assert not chat.prompt.text
        await chat.press("ctrl+q")
    store = Conversations.open(tmp_path / "conversations.db")
    (conversation,) = store.listing()
    assert conversation.title == "What colour is the sky?"
    assert [message.text for message in store.branch(conversation.head)] == ["What colour is the sky?", "It is blue."]
    assert store.branch(conversation.head)[1].model == "scripted"


async def test_a_prompt_typed_while_the_model_loads_waits_visibly_and_is_sent_when_it_is_ready(
    opened: OpenChat,
) -> None:
    runner = ScriptedRunner(["Here I am."], load_s=0.5, loaded=False)
    async with opened(runner, ready=False) as chat:
        await chat.write("Are you there?")
        assert chat.queued == ["queued: Are you there?"]
        await chat.until(lambda: "loading" in chat.status)
        await chat.idle(2)
        assert chat.texts[1] == "Here I am."
        assert not chat.queued


async def test_esc_stops_at_once_keeps_the_text_and_alt_g_goes_on_with_it(opened: OpenChat) -> None:
    runner = ScriptedRunner(["a b " + "c " * 1000, "i j k"], tokens_per_s=20)
    async with opened(runner) as chat:
        await chat.write("letters")
        await chat.until(lambda: len(chat.texts) == 2 and "b" in chat.texts[1])
        await chat.press("escape")
        await chat.idle(2)
        stopped = chat.session.messages[1]
        assert stopped.ended is Ended.CANCELLED
        assert stopped.text.startswith("a b")
        await chat.press("alt+g")
        await chat.until(lambda: chat.session.messages[1].ended is Ended.STOP)
        assert chat.session.messages[1].id == stopped.id
        assert chat.session.messages[1].text.startswith(stopped.text)


async def test_stopped_before_the_first_word_the_question_stays_and_can_be_answered(opened: OpenChat) -> None:
    runner = ScriptedRunner(["never seen", "an answer"], prefill_s=30)
    async with opened(runner) as chat:
        await chat.write("question")
        await chat.until(lambda: "reading" in chat.status)
        await chat.press("escape")
        await chat.idle(1)
        runner._prefill_s = 0.0
        await chat.press("ctrl+r")
        await chat.idle(2)
        assert chat.texts == ["question", "an answer"]


async def test_an_answer_that_is_complete_says_so_when_it_is_to_go_on(opened: OpenChat) -> None:
    async with opened() as chat:
        await chat.write("question")
        await chat.idle(2)
        await chat.press("alt+g")
        await chat.until(lambda: "complete" in chat.notice)


async def test_ctrl_c_stops_a_turn_and_quits_only_when_pressed_twice_while_idle(opened: OpenChat) -> None:
    runner = ScriptedRunner(["a " * 1000], tokens_per_s=20)
    async with opened(runner) as chat:
        await chat.write("letters")
        await chat.until(lambda: len(chat.texts) == 2 and chat.texts[1])
        await chat.press("ctrl+c")
        await chat.idle(2)
        assert chat.session.messages[1].ended is Ended.CANCELLED
        await chat.press("ctrl+c")
        assert "again" in chat.notice
        assert chat.app.is_running
        await chat.press("ctrl+c")
        await chat.until(lambda: not chat.app.is_running)


async def test_ctrl_c_copies_what_is_selected_in_the_prompt(opened: OpenChat) -> None:
    async with opened() as chat:
        await chat.press(*"abc", "shift+left", "ctrl+c", "end", "ctrl+v")
        assert chat.prompt.text == "abcc"
        await chat.until(lambda: "1 character was sent to the terminal." in chat.notice)


async def test_the_prompt_never_loses_the_focus_to_a_click_on_nothing(opened: OpenChat) -> None:
    async with opened() as chat:
        await chat.press("shift+tab", "escape")
        assert isinstance(chat.app.focused, Prompt)


@pytest.mark.parametrize("tokens", [0, 1, 5])
async def test_quitting_in_the_middle_of_an_answer_is_no_error(tmp_path: Path, tokens: int) -> None:
    app = chat_app(tmp_path, ScriptedRunner(["word " * 1000], tokens_per_s=50, prefill_s=0.0 if tokens else 30))

    async def quit_while_it_writes(pilot: Pilot[None]) -> None:
        chat = Chat(app, pilot)
        await chat.ready()
        await chat.write("question")
        await chat.until(lambda: chat.session.turn and chat.session.turn.progress().tokens >= tokens)
        await chat.press(*"draft")
        app.exit()

    # Not `run_test`, which ends otherwise.
    await app.run_async(headless=True, size=(100, 30), auto_pilot=quit_while_it_writes)
    assert app.return_code == 0


async def test_a_code_block_is_copied_by_its_number(opened: OpenChat) -> None:
    async with opened(ScriptedRunner(["Two:\n\n```python\nprint(1)\n```\n\nand\n\n```\n  ls\n```\n"])) as chat:
        await chat.write("code")
        await chat.idle(2)
        await chat.press("alt+k")
        await chat.until(lambda: isinstance(chat.app.screen, ChoiceDialog))
        await chat.press("2")
        await chat.until(lambda: chat.app.clipboard == "  ls")


@pytest.mark.parametrize(("name", "says"), [("talk.md", "Saved to"), ("no such folder/talk.md", "no such folder")])
async def test_saving_to_a_file_says_what_came_of_it(opened: OpenChat, tmp_path: Path, name: str, says: str) -> None:
    async with opened() as chat:
        await chat.write("question")
        await chat.idle(2)
        await chat.press("alt+s")
        await chat.until(lambda: isinstance(chat.app.focused, Input))
        chat.app.focused.value = str(tmp_path / name)  # type: ignore[union-attr]
        await chat.press("enter")
        await chat.until(lambda: says in chat.notice)


async def test_the_palette_is_a_panel_like_the_others(opened: OpenChat) -> None:
    async with opened(size=(80, 24)) as chat:
        await chat.press("ctrl+p")
        await chat.until(lambda: isinstance(chat.app.screen, Palette))
        await chat.until(lambda: "Write the prompt in" in chat.shown)
        rows = chat.shown.splitlines()
        assert rows[0].strip() == "All actions"
        assert rows[2].strip() == "Search for commands…"
        assert rows[4].split() == ["Stop"]


async def test_the_palette_finds_an_action_by_what_it_does(opened: OpenChat) -> None:
    async with opened() as chat:
        await chat.press("ctrl+p", *"another title")
        await chat.until(lambda: "Rename conversation" in chat.shown)


@pytest.mark.parametrize("key", ["pageup", "pagedown"])
async def test_a_page_in_the_palette_where_there_is_no_room_for_its_list_is_nothing(opened: OpenChat, key: str) -> None:
    async with opened() as chat:
        for size in ((1, 1), (10, 3), (3, 10), (80, 24)):
            chat.app.action_command_palette()
            await chat.until(lambda: chat.app.screen.query(CommandList))
            commands = chat.app.screen.query_one(CommandList)
            await chat.until(lambda commands=commands: commands.option_count > 5)
            await chat.press("down", "down")
            await chat.resize(*size)
            await chat.press(key, "escape")
            await chat.until(lambda: chat.app.screen is chat.screen)


@pytest.mark.parametrize("key", ["pageup", "pagedown"])
async def test_a_page_in_the_palette_before_it_is_there_is_nothing(opened: OpenChat, key: str) -> None:
    async with opened() as chat:
        chat.app.action_command_palette()
        await chat.until(lambda: chat.app.screen.query(CommandList))
        palette = chat.app.screen
        assert isinstance(palette, Palette)
        command_list = palette.query_one(CommandList)
        command_list.add_option("too early")
        await palette.run_action(f"command_list('page_{key.removeprefix('page')}')")
        await chat.until(lambda: command_list.option_count > 5)
        await chat.press(key, "escape")


async def test_enter_in_a_box_takes_what_was_typed_before_it_in_one_burst(opened: OpenChat) -> None:
    async with opened() as chat:
        await chat.write("question")
        await chat.idle(2)
        await chat.screen.run_action("rename")
        await chat.until(lambda: isinstance(chat.app.screen, TextDialog) and isinstance(chat.app.focused, Input))
        for key in (*"XY", "enter"):
            chat.app.post_message(Key(key, key if len(key) == 1 else None))
        await chat.until(lambda: chat.session.conversation.title == "XY")


async def test_an_interrupted_answer_is_reopened_and_can_be_continued(opened: OpenChat, tmp_path: Path) -> None:
    store = Conversations.open(tmp_path / "conversations.db")
    id = new_conversation_id()
    question = Message(new_message_id(), id, None, Role.USER, "tell me", 1.0)
    answer = Message(
        new_message_id(), id, question.id, Role.ASSISTANT, "Once upon", 2.0, ended=Ended.INTERRUPTED, model="scripted"
    )
    store.save(Conversation(id, "tell me", created=1.0, updated=1.0))
    store.save(question)
    store.save(answer)
    store.save(Conversation(id, "tell me", created=1.0, updated=2.0, head=answer.id))
    store.close()
    async with opened(ScriptedRunner([" a time."]), ready=False) as chat:
        await chat.until(lambda: chat.texts == ["tell me", "Once upon"])
        await chat.ready()
        await chat.until(lambda: "interrupted" in chat.notice)
        await chat.press("alt+g")
        await chat.until(lambda: chat.texts[1] == "Once upon a time.")


@pytest.mark.parametrize("ended", [Ended.INTERRUPTED, Ended.STOP])
async def test_mistakes_in_the_settings_are_told_with_whatever_the_start_comes_back_to(
    opened: OpenChat, tmp_path: Path, ended: Ended
) -> None:
    store = Conversations.open(tmp_path / "conversations.db")
    id = new_conversation_id()
    question = Message(new_message_id(), id, None, Role.USER, "tell me", 1.0)
    answer = Message(new_message_id(), id, question.id, Role.ASSISTANT, "Once upon", 2.0, ended=ended, model="scripted")
    values = {"system": "Be brief.", "model": "other", "created": 1.0, "updated": 2.0}
    store.save(Conversation(id, "tell me", **values))
    store.save(question)
    store.save(answer)
    store.save(Conversation(id, "tell me", **values, head=answer.id))
    store.close()
    start = Start(go_on=True, notices=["line 2: top_k is -1."])
    user = {"appearance.theme": "zz", "keys.chat.regenerate": ["ctrl+n"]}
    async with opened(start=start, user=user, ready=False) as chat:
        chat.pane.say_all(["told before it is there"])
        await chat.until(lambda: chat.texts == ["tell me", "Once upon"])
        await chat.ready()
        told = ["told before", "There is no theme zz", "Ctrl+N is the key for", "line 2: top_k is -1."]
        told += ["This answer was interrupted"] if ended is Ended.INTERRUPTED else []
        await chat.until(lambda: all(each in chat.notice for each in told), "all of it")
