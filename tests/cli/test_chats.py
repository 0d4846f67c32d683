from __future__ import annotations

import json
import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.store.talk import FACTS, Talk
from tui.store.conversations import Conversations

ESCAPE = "\x1b[31m"


@pytest.fixture
def home(environment: dict[str, str]) -> Path:
    return Path(environment["OVCHAT_HOME"])


@pytest.fixture
def ids(home: Path) -> dict[str, str]:
    """Three conversations: rivers (pinned, two answers), plain, archived."""
    store = Conversations.open(home / "conversations.db")
    rivers = Talk(store, title=f"Rivers\n{ESCAPE}of Europe", pinned=True, system="Be brief.")
    question = rivers.say("Which rivers? 河流")
    rivers.answer("The Rhine.")
    rivers.answer(f"The {ESCAPE}Danube.", parent=question.id, reasoning="Hm.", model="qwen3", facts=FACTS)
    plain = Talk(store, created=1_700_000_100.0)
    plain.say("100% _sure_?")
    archived = Talk(store, title="Archived", archived=True)
    archived.say("Old rivers")
    store.close()
    return {"rivers": rivers.id, "plain": plain.id, "archived": archived.id}


def test_the_list_has_ids_that_the_other_commands_take(run: Run, ids: dict[str, str]) -> None:
    done = run("chats", "list")
    assert done.returncode == 0
    assert [line.split()[0] for line in done.stdout.splitlines()] == [ids["rivers"], ids["plain"]]
    assert "of Europe (pinned)" in done.stdout
    assert [line.split()[0] for line in run("chats", "list", "--all").stdout.splitlines()][2] == ids["archived"]
    listed = json.loads(run("chats", "list", "--json").stdout)["conversations"]
    assert [each["id"] for each in listed] == [ids["rivers"], ids["plain"]]
    assert listed[0]["title"] == f"Rivers\n{ESCAPE}of Europe"


def test_an_empty_list_says_what_to_do(run: Run) -> None:
    done = run("chats", "list")
    assert (done.returncode, done.stdout) == (0, "")
    assert "ovchat chat" in done.stderr


def test_show_has_the_shown_branch_and_json_all_of_it(run: Run, ids: dict[str, str]) -> None:
    shown = run("chats", "show", ids["rivers"][:5]).stdout
    assert "Which rivers? 河流" in shown
    assert "Danube" in shown
    assert "Rhine" not in shown
    exported = json.loads(run("chats", "show", ids["rivers"], "--json").stdout)
    assert [each["role"] for each in exported["messages"]] == ["user", "assistant", "assistant"]
    assert "100%" in run("chats", "show", "last").stdout


def test_search_prints_places_newest_first(run: Run, ids: dict[str, str]) -> None:
    found = run("chats", "search", "RIVERS").stdout.splitlines()
    assert [line.split()[0] for line in found[::2]] == [ids["archived"], ids["rivers"]]
    assert found[3] == "    you: Which rivers? 河流"
    (hit,) = json.loads(run("chats", "search", '"% _"', "--json").stdout)["hits"]
    assert (hit["conversation_id"], hit["text"][:6], hit["marks"]) == (ids["plain"], "100% _", [[3, 6]])
    nothing = run("chats", "search", "nowhere")
    assert (nothing.returncode, nothing.stdout) == (0, "")
    assert run("chats", "search", " ").returncode == 2


def test_what_is_exported_is_imported_as_another_conversation(run: Run, ids: dict[str, str], tmp_path: Path) -> None:
    assert run("chats", "export", ids["rivers"], "rivers.json").returncode == 0
    file = tmp_path / "rivers.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    new = run("chats", "import", "rivers.json").stdout.split()[0]
    assert new not in ids.values()
    first, second = (json.loads(run("chats", "export", id_).stdout) for id_ in (ids["rivers"], new))
    assert [each["text"] for each in first["messages"]] == [each["text"] for each in second["messages"]]
    assert first["messages"][2]["sampling"] == second["messages"][2]["sampling"]
    for saved in ([first], [first, second]):  # as the app saves what it could not store
        piped = run("chats", "import", "-", input=json.dumps(saved)).stdout.splitlines()
        assert [line.split(None, 1)[1] for line in piped] == [f"Rivers {ESCAPE}of Europe"] * len(saved)


def test_markdown_by_the_files_name_or_when_asked(run: Run, ids: dict[str, str], tmp_path: Path) -> None:
    run("chats", "export", ids["rivers"], "rivers.md")
    text = (tmp_path / "rivers.md").read_text()
    assert text.startswith("# Rivers")
    assert run("chats", "export", ids["rivers"], "--markdown").stdout == text
    assert json.loads(run("chats", "export", ids["rivers"], "-", "--json").stdout)["format"] == "ovchat/1"


