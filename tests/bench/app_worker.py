"""The programs in the pty of `tests.bench.app`: the app on a scripted engine, and what it is compared with.

Run as `python -m tests.bench.app_worker KIND HISTORY REPORT`. What was measured inside is written to REPORT as JSON.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil
from textual.app import App, ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Markdown, Static

from tests.bench.answer_tokens import answer_tokens

TOKENS, PER_SECOND = 600, 60.0
TURNS = 200
QUESTION = "Say something about foxes, lists and circles."
READY, ENDED = "READY", "ENDED"  # titles of the terminal: not drawn, and seen in the bytes
_ENDED = "ended"


class Cpu:
    """CPU seconds of this process since the beginning, and of its threads by name, those in ticks of 10 ms."""

    def __init__(self) -> None:
        self._began, self._all = self._now(), time.process_time()

    def since(self) -> dict[str, float]:
        total, now = time.process_time() - self._all, self._now()
        threads = {name: seconds - self._began.get(name, 0.0) for name, seconds in now.items() if name != _ENDED}
        # A turn's thread ends with it.
        return {**threads, "turn": max(0.0, total - sum(threads.values())), "all": total}

    @staticmethod
    def _now() -> dict[str, float]:
        names = {thread.native_id: thread.name for thread in threading.enumerate()}
        seconds: dict[str, float] = {}
        for each in psutil.Process().threads():
            name = names.get(each.id, _ENDED)
            seconds[name] = seconds.get(name, 0.0) + each.user_time + each.system_time
        return seconds


def tell(title: str) -> None:
    """Set the terminal's title, behind whatever is on its way to it."""
    os.write(sys.__stderr__.fileno(), f"\x1b]2;{title}\x07".encode())  # type: ignore[union-attr]


def empty() -> None:
    """The smallest app, with everything imported that the real one shows with."""
    import tui.app  # noqa: F401

    class Empty(App[None]):
        def compose(self) -> ComposeResult:
            yield Static("Enter sends")

    Empty().run()


def plain_markdown(report: Path, *, tables: bool = False) -> None:
    """Textual's own Markdown, fed through its own stream."""

    class Plain(App[None]):
        def compose(self) -> ComposeResult:
            with VerticalScroll():
                yield Markdown()

        def on_mount(self) -> None:
            self.query_one(VerticalScroll).anchor()
            self.run_worker(self._stream())

        async def _stream(self) -> None:
            await asyncio.sleep(1.0)
            stream = Markdown.get_stream(self.query_one(Markdown))
            loop, cpu = asyncio.get_running_loop(), Cpu()
            began = loop.time()
            tell(READY)
            for number, token in enumerate(answer_tokens(TOKENS, tables=tables)):
                await stream.write(token)
                await asyncio.sleep(max(0.0, began + (number + 1) / PER_SECOND - loop.time()))
            await stream.stop()
            report.write_text(json.dumps({"cpu_s": cpu.since(), "tokens": TOKENS, "seconds": loop.time() - began}))
            tell(ENDED)
            self.exit()

    Plain().run()


def app(
    history: int,
    report: Path,
    drive: Callable[[App[None]], Awaitable[object]],
    per_second: float | None,
    *,
    tables: bool = False,
) -> None:
    """The real app, with so many messages before it, driven from inside or by keys."""
    from tests.chat_app import chat_app
    from tests.scripted import ScriptedRunner
    from tui.screens.services import Start
    from tui.store.conversations import Conversations
    from tui.store.records import Conversation, Message, Role, new_message_id
    from tui.terminal.link import link

    answer = "".join(answer_tokens(TOKENS if per_second else 60, tables=tables))
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        if history:
            store, parent = Conversations.open(home / "conversations.db"), None
            conversation = Conversation("aaaaaaaaaa", "History", created=1.0, updated=1.0)
            store.save(conversation)
            for number in range(history):
                role = (Role.USER, Role.ASSISTANT)[number % 2]
                text = "".join(answer_tokens(150))
                message = Message(new_message_id(), conversation.id, parent, role, text, 1.0 + number, model="scripted")
                store.save(message)
                parent = message.id
            store.save(Conversation("aaaaaaaaaa", "History", created=1.0, updated=9.0, head=parent))
            store.close()
        runner = ScriptedRunner([answer], tokens_per_s=per_second, context_limit=10_000_000)
        runner.requests = deque(maxlen=1)  # type: ignore[assignment]  # not what it keeps for tests
        chat = chat_app(home, runner, start=Start(go_on=True) if history else None, line=link(os.environ))

        async def begin() -> None:
            screen = chat.screen_stack[0]
            while not (screen.session.runner is not None and len(screen.session.messages) == history):  # type: ignore[attr-defined]
                await asyncio.sleep(0.05)
            await asyncio.sleep(1.0)  # what opening costs is over
            report.write_text(json.dumps(await drive(chat)))
            tell(ENDED)

        chat.call_later(lambda: chat.run_worker(begin(), group="bench"))
        chat.run()
        chat.services.active.close()
        chat.services.outbox.close()


async def stream(chat: App[None]) -> object:
    """One answer: CPU of each thread from its question to its end."""
    screen = chat.screen_stack[0]
    loop, session = asyncio.get_running_loop(), screen.session  # type: ignore[attr-defined]
    before = len(session.messages)
    idle, began = Cpu(), loop.time()
    await asyncio.sleep(1.0)
    idle_cpu, idle_s = idle.since()["all"], loop.time() - began
    tell(READY)
    screen.pane.prompt.insert(QUESTION)  # type: ignore[attr-defined]
    screen.pane.prompt.action_send()  # type: ignore[attr-defined]
    cpu, began = Cpu(), loop.time()
    while not (len(session.messages) == before + 2 and session.turn is None and not screen.pane.busy):  # type: ignore[attr-defined]
        await asyncio.sleep(0.1)
    seconds = loop.time() - began
    tokens = session.messages[-1].facts.usage["completion_tokens"]
    return {"cpu_s": cpu.since(), "tokens": tokens, "seconds": seconds, "idle_cpu_per_s": idle_cpu / idle_s}


async def still(chat: App[None]) -> object:
    """Nothing, for as long as it is looked at from outside."""
    tell(READY)
    await asyncio.Event().wait()
    return None


async def many_turns(chat: App[None]) -> object:
    """Memory, after every tenth turn."""
    screen, own = chat.screen_stack[0], psutil.Process()
    rss: dict[int, int] = {}
    for turn in range(1, TURNS + 1):
        screen.pane.prompt.insert(f"{QUESTION} {turn}")  # type: ignore[attr-defined]
        screen.pane.prompt.action_send()  # type: ignore[attr-defined]
        while screen.pane.busy or len(screen.session.messages) < 2 * turn:  # type: ignore[attr-defined]
            await asyncio.sleep(0.01)
        if turn % 10 == 0:
            gc.collect()
            rss[turn] = own.memory_info().rss
    return {"rss": rss, "widgets": len(chat.screen.query("*")), "objects": len(gc.get_objects())}


def main() -> None:
    kind, history, report = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    match kind:
        case "empty":
            empty()
        case "markdown":
            plain_markdown(report)
        case "stream":
            app(history, report, stream, PER_SECOND)
        case "tables":
            app(history, report, stream, PER_SECOND, tables=True)
        case "plain tables":
            plain_markdown(report, tables=True)
        case "still":
            app(history, report, still, None)
        case "turns":
            app(history, report, many_turns, None)


if __name__ == "__main__":
    main()
