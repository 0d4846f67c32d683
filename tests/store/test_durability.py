from __future__ import annotations

import random
import shutil
import sqlite3
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.store.conftest import DATABASES, check, start
from tests.store.talk import Talk
from tui import __version__
from tui.store import database, writers
from tui.store.conversations import Conversations
from tui.store.errors import StoreError
from tui.store.records import Ended

WRITER = """
import sys
from dataclasses import replace
from pathlib import Path
from tests.store.talk import Talk
from tui.store.conversations import Conversations
from tui.store.records import Ended
talk = Talk(Conversations.open(Path(sys.argv[1])))
for turn in range(10_000):
    question = talk.say(f"question {turn} " + "x" * 5000)
    print("said", question.id, flush=True)
    answer = talk.write("")
    for part in range(5):
        answer = replace(answer, text=answer.text + f" word{part}" * 200)
        talk.store.save(answer)
        print("wrote", answer.id, len(answer.text), flush=True)
    talk.store.save(replace(answer, ended=Ended.STOP))
"""


@pytest.mark.slow
def test_killed_at_any_moment_nothing_that_was_saved_is_lost(path: Path) -> None:
    moment = random.Random(5)
    for _ in range(12):
        writer = start(WRITER, path)
        assert writer.stdout is not None
        lines = [writer.stdout.readline()]
        deadline = time.monotonic() + moment.uniform(0, 0.6)
        while time.monotonic() < deadline:
            lines.append(writer.stdout.readline())
        writer.kill()
        lines += writer.stdout.read().splitlines()
        writer.wait()
        store = Conversations.open(path)
        assert store.notices == ()
        for line in lines:
            match line.split():
                case ["said", id_]:
                    assert store.branch(int(id_))[-1].text.startswith("question")
                case ["wrote", id_, length] if len(line.split()) == 3:
                    message = store.branch(int(id_))[-1]
                    assert len(message.text) >= int(length)
                    assert message.ended in (Ended.STOP, Ended.INTERRUPTED)
        store.close()
    check(path)


ONE_ANSWER = """
import sys, time
from pathlib import Path
from tests.store.talk import Talk
from tui.store.conversations import Conversations
talk = Talk(Conversations.open(Path(sys.argv[1])))
talk.say("A question")
answer = talk.write("Half an ans")
print(talk.id, answer.id, flush=True)
time.sleep(600)
"""


def test_an_answer_whose_process_is_gone_is_interrupted_and_offered(path: Path) -> None:
    writer = start(ONE_ANSWER, path)
    assert writer.stdout is not None
    conversation, answer = writer.stdout.readline().split()
    store = Conversations.open(path)
    (_, written) = store.branch(int(answer))
    assert written.ended is Ended.WRITING
    assert store.interrupted() is None
    writer.kill()
    writer.wait()
    assert store.branch(int(answer))[-1] == replace(written, ended=Ended.INTERRUPTED)
    assert [hit.message_id for hit in store.search("Half an")] == [int(answer)]
    store.close()
    store = Conversations.open(path)
    offered = store.interrupted()
    assert offered is not None
    assert (offered.id, offered.head) == (conversation, int(answer))
    assert store.branch(int(answer))[-1] == replace(written, ended=Ended.INTERRUPTED)
    assert [hit.message_id for hit in store.search("Half an")] == [int(answer)]
    Talk(store, created=offered.updated + 1).say("Something newer, elsewhere")
    assert store.interrupted() == offered
    store.delete(conversation)
    assert store.interrupted() is None
    store.close()


def test_the_own_answer_that_is_being_written_is_not_interrupted(store: Conversations, path: Path, talk: Talk) -> None:
    answer = talk.write("I am wri")
    other = Conversations.open(path)
    assert other.branch(answer.id) == [answer]
    assert other.interrupted() is None
    other.close()


