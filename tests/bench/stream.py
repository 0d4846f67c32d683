"""What a streamed token costs the screen: CPU and bytes of the transcript in a pty of 120x40, following the end.

600 tokens of prose, lists and code at 60 a second, in an empty conversation, in one whose messages fill the screen (so
that every new row scrolls), and in one of 300 messages. The model is not there: this is the transcript alone.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import pty
import struct
import sys
import tempfile
import termios
import time
from pathlib import Path
from typing import Any

from textual.app import App, ComposeResult

from tests.bench.answer_tokens import answer_tokens
from tui.engine.events import TextDelta
from tui.engine.reasoning import Channel
from tui.store.records import Ended, Message, Role
from tui.widgets.message_view import MessageView
from tui.widgets.pace import Pace
from tui.widgets.transcript import Transcript

_COLUMNS, _ROWS = 120, 40
_TOKENS, _PER_SECOND = 600, 60.0
_HISTORIES = (0, 10, 300)


def run(argv: list[str]) -> list[dict[str, Any]]:
    """Measure each length of history `argv[0]` times (default 3) and print a table."""
    times = int(argv[0]) if argv else 3
    rows = [_measure(history) for _ in range(times) for history in _HISTORIES]
    print("history  CPU ms/token  draws  bytes/token  worst gap ms")
    for row in rows:
        print("{history:7}  {cpu_ms:12.2f}  {draws:5}  {bytes:11.0f}  {worst_gap_ms:12.0f}".format(**row))
    return rows


def _measure(history: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        pid, fd = pty.fork()
        if pid == 0:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor", LANG="C.UTF-8")
            os.execv(sys.executable, [sys.executable, "-m", "tests.bench.stream", str(history), str(report)])
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
        written = 0
        while True:
            try:
                data = os.read(fd, 65536)
            except OSError:  # the other end is closed
                break
            if not data:
                break
            written += len(data)
        os.waitpid(pid, 0)
        os.close(fd)
        return {"history": history, **json.loads(report.read_text()), "bytes": written / _TOKENS}


class _Bench(App[None]):
    def __init__(self, history: int, report: Path) -> None:
        super().__init__()
        self.history = history
        self.report = report

    def compose(self) -> ComposeResult:
        yield Transcript()

    def on_mount(self) -> None:
        self.run_worker(self._stream())

    async def _stream(self) -> None:
        transcript = self.query_one(Transcript)
        old = "".join(answer_tokens(150))
        roles = (Role.USER, Role.ASSISTANT)
        messages = [Message(index, "", index or None, roles[index % 2], old, 0.0) for index in range(self.history)]
        await transcript.show([MessageView(message) for message in messages])
        await asyncio.sleep(2)  # what opening costs is over
        answer = Message(self.history, "", None, Role.ASSISTANT, "", 0.0, ended=Ended.WRITING)
        box = await transcript.begin_answer(MessageView(answer))
        deltas = [TextDelta(token, (0,), Channel.ANSWER) for token in answer_tokens(_TOKENS)]
        began, cpu, fed, draws, worst = time.perf_counter(), time.process_time(), 0, 0, 0.0
        pace = Pace()
        while fed < len(deltas):
            due = min(len(deltas), int((time.perf_counter() - began) * _PER_SECOND))
            await box.feed(deltas[fed:due])
            fed, draws = due, draws + 1
            before = time.perf_counter()
            await asyncio.sleep(pace.pause)
            worst = max(worst, time.perf_counter() - before - pace.pause)
            pace.drawn()
        await asyncio.sleep(0.2)
        cpu_ms = (time.process_time() - cpu) / _TOKENS * 1000
        self.report.write_text(json.dumps({"cpu_ms": cpu_ms, "draws": draws, "worst_gap_ms": worst * 1000}))
        self.exit()


def main() -> None:
    """The program in the pty."""
    _Bench(int(sys.argv[1]), Path(sys.argv[2])).run()


if __name__ == "__main__":
    main()
