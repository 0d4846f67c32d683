"""`ovchat chats import` with what other programs export."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from tests.cli.conftest import Run
from tests.store.foreign import chatgpt, lakes, node, rivers


def write(path: Path, *exported: object) -> None:
    path.write_text(json.dumps(list(exported)), "utf-8")


def test_a_zip_and_a_file_are_imported_and_can_be_read(run: Run, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "chatgpt.zip", "w") as packed:
        packed.writestr("conversations.json", json.dumps([rivers()]))
    write(tmp_path / "webui.json", lakes())
    done = run("chats", "import", "chatgpt.zip", "webui.json")
    assert (done.returncode, done.stderr) == (0, "")
    assert [line[12:] for line in done.stdout.splitlines()] == ["Rivers", "Lakes"]
    assert "251 m." in run("chats", "show", "lakes").stdout
    rivers_id = done.stdout[:10]
    exported = json.loads(run("chats", "show", rivers_id, "--json").stdout)
    assert len(exported["messages"]) == 5
    assert [each["text"] for each in exported["messages"] if not each.get("active")] == ["The Rhine."]


def test_once_more_adds_what_is_new_and_says_what_is_not(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "all.json", rivers(), lakes())
    run("chats", "import", "all.json")
    later = rivers()
    later["mapping"]["u3"] = node("u3", "a3", "user", "And the Rhine?")
    write(tmp_path / "all.json", later, lakes())
    done = run("chats", "import", "all.json")
    assert done.returncode == 0
    assert done.stdout[12:] == "Rivers (1 new message)\n"
    assert done.stderr == "all.json: 1 was imported before.\n"
    assert len(run("chats", "list").stdout.splitlines()) == 2


def test_standard_input_is_read(run: Run) -> None:
    done = run("chats", "import", "-", input=json.dumps([rivers()]))
    assert done.stdout[12:] == "Rivers\n"


def test_what_is_left_out_is_named_and_the_others_are_here(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "all.json", chatgpt(node("root", None), title="Round \x1b[31m"), rivers())
    done = run("chats", "import", "all.json")
    assert done.returncode == 1
    assert done.stdout[12:] == "Rivers\n"
    assert "all.json: number 1, “Round" in done.stderr
    assert "There is no message in it" in done.stderr
    assert done.stderr.endswith("Error: Conversations that could not be imported: 1.\nThe others are here.\n")


def test_what_is_mended_is_told(run: Run, tmp_path: Path) -> None:
    circle = chatgpt(node("a", "b", "user", "x"), node("b", "a", "assistant", "y"), title="Round \x1b[31m")
    write(tmp_path / "all.json", circle, rivers())
    done = run("chats", "import", "all.json")
    assert done.returncode == 0
    assert [line[12:17] for line in done.stdout.splitlines()] == ["Round", "River"]
    assert "all.json: number 1, “Round" in done.stderr
    assert "1 message follows itself; " in done.stderr


def test_nothing_is_taken_of_a_file_that_is_cut_off(run: Run, tmp_path: Path) -> None:
    (tmp_path / "all.json").write_text(json.dumps([rivers(), lakes()])[:-9], "utf-8")
    done = run("chats", "import", "all.json")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: all.json is not JSON: ")
    assert "no conversation" in run("chats", "list").stderr
