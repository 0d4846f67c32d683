"""A process that holds conversations with a scripted engine, to be killed: `python -m tests.chat.writer DATABASE`.

For every line "begin" on standard input it forks a child that holds one. The child says on standard output, a line
each: its process id, what it asked once the engine began, and how much of the answer it was shown, each with the time.
A line "end" is answered with "ended": after that, nothing more comes of a child that is dead.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import NoReturn

from tests.scripted import ScriptedRunner
from tui.chat.outbox import Outbox
from tui.chat.session import ChatSession
from tui.engine.events import PrefillProgress, TextDelta
from tui.store.conversations import Conversations

WORDS = " ".join(f"word{number}" for number in range(60))


def say(*what: object) -> None:
    os.write(1, (" ".join(map(str, what)) + "\n").encode())


def hold(path: Path) -> NoReturn:
    outbox = Outbox(lambda: Conversations.open(path))
    session = ChatSession(outbox=outbox, runner=ScriptedRunner([WORDS], tokens_per_s=150, prefill_s=0.1))
    say("began", os.getpid(), session.conversation.id)
    while True:
        question = f"question-{len(session.messages)}"
        shown = 0
        asked = False
        for event in session.ask(question):
            if isinstance(event, PrefillProgress) and not asked:
                assert outbox.trouble is None, outbox.trouble
                say("asked", time.monotonic(), question)
                asked = True
            elif isinstance(event, TextDelta):
                shown += len(event.text)
                say("shown", time.monotonic(), question, shown)


def main() -> None:
    path = Path(sys.argv[1])
    # A killed child is gone at once: nobody waits for it.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        if line == "end\n":
            say("ended")
        elif os.fork() == 0:
            hold(path)


if __name__ == "__main__":
    main()
