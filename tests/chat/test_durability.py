"""Real processes that are killed, that share a database, and whose disk is full, read-only or broken."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.chat.writer import WORDS
from tests.scripted import ScriptedRunner
from tests.waiting import wait_until
from tui.chat.outbox import Outbox
from tui.chat.session import ChatSession
from tui.store.conversations import Conversations
from tui.store.records import Ended, Role

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="kill -9, limits and users as POSIX has them"),
]
ROOT = Path(__file__).parents[2]
MOMENTS = 50
LATEST_MOMENT = 0.7  # a turn of the writer takes 0.5 s: the second one is met, too
LOST_SECONDS = 0.25


def killed_at(moment: float, writer: subprocess.Popen[bytes]) -> tuple[str, float, list[list[str]]]:
    """Have a conversation held and killed so long after it began: its id, when it was killed, what it said."""
    assert writer.stdin is not None
    assert writer.stdout is not None
    writer.stdin.write(b"begin\n")
    writer.stdin.flush()
    _, process, conversation = writer.stdout.readline().split()
    time.sleep(moment)
    end = time.monotonic()
    os.kill(int(process), signal.SIGKILL)
    wait_until(lambda: not psutil.pid_exists(int(process)))
    writer.stdin.write(b"end\n")
    writer.stdin.flush()
    said = []
    while (line := writer.stdout.readline().decode().split()) != ["ended"]:
        said.append(line)
    return conversation.decode(), end, said


def test_killed_at_any_moment_the_prompt_is_there_and_at_most_250_ms_of_the_answer_are_lost(path: Path) -> None:
    seed = random.randrange(2**32)
    moments = random.Random(seed)
    command = [sys.executable, "-m", "tests.chat.writer", str(path)]
    offered = 0
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        for number in range(MOMENTS):
            conversation, end, said = killed_at(moments.uniform(0.0, LATEST_MOMENT), writer)
            where = f"kill {number} of seed {seed}, after {said[-1:]}"
            store = Conversations.open(path)
            try:
                found = store.conversation(conversation)
                branch = store.branch(found.head if found else None)
                stored = {each.text: each for each in branch if each.role is Role.USER}
                answers = {each.parent: each for each in branch if each.role is Role.ASSISTANT}
                for what, moment, question, *shown in said:
                    assert question in stored, where
                    if what == "shown" and float(moment) < end - LOST_SECONDS:
                        answer = answers.get(stored[question].id)
                        assert answer is not None, where
                        assert len(answer.text) >= int(shown[0]), where
                        assert WORDS.startswith(answer.text), where
                unfinished = [each for each in answers.values() if each.ended is not Ended.STOP]
                assert [each.ended for each in unfinished] in ([], [Ended.INTERRUPTED]), where
                if unfinished:
                    assert found is not None
                    assert found.head == unfinished[0].id, where
                    assert store.interrupted() is not None, where
                    offered += 1
            finally:
                store.close()
        assert writer.stdin is not None
        writer.stdin.close()
    assert offered > MOMENTS // 3  # else the moments were not where they should be


def test_an_interrupted_answer_is_gone_on_with_after_the_kill(
    path: Path, outbox: Outbox, scripted: Callable[..., ScriptedRunner]
) -> None:
    command = [sys.executable, "-m", "tests.chat.writer", str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        conversation, _, _ = killed_at(0.4, writer)
        writer.kill()
    session = ChatSession.open(outbox, conversation, runner=scripted(" and more."))
    before = session.messages[-1]
    assert before.ended is Ended.INTERRUPTED
    assert session.can_proceed(before.id)
    session.proceed().result()
    assert session.messages[-1].text == before.text + " and more."


def test_the_starter_killed_while_it_answers(path: Path) -> None:
    code = f"""
        import sys, time
        from pathlib import Path
        from tui.chat.outbox import Outbox
        from tui.chat.session import ChatSession
        from tui.engine.events import TextDelta
        from tui.engine.runner import Runner
        from tui.library.find import find_model
        from tui.store.conversations import Conversations
        runner = Runner()
        runner.load(find_model("starter"), "CPU").result()
        session = ChatSession(outbox=Outbox(lambda: Conversations.open(Path({str(path)!r}))), runner=runner)
        session.set_sampling({{"temperature": 0.0, "ignore_eos": True, "max_tokens": 900}})
        text = ""
        for event in session.ask("Tell me about yourself."):
            if isinstance(event, TextDelta):
                text += event.text
                print(time.monotonic(), len(text), flush=True)
        time.sleep(60)  # a fast machine is at the end of the answer before it is killed
    """
    for moment in (0.05, 0.2, 0.4):
        command = [sys.executable, "-c", textwrap.dedent(code)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, encoding="utf-8") as process:
            assert process.stdout is not None
            said = [process.stdout.readline()]
            time.sleep(moment)
            end = time.monotonic()
            process.kill()
            said += process.stdout.readlines()
        store = Conversations.open(path)
        question, answer = store.branch(store.listing()[0].head)
        store.close()
        assert question.text == "Tell me about yourself."
        assert answer.ended in (Ended.INTERRUPTED, Ended.LENGTH)
        certain = [int(line.split()[1]) for line in said if float(line.split()[0]) < end - LOST_SECONDS]
        assert len(answer.text) >= max(certain, default=0)


def test_two_processes_on_one_database(path: Path) -> None:
    code = f"""
        from pathlib import Path
        from tests.scripted import ScriptedRunner
        from tui.chat.outbox import Outbox
        from tui.chat.session import ChatSession
        from tui.store.conversations import Conversations
        outbox = Outbox(lambda: Conversations.open(Path({str(path)!r})))
        for _ in range(5):
            session = ChatSession(outbox=outbox, runner=ScriptedRunner(["one two three"], tokens_per_s=100))
            for number in range(4):
                session.ask(f"question {{number}}").result()
                assert outbox.trouble is None, outbox.trouble
        assert outbox.close()
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    processes = [subprocess.Popen(command, cwd=ROOT) for _ in range(2)]
    assert [process.wait(120) for process in processes] == [0, 0]
    store = Conversations.open(path)
    branches = [store.branch(each.head) for each in store.listing()]
    store.close()
    assert [len(branch) for branch in branches] == [8] * 10
    assert {each.text for branch in branches for each in branch[1::2]} == {"one two three"}


