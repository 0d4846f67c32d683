"""`ovchat models`: the list in a terminal and in a pipe, and what asks before it deletes."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from rich.cells import cell_len

from tests.cli.conftest import Run
from tui.cli.commands import cli
from tui.cli.model_table import Listed, plain, table
from tui.cli.models import APART
from tui.engine.model_files import inspect
from tui.library.compiled_cache import make_room
from tui.library.find import Source, find_models
from tui.library.local import LocalModel
from tui.store.state import State

TinyModel = Callable[[str], Path]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OVCHAT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    (tmp_path / "home" / "models").mkdir(parents=True)
    return tmp_path / "home"


@pytest.fixture
def llama(home: Path, tiny_model: TinyModel) -> Path:
    return shutil.copytree(tiny_model("llama"), home / "models" / "llama")


def models(*arguments: str, **given: Any) -> Result:
    return CliRunner().invoke(cli, ["models", *arguments], **given)


def as_json(*arguments: str) -> Any:
    done = models(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def names() -> list[str]:
    return [model.name for model in find_models()]


def test_commands_of_their_own_modules_have_the_line_of_their_own_help() -> None:
    shown = models("--help").output
    for name, line in APART.items():
        assert line in shown
        assert models(name, "--help").output.splitlines()[2].strip() == line


def test_a_list_in_a_pipe_is_a_line_each(run: Run, llama: Path, environment: dict[str, str]) -> None:
    environment["HF_HUB_CACHE"] = str(llama / "none")
    (llama.parent / "with\ttab").mkdir()
    (llama.parent / "with\ttab" / "openvino_model.xml").touch()
    done = run("models")
    assert (done.returncode, done.stderr) == (0, "")
    starter, first, second = (line.split("\t") for line in done.stdout.splitlines())
    assert starter[:3] == ["starter", "", "llama"]
    assert first[:3] == ["llama", "", "llama"]
    assert first[4] == "f32"
    assert int(first[5]) == sum(file.stat().st_size for file in llama.iterdir())
    assert first[7] == str(llama)
    assert second[:2] == ["with^Itab", "broken"]


def test_the_list_as_json(llama: Path, tiny_model: TinyModel, tmp_path: Path) -> None:
    shutil.copytree(tiny_model("bert"), tmp_path / "bert")
    assert as_json("add", str(tmp_path / "bert"))["models"][0]["name"] == "bert"
    starter, first, other = as_json("list")["models"]
    assert (starter["state"], starter["source"]) == ("ready", "built in")
    assert (first["name"], first["path"], first["model_type"]) == ("llama", str(llama), "llama")
    assert first["memory_bytes"] > first["size_bytes"] / 2
    assert (other["state"], other["architecture"]) == ("not for chat", None)
    assert "ovchat runs" in other["problem"] or "embedding" in other["problem"]


def test_a_broken_template_is_a_state_of_the_list_and_a_problem(llama: Path) -> None:
    (llama / "chat_template.jinja").write_text("{% if %}")
    _, model = as_json("list")["models"]
    assert model["state"] == "bad template"
    assert "is broken at line 1" in model["problem"]
    assert models("list").stdout.splitlines()[1].split("\t")[1] == "bad template"
    assert "is broken at line 1" in as_json("show", "llama")["problem"]["sentence"]


def test_a_folder_that_is_named_like_a_listed_model_is_that_folder(
    llama: Path, tiny_model: TinyModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = shutil.copytree(tiny_model("llama-int8"), tmp_path / "llama")
    monkeypatch.chdir(tmp_path)
    for asked in ("./llama", "./llama/", str(other)):
        shown = as_json("show", asked)
        assert (shown["name"], Path(shown["path"]).resolve(), shown["source"]) == ("llama", other, None)
    assert as_json("show", str(llama))["source"] == "models folder"
    State().give_options("llama", {"context": "256"})
    State().give_device("llama", "GPU")
    State().give_options(str(other), {"context": "300"})
    shown = as_json("show", "./llama")
    assert (shown["memory"]["context"], shown["device"], shown["options"]) == (300, None, {"context": "300"})


def test_the_memory_is_that_with_the_options_a_model_was_given(llama: Path) -> None:
    before = as_json("show", "llama")["memory"]
    State().give_options("llama", {"context": "256"})
    assert before["context"] != 256
    assert as_json("show", "llama")["memory"]["context"] == 256
    assert as_json("show", "llama", "--context", "300")["memory"]["context"] == 300
    small = next(each for each in as_json("list")["models"] if each["name"] == "llama")
    assert small["memory_bytes"] < before["total_bytes"]


def test_the_options_of_list_may_be_given_without_it(llama: Path) -> None:
    assert models().stdout == models("list").stdout
    assert as_json() == as_json("list")
    wrong = models("--json", "show", "llama")
    assert wrong.exit_code == 2
    assert "Usage: cli models list" in wrong.stderr


@pytest.mark.parametrize("command", ["show", "doctor", "rename", "remove"])
def test_who_names_no_model_is_told_which_there_are(llama: Path, command: str) -> None:
    (llama.parent / "\x1b[2J").mkdir()
    (llama.parent / "\x1b[2J" / "openvino_model.xml").touch()
    done = models(command)
    assert done.exit_code == 2
    assert "There is: starter, ^[[2J, llama. Or give a folder" in done.stderr


def test_an_added_folder_that_is_gone_is_said(tmp_path: Path, llama: Path) -> None:
    added = llama.rename(tmp_path / "disk")
    models("add", str(added))
    added.rename(tmp_path / "elsewhere")
    done = models("list")
    assert done.exit_code == 0
    assert f"Note: There is no folder {added}. It is one of storage.model_folders." in done.stderr


def test_folders_that_may_not_be_looked_into_are_said_and_the_others_listed(
    home: Path, tmp_path: Path, llama: Path, unreadable: Callable[[Path], None]
) -> None:
    disk = llama.rename(tmp_path / "disk")
    models("add", str(disk))
    unreadable(home / "models")
    (tmp_path / "hub").touch()
    done = models("list")
    said = " ".join(done.stderr.split())
    assert f"{home / 'models'} cannot be read: Permission denied. Allow it: chmod -R u+rX {home / 'models'}" in said
    assert f"{tmp_path / 'hub'} cannot be read: Not a directory. Put a folder in its place." in said
    listed = as_json("list")
    assert [model["name"] for model in listed["models"]] == ["starter", "disk"]
    assert len(listed["notices"]) == 2
    unreadable(disk)
    assert f"{disk} cannot be read: Permission denied. It is one of storage.model_folders." in models("list").stderr


def listed(*names: str) -> list[Listed]:
    rows = [Listed(LocalModel(name, Path("/m") / name, Source.MODELS, Path("/m")), None) for name in names]
    files = inspect(find_models()[0].path)
    return [Listed(LocalModel("starter", Path("/s"), Source.BUILT_IN, Path("/s"), files), None), *rows]


@pytest.mark.parametrize("width", [200, 80, 60, 45, 30, 12, 3])
def test_the_table_fits_the_width(width: int) -> None:
    rows = listed("a", "\N{ROBOT FACE}" * 30, "owner/" + "long" * 30, "漢字" * 40, "a\nb\x1b[31m\tc", "\udcff")
    lines = table(rows, width)
    assert len(lines) == len(rows) + 1
    assert all(cell_len(line) <= max(width, 1) for line in lines)
    assert not any(control in "".join(lines) for control in "\n\t\x1b\udcff")


def test_what_matters_less_leaves_a_narrow_table_first() -> None:
    rows = listed("a name of twenty-six cells")
    headings = [table(rows, width)[0].split() for width in (120, 60, 55, 45, 30, 25)]
    assert headings == [
        ["Name", "Architecture", "Parameters", "Weights", "Size", "Context"],
        ["Name", "Parameters", "Weights", "Size", "Context"],
        ["Name", "Parameters", "Weights", "Size"],
        ["Name", "Parameters", "Size"],
        ["Name", "Size"],
        ["Name"],
    ]


def test_a_line_for_a_program_has_as_many_fields_for_every_model() -> None:
    assert {line.count("\t") for line in plain(listed("a", "b\tc"))} == {7}
    assert len(plain(listed("a\nb"))) == 2


def test_what_is_compiled_of_a_model_is_told_by_device(llama: Path) -> None:
    assert as_json("show", "llama")["compiled_bytes"] == {}
    assert "Compiled" not in models("show", "llama").stdout
    folder = make_room(llama, 10**9)
    assert folder is not None
    for device in ("GPU.1", "NPU"):
        (folder / device).mkdir(parents=True)
        (folder / device / "1.blob").write_bytes(bytes(3_000_000))
    assert as_json("show", "llama")["compiled_bytes"] == {"GPU.1": 3_000_000, "NPU": 3_000_000}
    assert "Compiled for  GPU.1 3.0 MB, NPU 3.0 MB\n" in models("show", "llama").stdout


def test_show_tells_the_facts_and_the_memory_at_a_context(llama: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.cli.models.available_bytes", lambda: 10**9)
    found = as_json("show", "llama", "--context", "2048")
    memory = found["memory"]
    assert memory["context"] == 2048
    assert memory["kv_cache_bytes"] == 2048 * memory["kv_bytes_per_token"] > 0
    assert memory["total_bytes"] == memory["kv_cache_bytes"] + (llama / "openvino_model.bin").stat().st_size
    assert memory["fits"] is True
    assert found["tokenizer"]
    assert found["made_with"]["openvino"]
    assert (found["architecture"], found["weight_format"], found["problem"]) == ("LlamaForCausalLM", "f32", None)
    shown = models("show", "llama").stdout
    for text in ("LlamaForCausalLM", "f32, ", "8,192 tokens", "of 1.0 GB free", str(llama), "models folder"):
        assert text in shown


def test_show_tells_what_does_not_fit(llama: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.cli.models.available_bytes", lambda: 1000)
    found = as_json("show", "llama")
    assert found["memory"]["fits"] is False
    assert "needs at least" in found["problem"]["sentence"]
    assert "not fit" in models("list").stdout


def test_show_of_a_folder_that_is_not_listed_and_broken(tmp_path: Path, llama: Path) -> None:
    (llama / "openvino_tokenizer.xml").unlink()
    folder = llama.rename(tmp_path / "else where")
    found = as_json("show", str(folder))
    assert (found["name"], found["source"]) == ("else where", None)
    assert found["problem"]["next_step"]
    shown = models("show", str(folder)).stdout
    assert "Problem" in shown
    assert "Found in" not in shown
    assert models("show", str(folder), "--context", "3").exit_code == 1


def test_add_lists_what_it_brings_and_remove_takes_it_off(tmp_path: Path, tiny_model: TinyModel) -> None:
    folder = shutil.copytree(tiny_model("llama"), tmp_path / 'it\'s "here"')
    assert models("add", str(folder)).stdout == 'it\'s "here"\n'
    again = models("add", str(folder))
    assert (again.exit_code, again.stdout, again.stderr) == (0, "", "Its models are on the list already.\n")
    done = models("remove", 'it\'s "here"')
    assert (done.exit_code, done.stderr) == (0, f"{folder} is off the list. Its files are as they were.\n")
    assert names() == ["starter"]
    assert (folder / "openvino_model.xml").exists()


def test_add_says_which_of_them_are_broken(tmp_path: Path, tiny_model: TinyModel) -> None:
    def folder_with(*broken: str) -> str:
        tree = tmp_path / f"tree {len(broken)}"
        shutil.copytree(tiny_model("bert"), tree / f"bert {len(broken)}")
        for name in broken:
            shutil.copytree(tiny_model("llama"), tree / name)
            (tree / name / "openvino_model.bin").unlink()
        return str(tree)

    assert models("add", folder_with()).stderr == ""
    one = models("add", folder_with("a b"))
    assert one.stderr == "Note: 1 of 2 is broken: a b. What is wrong, and what to do: ovchat models doctor 'a b'\n"
    assert one.stdout == "a b\nbert 1\n"
    several = models("add", folder_with(*"cdefg"), "--json")
    said = "Note: 5 of 6 are broken: c, d, e and 2 more. What is wrong, and what to do: ovchat models doctor NAME\n"
    assert several.stderr.endswith(said)
    found = {model["name"]: model["state"] for model in json.loads(several.stdout)["models"]}
    assert found == dict.fromkeys("cdefg", "broken") | {"bert 5": "not for chat"}


def test_a_folder_that_is_a_file_is_refused() -> None:
    done = models("add", __file__)
    assert done.exit_code == 1
    assert f"Error: {__file__} is a file; a model is a folder." in done.stderr


def test_rename(llama: Path) -> None:
    done = models("rename", "llama", "org/new name")
    assert (done.exit_code, done.stderr) == (0, "llama is org/new name now.\n")
    assert as_json("rename", "new name", "back") == {
        "name": "back",
        "path": str(llama.with_name("back")),
        "source": "models folder",
    }
    assert models("rename", "back", "..").exit_code == 1


def test_nothing_is_deleted_where_nobody_can_be_asked(llama: Path) -> None:
    for answer in (None, "y\n"):
        done = models("remove", "llama", input=answer)
        assert done.exit_code == 2
        assert "--yes deletes without asking" in done.stderr
    assert llama.exists()


def asked(answer: str, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Result:
    with monkeypatch.context() as terminal:
        terminal.setattr("tui.cli.console.is_terminal", lambda stream: stream is sys.stdin)
        return models("remove", *arguments, input=answer)


def test_the_question_says_what_is_freed_and_only_a_yes_deletes(llama: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for answer in ("", "\n", "n\n", "nonsense\n"):
        done = asked(answer, monkeypatch, "llama")
        assert done.exit_code == 0
        assert "Delete llama? That frees" in done.stderr
        assert f"files in {llama}. [y/N]" in done.stderr
        assert "It stays." in done.stderr
        assert llama.exists()
    assert asked("y\n", monkeypatch, "llama").stderr.endswith("Deleted: llama.\n")
    assert not llama.exists()


def test_of_a_link_the_question_says_what_stays(llama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outside = llama.rename(tmp_path / "outside")
    llama.symlink_to(outside)
    done = asked("y\n", monkeypatch, "llama")
    assert f"Delete the link {llama}? What it leads to, {outside}, stays." in done.stderr
    assert not os.path.lexists(llama)
    assert (outside / "openvino_model.bin").exists()


def test_yes_deletes_without_asking(llama: Path) -> None:
    size = sum(file.stat().st_size for file in llama.iterdir())
    assert as_json("remove", "llama", "--yes") == {
        "name": "llama",
        "path": str(llama),
        "source": "models folder",
        "deleted": True,
        "freed_bytes": size,
    }
    assert names() == ["starter"]
    assert models("remove", "starter", "--yes").exit_code == 1


@pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals are POSIX's")
def test_the_list_in_a_terminal_has_its_width(llama: Path, home: Path) -> None:
    from tests.terminal_driver import Terminal

    for width in (40, 100):
        with Terminal(
            [sys.executable, "-m", "tui", "models"], columns=width, environment={"OVCHAT_HOME": str(home)}
        ) as it:
            assert it.exit_code(60) == 0
            lines = [line for line in it.text.splitlines() if line.strip()]
        assert [line.split()[0] for line in lines] == ["Name", "starter", "llama"]
