"""The persona of new conversations, in `ovchat chat`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tui.store.conversations import Conversations
from tui.store.records import Conversation

BRIEF = 'system = "Be brief."\n[sampling]\ntemperature = 0.25\ntop_k = 3\n'


@pytest.fixture
def home(environment: dict[str, str]) -> Path:
    home = Path(environment["OVCHAT_HOME"])
    (home / "personas").mkdir(parents=True)
    (home / "personas" / "brief.toml").write_text(BRIEF)
    (home / "settings.toml").write_text('[chat]\npersona = "brief"\n')
    return home


def conversations(home: Path) -> list[Conversation]:
    store = Conversations.open(home / "conversations.db")
    try:
        return store.listing()
    finally:
        store.close()


def test_a_new_conversation_has_it_but_for_what_is_asked_for_now(run: Run, model: str, home: Path) -> None:
    done = run("chat", "-m", model, "-t", "1.5", "--max-tokens", "2", input="hello\n/new\nhello\n")
    assert done.returncode == 0, done.stderr
    found = conversations(home)
    assert [(each.system, each.sampling, each.persona) for each in found] == [("Be brief.", {"top_k": 3}, "brief")] * 2
    run("chat", "-m", model, "-s", "Be long.", "--max-tokens", "2", input="hello\n")
    assert conversations(home)[0].system == "Be long."


def test_one_that_is_not_there_is_told_and_the_conversation_begins(run: Run, model: str, home: Path) -> None:
    (home / "personas" / "brief.toml").write_text("system = 3\n")
    done = run("chat", "-m", model, "--max-tokens", "2", input="hello\n")
    assert done.returncode == 0
    assert "brief.toml, line 1: system is 3, it must be a text." in done.stderr
    assert conversations(home)[0].system == ""
