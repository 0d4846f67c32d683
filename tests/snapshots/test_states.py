"""Each visual state of the app against its picture."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tests.chat_app import chat_app
from tests.scripted import ScriptedRunner
from tests.snapshots.picture import compare
from tests.snapshots.talk import MARKDOWN, Talk, failed, stopped, thought
from tests.waiting import wait_until_async
from tui.app import ChatApp
from tui.chat.turn import Turn, TurnProgress
from tui.engine.reasoning import Channel
from tui.screens.chat import ChatScreen
from tui.screens.conversations import ConversationsScreen
from tui.screens.find import FindScreen
from tui.screens.overflow import OverflowScreen
from tui.screens.services import Start
from tui.store.records import Role

SIZES = [(120, 40), (80, 24), (40, 12)]
LAST = Start(go_on=True)


class Day(date):
    """It is the day of the stored talks."""

    @classmethod
    def today(cls) -> date:
        return date(2025, 10, 9)


class Gate(threading.Event):
    """Lets so many tokens through; then it is closed."""

    def __init__(self, tokens: int) -> None:
        super().__init__()
        self.left = tokens

    def wait(self, timeout: float | None = None) -> bool:
        if self.left > 0:
            self.left -= 1
            return True
        return super().wait(timeout)


@pytest.fixture(autouse=True)
def _same_time_everywhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("tui.screens.conversations.date", Day)
    monkeypatch.setattr("tui.screens.find.date", Day)
    progress = Turn.progress

    def steady(turn: Turn) -> TurnProgress:
        now = progress(turn)
        return replace(now, tokens_per_s=41.5 if now.tokens else 0.0, reasoning_s=2.0)

    monkeypatch.setattr(Turn, "progress", steady)
    monkeypatch.setenv("TZ", "UTC")
    if hasattr(time, "tzset"):
        time.tzset()
    yield
    monkeypatch.undo()
    if hasattr(time, "tzset"):
        time.tzset()


@asynccontextmanager
async def shown(
    home: Path,
    size: tuple[int, int],
    runner: ScriptedRunner | None = None,
    start: Start | None = None,
    user: Mapping[str, object] | None = None,
) -> AsyncIterator[Pilot[None]]:
    """The app, ready; nothing in it moves by itself."""
    runner = runner or ScriptedRunner()
    app = chat_app(home, runner, start=start, user=user)
    app.animation_level = "none"
    try:
        async with app.run_test(size=size) as pilot:
            await wait_until_async(lambda: app.services.outbox.store is not None)
            if start is not None:
                await wait_until_async(lambda: chat_of(app).session.messages, what="the conversation")
            if runner._load_s == 0:
                await wait_until_async(lambda: chat_of(app).session.runner is not None, what="the model")
            yield pilot
            app.workers.cancel_all()  # what runs would look for widgets that are taken down
    finally:
        runner.close()
        app.services.active.close()
        app.services.outbox.close()


def app_of(pilot: Pilot[None]) -> ChatApp:
    assert isinstance(pilot.app, ChatApp)
    return pilot.app


def chat_of(app: ChatApp) -> ChatScreen:
    chat = app.screen_stack[0]
    assert isinstance(chat, ChatScreen)
    return chat


async def write(pilot: Pilot[None], text: str) -> None:
    chat_of(app_of(pilot)).pane.prompt.insert(text)
    await pilot.press("enter")


async def panel(pilot: Pilot[None], kind: type) -> None:
    await wait_until_async(lambda: isinstance(pilot.app.screen, kind), what=kind.__name__)
    for box in pilot.app.screen.query(Input):
        box.cursor_blink = False


def sized(name: str, size: tuple[int, int]) -> str:
    return f"{name}-{size[0]}x{size[1]}"


@pytest.mark.parametrize("size", SIZES)
async def test_empty(tmp_path: Path, size: tuple[int, int]) -> None:
    async with shown(tmp_path, size) as pilot:
        await compare(app_of(pilot), sized("empty", size), tmp_path)


@pytest.mark.parametrize("size", SIZES[1:])
async def test_a_model_that_loads_and_a_prompt_that_waits_for_it(
    tmp_path: Path, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shown(tmp_path, size, ScriptedRunner(load_s=9000, loaded=False)) as pilot:
        app = app_of(pilot)
        clock = SimpleNamespace(monotonic=lambda: app.services.active.status.began + 2)
        monkeypatch.setattr("tui.screens.chat_status.time", clock)
        await write(pilot, "Are you there?\nAnd what are you?")
        await compare(app, sized("loading", size), tmp_path)


@pytest.mark.parametrize("size", SIZES)
async def test_streaming_inside_a_code_fence(tmp_path: Path, size: tuple[int, int]) -> None:
    runner = ScriptedRunner([MARKDOWN])
    runner.go = Gate(70)
    async with shown(tmp_path, size, runner) as pilot:
        await write(pilot, "How does a **binary** search work?")
        await wait_until_async(lambda: runner.go.left == 0)
        await compare(app_of(pilot), sized("streaming-fence", size), tmp_path)


async def test_thinking_while_it_runs(tmp_path: Path) -> None:
    runner = ScriptedRunner([[(Channel.REASONING, "Let me see. " * 20), (Channel.ANSWER, "So.")]])
    runner.go = Gate(1)  # with more, how long it takes is said
    async with shown(tmp_path, SIZES[1], runner) as pilot:
        await write(pilot, "Think!")
        await wait_until_async(lambda: runner.go.left == 0)
        await compare(app_of(pilot), "thinking-running", tmp_path)


@pytest.mark.parametrize("state", ["folded", "open"])
async def test_thinking(tmp_path: Path, state: str) -> None:
    talk = Talk(tmp_path, "Search")
    talk.ask("How does a binary search work?", "It halves what is left.", **thought())
    talk.close()
    async with shown(tmp_path, SIZES[1], start=LAST) as pilot:
        if state == "open":
            await pilot.press("f9")
        await compare(app_of(pilot), f"thinking-{state}", tmp_path)


@pytest.mark.parametrize("size", SIZES)
async def test_an_answer_with_everything_in_it(tmp_path: Path, size: tuple[int, int]) -> None:
    talk = Talk(tmp_path, "Search")
    talk.ask("How does a binary search work?\n\nWith code, please.", MARKDOWN)
    talk.close()
    async with shown(tmp_path, size, start=LAST) as pilot:
        await compare(app_of(pilot), sized("markdown", size), tmp_path)


@pytest.mark.parametrize(("name", "ending"), [("stopped", stopped), ("error", failed)])
@pytest.mark.parametrize("size", SIZES[1:])
async def test_an_answer_that_did_not_end_by_itself(
    tmp_path: Path, name: str, ending: Callable[[], dict[str, object]], size: tuple[int, int]
) -> None:
    talk = Talk(tmp_path, "Search")
    talk.ask("How does a binary search work?", "It halves what is", **ending())
    talk.close()
    async with shown(tmp_path, size, start=LAST) as pilot:
        await compare(app_of(pilot), sized(name, size), tmp_path)


async def test_siblings(tmp_path: Path) -> None:
    talk = Talk(tmp_path, "Search")
    question = talk.add(Role.USER, "How does a binary search work?")
    for answer in ("It halves.", "It halves what is left.", "Look at the middle, go on in one half."):
        talk.add(Role.ASSISTANT, answer, parent=question)
    talk.close()
    async with shown(tmp_path, SIZES[1], start=LAST) as pilot:
        await pilot.press("alt+left")
        await wait_until_async(lambda: "left" in chat_of(app_of(pilot)).session.messages[-1].text)
        await compare(app_of(pilot), "siblings", tmp_path)


async def test_messages_out_of_context(tmp_path: Path) -> None:
    talk = Talk(tmp_path, "Search")
    talk.ask("What is a list?", "Values in a row.")
    talk.ask("What is a search?", "Finding one of them.")
    talk.update(context_start=3)
    talk.close()
    async with shown(tmp_path, SIZES[1], start=LAST) as pilot:
        await compare(app_of(pilot), "out-of-context", tmp_path)


@pytest.mark.parametrize("size", SIZES[1:])
async def test_a_message_that_does_not_fit(tmp_path: Path, size: tuple[int, int]) -> None:
    talk = Talk(tmp_path, "Search")
    talk.ask("word " * 30, "An answer.")
    talk.ask("word " * 20, "Another one.")
    talk.close()
    async with shown(tmp_path, size, ScriptedRunner(context_limit=120), LAST) as pilot:
        await write(pilot, "more " * 40)
        await panel(pilot, OverflowScreen)
        await compare(app_of(pilot), sized("overflow", size), tmp_path)


def many_talks(home: Path) -> None:
    titles = [
        ("Search", "How does a binary search work?", 0.1),
        ("Soup", "What belongs into a soup of potatoes?", 1),
        ("東京の天気", "東京の天気はどうですか？", 3),
        ("[bold]not bold[/bold]", "Is [red]this[/red] red, or a search?", 6),
        ("A title that is much too long to be shown in one line of any terminal, however wide", "Long?", 40),
        ("An old one", "Do you remember the old search?", 400),
    ]
    for number, (title, question, days) in enumerate(titles):
        talk = Talk(home, title, days, id=f"{'abcdef'[number]}aaaaaaaaa", first=100 - 10 * number)
        talk.ask(question, f"About {title}: it depends.")
        talk.update(pinned=number == 1)
        talk.close()


@pytest.mark.parametrize("size", SIZES)
async def test_the_list_of_conversations(tmp_path: Path, size: tuple[int, int]) -> None:
    many_talks(tmp_path)
    async with shown(tmp_path, size, start=LAST) as pilot:
        await pilot.press("ctrl+o")
        await panel(pilot, ConversationsScreen)
        await compare(app_of(pilot), sized("conversations", size), tmp_path)


@pytest.mark.parametrize("size", SIZES)
async def test_search(tmp_path: Path, size: tuple[int, int]) -> None:
    many_talks(tmp_path)
    async with shown(tmp_path, size, start=LAST) as pilot:
        await pilot.press("ctrl+f")
        await panel(pilot, FindScreen)
        await pilot.press(*"search")
        await compare(app_of(pilot), sized("search", size), tmp_path)


async def test_help(tmp_path: Path) -> None:
    async with shown(tmp_path, SIZES[1]) as pilot:
        await pilot.press("f1")
        await compare(app_of(pilot), "help", tmp_path)