def test_a_conversation_that_went_on_after_an_interrupted_answer_is_not_offered(talk: Talk) -> None:
    talk.say("Hello")
    talk.answer("Half", ended=Ended.INTERRUPTED)
    interrupted = talk.store.interrupted()
    assert interrupted is not None
    assert interrupted.id == talk.id
    talk.say("Never mind.")
    assert talk.store.interrupted() is None


def test_a_writer_is_known_by_host_process_and_start() -> None:
    this = writers.this_process()
    host, pid, begun = this.split()
    assert writers.alive(this, 0)
    assert not writers.alive(f"{host} {pid} {float(begun) - 100}", time.time())
    assert not writers.alive(f"{host} 99999999 {begun}", time.time())
    assert writers.alive(f"elsewhere {pid} {begun}", time.time() - 20)
    assert not writers.alive(f"elsewhere {pid} {begun}", time.time() - 60)
    assert not writers.alive(f"elsewhere {pid} {begun}", None)
    for garbage in ("", "x", f"{host} nine 1", f"{host} 9 x", f"{host} -1 1", f"{host} {10**30} 1"):
        assert not writers.alive(garbage, time.time())


BOTH = """
import sys
from pathlib import Path
from tests.store.talk import Talk
from tui.store.conversations import Conversations
store = Conversations.open(Path(sys.argv[1]))
talk = Talk(store)
for number in range(60):
    talk.say(f"message {number}")
    store.listing()
    next(store.search("message"))
print(talk.id)
"""


def test_processes_that_begin_and_write_at_once_lose_nothing(path: Path) -> None:
    processes = [start(BOTH, path) for _ in range(3)]
    ids = [process.communicate(timeout=120)[0].strip() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    store = Conversations.open(path)
    assert [len(store.messages(id_)) for id_ in ids] == [60, 60, 60]
    store.close()
    check(path)


def test_a_database_locked_for_long_is_told_and_works_again(
    path: Path, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_S", 0.1)
    talk.store.close()
    store = Conversations.open(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked by another program"):
        store.save_draft("", "text")
    assert store.listing() == [talk.conversation]
    other.execute("ROLLBACK")
    other.close()
    store.save_draft("", "text")
    assert store.draft("") == "text"
    store.close()


def test_a_database_of_a_newer_ovchat_is_left_alone(path: Path, store: Conversations) -> None:
    store.close()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA user_version = 99")
    connection.execute("UPDATE about SET value = '9.8.7'")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=rf"made by ovchat 9\.8\.7 \(format 99\); this is ovchat {__version__}"):
        Conversations.open(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", sorted(each.name for each in DATABASES.glob("*.db")))
def test_databases_of_earlier_versions_open_with_everything_in_them(name: str, tmp_path: Path) -> None:
    shutil.copy(DATABASES / name, tmp_path)
    store = Conversations.open(tmp_path / name)
    rivers, archived = store.listing(archived=True)
    assert (rivers.title, rivers.system, rivers.sampling) == ("Rivers", "Be brief.", {"temperature": 0.5})
    assert rivers.persona == ("" if name < "v4" else "brief")
    assert (archived.archived, archived.head) == (True, None)
    question, answer = store.branch(rivers.head)
    assert (question.text, answer.text, answer.reasoning) == ("Which rivers? 河流", "The Danube.", "Hm.")
    assert (answer.ended, answer.model, answer.token_ids) == (Ended.STOP, "qwen3", (1, 2, 151_643))
    assert (answer.facts.device, answer.facts.usage) == ("CPU", {"completion_tokens": 3})
    assert len(store.messages(rivers.id)) == 3
    assert [hit.text for hit in store.search("danube")] == ["The Danube."]
    assert store.draft(rivers.id) == "And lakes"
    store.save(replace(rivers, title="Lakes"))
    store.close()
    check(tmp_path / name)


def test_every_format_has_a_database() -> None:
    from tui.store.schema import FORMAT

    assert {each.name for each in DATABASES.glob("*.db")} >= {f"v{number}.db" for number in range(1, FORMAT + 1)}