def test_nothing_is_overwritten(run: Run, ids: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("mine")
    done = run("chats", "export", ids["rivers"], "notes.md")
    assert done.returncode == 1
    assert "is there already" in done.stderr
    assert (tmp_path / "notes.md").read_text() == "mine"


def test_all_are_exported_into_a_folder_again_and_again(run: Run, ids: dict[str, str], tmp_path: Path) -> None:
    for _ in range(2):
        assert run("chats", "export", "--all", "folder").returncode == 0
    files = sorted(each.name for each in (tmp_path / "folder").iterdir())
    assert sorted(name[:10] for name in files) == sorted(ids.values())
    assert f"{ids['plain']}.json" in files
    assert all(name.isprintable() and "/" not in name for name in files)
    imported = run("chats", "import", *(f"folder/{name}" for name in files))
    assert len(imported.stdout.splitlines()) == 3
    run("chats", "export", "--all", "texts", "--markdown")
    assert {each.suffix for each in (tmp_path / "texts").iterdir()} == {".md"}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"# Markdown", "in.json is not JSON"),
        (b"\xff", "in.json is not UTF-8"),
        (b"[" * 100_000, "in.json is not JSON"),
        (b'{"format": "ovchat/1", "messages": [{"id": "1"}]}', "in.json: Message 1 has no 'created'"),
        (None, "in.json cannot be read"),
    ],
)
def test_what_cannot_be_imported_is_named(run: Run, tmp_path: Path, content: bytes | None, sentence: str) -> None:
    if content is not None:
        (tmp_path / "in.json").write_bytes(content)
    done = run("chats", "import", "in.json")
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: {sentence}")
    assert "Traceback" not in done.stderr


def test_a_renamed_conversation_is_found_by_its_title(run: Run, ids: dict[str, str]) -> None:
    assert run("chats", "rename", ids["plain"], "  Of \n percent ").returncode == 0
    shown = json.loads(run("chats", "show", "of percent", "--json").stdout)
    assert (shown["id"], shown["title"], shown["renamed"]) == (ids["plain"], "Of percent", True)
    assert run("chats", "rename", ids["plain"], " ").returncode == 2


def test_deleting_asks_and_takes_no_silence_for_a_yes(run: Run, ids: dict[str, str]) -> None:
    assert run("chats", "delete", ids["plain"]).returncode == 2
    assert run("chats", "delete", ids["plain"], input="y\n").returncode == 2
    assert ids["plain"] in run("chats", "list").stdout
    done = run("chats", "delete", ids["plain"], "--yes")
    assert (done.returncode, done.stderr) == (0, f'Deleted: {ids["plain"]} "(untitled)".\n')
    assert ids["plain"] not in run("chats", "list").stdout


def test_what_is_not_there_is_named_with_what_is_near(run: Run, ids: dict[str, str]) -> None:
    done = run("chats", "show", "archive")
    assert done.returncode == 1
    assert f"Near it: {ids['archived']} (Archived)" in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="script is POSIX's")
@pytest.mark.parametrize("command", ["list", "show last", "search Danube"])
def test_control_characters_do_not_reach_a_terminal(
    environment: dict[str, str], ids: dict[str, str], home: Path, command: str
) -> None:
    import pty

    store = Conversations.open(home / "conversations.db")
    store.delete(ids["plain"])
    store.close()
    primary, secondary = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "tui", "chats", *command.split()], env=environment, stdout=secondary, stderr=secondary
    )
    os.close(secondary)
    output = b""
    while True:
        try:
            output += os.read(primary, 65536)
        except OSError:
            break
        if not output:
            break
    os.close(primary)
    process.wait()
    assert b"^[[31m" in output
    assert b"\x1b[31m" not in output


def test_a_damaged_database_is_told_and_everything_else_goes_on(run: Run, ids: dict[str, str], home: Path) -> None:
    path = home / "conversations.db"
    path.write_bytes(b"x" * 200 + path.read_bytes()[200:])
    done = run("chats", "list")
    assert ids["rivers"] in done.stdout
    assert "was damaged. Recovered: 3 conversations, 5 messages." in done.stderr
    assert run("chats", "list").stderr == ""


def test_a_database_of_a_newer_version_is_an_error(run: Run, ids: dict[str, str], home: Path) -> None:
    connection = sqlite3.connect(home / "conversations.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    done = run("chats", "list")
    assert done.returncode == 1
    assert "format 99" in done.stderr


def test_nothing_heavy_is_imported() -> None:
    code = (
        "import sys, tui.cli.chats; print([name for name in ('openvino', 'numpy', 'textual') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
