"""Stored conversations from the command line: `ask --chat` and `chat`."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tui.store.conversations import Conversations
from tui.store.records import Ended, Message

Stored = Callable[[], list[list[Message]]]


@pytest.fixture
def stored(environment: dict[str, str]) -> Stored:
    """The branch shown of every conversation, the latest first."""

    def read() -> list[list[Message]]:
        store = Conversations.open(Path(environment["OVCHAT_HOME"]) / "conversations.db")
        try:
            return [store.branch(each.head) for each in store.listing()]
        finally:
            store.close()

    return read


def test_a_conversation_is_begun_and_continued(run: Run, ask: Run, stored: Stored, model: str) -> None:
    first = json.loads(ask("hello", "--chat", "new", "-s", "Be brief.", "--max-tokens", "5", "--json").stdout)
    assert len(first["conversation"]) == 10
    # With its own model, and its own system message.
    for reference in ("last", first["conversation"][:5]):
        more = json.loads(run("ask", "more", "--chat", reference, "--max-tokens", "5", "--json").stdout)
        assert (more["model"], more["conversation"]) == (first["model"], first["conversation"])
        assert more["usage"]["prompt_tokens"] > first["usage"]["prompt_tokens"]
    (branch,) = stored()
    assert [each.text for each in branch[::2]] == ["hello", "more", "more"]
    assert branch[1].token_ids == tuple(first["token_ids"])
    assert branch[1].facts.seed == first["sampling"]["seed"]


def test_without_chat_nothing_is_stored(ask: Run, environment: dict[str, str]) -> None:
    assert "conversation" not in json.loads(ask("hello", "--max-tokens", "2", "--json").stdout)
    assert not (Path(environment["OVCHAT_HOME"]) / "conversations.db").exists()


def test_a_conversation_that_is_not_there_is_said_before_a_model_is_loaded(run: Run) -> None:
    done = run("ask", "hello", "--chat", "nothing", "-m", "no such model")
    assert (done.returncode, done.stdout) == (1, "")
    assert "There is no conversation 'nothing'." in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("ask", "x", "--chat", "last", "-s", "Be brief."), "-s gives a new conversation"),
        (("ask", "x", "--chat", "last", "--raw"), "--raw takes the prompt as it is"),
        (("chat", "--chat", "last", "--temporary"), "--temporary begins a conversation"),
    ],
)
def test_options_that_contradict_each_other_are_refused(run: Run, arguments: tuple[str, ...], says: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert says in done.stderr


def test_chat_is_stored_continued_and_goes_on_with_what_was_cut_off(
    run: Run, model: str, stored: Stored, tmp_path: Path
) -> None:
    options = ("--greedy", "--max-tokens", "4")
    begun = run("chat", "-m", model, *options, input="hello\n/continue\n")
    whole = run("ask", "-m", model, "hello", "--greedy", "--max-tokens", "8").stdout
    assert begun.stdout.replace("\n", "") == whole.replace("\n", "")
    run("chat", "--chat", "last", *options, input="more\n/new\nother\n")
    other, branch = stored()
    assert [each.text for each in other[::2]] == ["other"]
    assert [each.text for each in branch[::2]] == ["hello", "more"]
    assert branch[1].text == whole.removesuffix("\n")
    assert len(branch[1].token_ids) == 8


def test_temporary_is_not_stored(run: Run, model: str, environment: dict[str, str]) -> None:
    assert run("chat", "-m", model, "--temporary", "--max-tokens", "2", input="hello\n").returncode == 0
    assert not (Path(environment["OVCHAT_HOME"]) / "conversations.db").exists()


def test_where_nothing_can_be_stored_chat_says_so_and_goes_on_and_ask_does_not_begin(
    run: Run, ask: Run, model: str, environment: dict[str, str]
) -> None:
    path = Path(environment["OVCHAT_HOME"]) / "conversations.db"
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as newer:
        newer.execute("PRAGMA user_version = 999")
    done = run("chat", "-m", model, "--max-tokens", "2", input="hello\nmore\n")
    assert len(done.stdout.splitlines()) >= 2
    assert done.stderr.count("Note: The conversation is not stored now") == 1
    assert "Error: Not all of the conversation could be stored" in done.stderr
    assert done.returncode == 1
    done = ask("hello", "--chat", "new")
    assert (done.returncode, done.stdout) == (1, "")


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
def test_an_interrupted_answer_is_kept_and_can_be_continued(
    run: Run, model: str, environment: dict[str, str], stored: Stored
) -> None:
    arguments = ("ask", "hello", "--chat", "new", "-m", model, "-o", "backend=stateful", "-o", "context=8000")
    (Path(environment["OVCHAT_HOME"])).mkdir()
    (Path(environment["OVCHAT_HOME"]) / "settings.toml").write_text("[sampling]\nmin_tokens = 7000\n")
    command = [sys.executable, "-m", "tui", *arguments]
    # Unbuffered: `communicate` would not see what a buffer has.
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
    assert process.stdout is not None
    seen = process.stdout.read(20)
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    (branch,) = stored()
    assert branch[1].ended is Ended.CANCELLED
    assert (seen + rest).decode().removesuffix("\n").rstrip("\ufffd") == branch[1].text