def run(code: str) -> None:
    """Run Python in a process of its own, whose limits and user it may change."""
    begin = """
        import os, resource, signal, sys, time
        from pathlib import Path
        from tests.scripted import ScriptedRunner
        from tests.waiting import wait_until
        from tui.chat.outbox import Outbox
        from tui.chat.session import ChatSession
        from tui.store.conversations import Conversations
    """
    program = textwrap.dedent(begin) + textwrap.dedent(code)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, encoding="utf-8", timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_full_disk_loses_nothing_and_is_written_when_there_is_room(path: Path) -> None:
    run(f"""
        path = Path({str(path)!r})
        outbox = Outbox(lambda: Conversations.open(path))
        answers = ["small", "x" * 2_000_000, "y" * 10_000, "z"]
        session = ChatSession(outbox=outbox, runner=ScriptedRunner(answers))
        session.ask("first").result()
        assert outbox.flush(10)
        resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, resource.RLIM_INFINITY))
        session.ask("second").result()
        wait_until(lambda: outbox.trouble)
        began = time.monotonic()
        session.ask("third").result()  # it goes on, and does not wait for the disk
        assert time.monotonic() - began < 1.5
        assert [len(each.text) for each in session.messages] == [5, 5, 6, 2_000_000, 5, 10_000]
        assert len(outbox.unsaved) >= 3, outbox.unsaved
        assert outbox.trouble.next_step, outbox.trouble
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        wait_until(lambda: outbox.trouble is None and not outbox.unsaved)
        assert ChatSession.open(outbox, session.conversation.id).messages == session.messages
        assert outbox.close()
    """)


def test_a_read_only_folder_stops_nobody_and_is_written_when_it_is_no_more(tmp_path: Path) -> None:
    # Root may write everywhere, so the process is nobody for a while, in a folder that nobody can reach.
    run("""
        import tempfile
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o555)
            root = os.geteuid() == 0
            if root:
                os.seteuid(65534)
            outbox = Outbox(lambda: Conversations.open(Path(folder) / "conversations.db"))
            session = ChatSession(outbox=outbox, runner=ScriptedRunner(["answer"]))
            session.ask("first").result()
            session.ask("second").result()
            wait_until(lambda: outbox.trouble)
            assert len(session.messages) == 4
            assert not outbox.flush(10)
            if root:
                os.seteuid(0)
            os.chmod(folder, 0o755)
            wait_until(lambda: outbox.trouble is None and not outbox.unsaved)
            assert ChatSession.open(outbox, session.conversation.id).messages == session.messages
            assert outbox.close()
    """)


def test_what_a_read_only_folder_has_is_opened_and_gone_on_with_and_written_when_it_can_be() -> None:
    run("""
        import tempfile
        from tui.chat.listed import ListedConversations
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "conversations.db"
            before = Outbox(lambda: Conversations.open(path))
            session = ChatSession(outbox=before, runner=ScriptedRunner(["answer"]))
            session.ask("old").result()
            assert before.close()
            os.chmod(path, 0o444)
            os.chmod(folder, 0o555)
            root = os.geteuid() == 0
            if root:
                os.seteuid(65534)
            outbox = Outbox(lambda: Conversations.open(path))
            listed = ListedConversations(outbox)
            assert [each.title for each in listed.listing()] == ["old"]
            assert "can be read" in outbox.notices[0], outbox.notices
            assert [hit.title for hit in outbox.opened().search("answer")] == ["old"]
            session = ChatSession.open(outbox, session.conversation.id, runner=ScriptedRunner(["more"]))
            session.ask("gone on with").result()
            other = ChatSession(outbox=outbox, runner=ScriptedRunner(["answer"]))
            other.ask("new").result()
            wait_until(lambda: outbox.trouble)
            assert "read-only" in outbox.trouble.sentence, outbox.trouble
            assert [each.title for each in listed.listing()] == ["new", "old"]
            if root:
                os.seteuid(0)
            os.chmod(folder, 0o755)
            os.chmod(path, 0o644)
            wait_until(lambda: outbox.trouble is None and not outbox.unsaved)
            assert ChatSession.open(outbox, session.conversation.id).messages == session.messages
            assert [each.title for each in outbox.opened().listing()] == ["new", "old"]
            assert outbox.close()
    """)


def test_a_corrupt_database_is_set_aside_and_the_conversation_is_stored(
    path: Path, scripted: Callable[..., ScriptedRunner]
) -> None:
    path.write_bytes(b"SQLite format 3\0" + random.Random(1).randbytes(100_000))
    outbox = Outbox(lambda: Conversations.open(path))
    session = ChatSession(outbox=outbox, runner=scripted())
    session.ask("first").result()
    wait_until(lambda: not outbox.unsaved)
    assert outbox.trouble is None
    assert outbox.opened().notices
    assert ChatSession.open(outbox, session.conversation.id).messages == session.messages
    assert outbox.close()
