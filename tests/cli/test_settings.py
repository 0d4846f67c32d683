"""`ovchat settings`: the same as the app's screen, from the shell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.cli.conftest import Run
from tui.cli.settings import command
from tui.store.settings import SCHEMA


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OVCHAT_HOME", str(tmp_path))
    return tmp_path


def settings(*arguments: str, **given: str) -> Result:
    return CliRunner().invoke(command, arguments, **given)


def test_as_a_process_it_lists_and_says_where_the_file_is(run: Run, environment: dict[str, str]) -> None:
    done = run("settings")
    assert done.returncode == 0
    assert done.stderr == ""
    assert "sampling.temperature         0.7" in done.stdout
    assert run("settings", "path").stdout == f"{environment['OVCHAT_HOME']}/settings.toml\n"
    assert run("settings", "set", "sampling.top_k", "x").returncode == 2


def test_the_list_has_value_source_default_range_and_why_it_does_nothing(home: Path) -> None:
    (home / "settings.toml").write_text("[sampling]\ntemperature = 0\ntop_k = 9\n[presets.a]\ntop_k = 1\n")
    lines = settings("list").stdout.splitlines()
    (line,) = [line for line in lines if "sampling.top_k" in line]
    assert line.split(maxsplit=3) == [
        "sampling.top_k",
        "9",
        "user",
        "not used while greedy: temperature is 0; default 40; a whole number, 0 to 2147483647",
    ]
    assert "Your presets" in lines
    assert lines.index("Sampling") < lines.index("Engine and device")


def test_a_key_that_is_not_set_has_its_default_and_the_list_says_where_all_keys_are(home: Path) -> None:
    assert settings("get", "keys.chat.replay").stdout == "alt+r\n"
    found = json.loads(settings("get", "keys.chat.replay", "--json").stdout)
    assert (found["value"], found["default"], found["source"]) == (["alt+r"], ["alt+r"], "default")
    assert settings("list").stdout.splitlines()[-2] == "Keys"
    (home / "settings.toml").write_text('[keys]\nchat.sampling = ["alt+z"]\n')
    assert settings("get", "keys.chat.replay").stdout == "alt+r\n"
    *_, heading, row, last = settings("list").stdout.splitlines()
    assert (heading, row.split()[:2]) == ("Keys", ["keys.chat.sampling", "alt+z"])
    assert "ovchat keys --list" in last


def test_what_cannot_be_followed_is_marked_and_the_default_is_in_effect(home: Path) -> None:
    (home / "settings.toml").write_text(
        '[sampling]\ntemperature = "hot"\n[appearance]\ntheme = "zz"\n[chat]\npersona = "zz"\n'
        '[keys]\nchat.regenerate = ["ctrl+n"]\nchat.help = 3\nchat.sampling = ["alt+z"]\n'
    )
    found = {line.split()[0]: line.split(maxsplit=1)[1] for line in settings("list").stdout.splitlines() if "." in line}
    said = {
        "sampling.temperature": "0.7 default yours, 'hot', cannot be followed; default 0.7; 0 to 2",
        "appearance.theme": "ovchat-dark default yours, zz, cannot be followed; default ovchat-dark; the name of a",
        "chat.persona": "none default yours, zz, cannot be followed; default none",
        "keys.chat.regenerate": "ctrl+r default yours, ctrl+n, cannot be followed; default ctrl+r; a list of keys",
        "keys.chat.help": "f1 default yours, 3, cannot be followed; default f1; a list of keys",
        "keys.chat.sampling": "alt+z user default f5; a list of keys",
    }
    assert all(" ".join(found[key].split()).startswith(line) for key, line in said.items()), found
    by_key = {each["key"]: each for each in json.loads(settings("list", "--json").stdout)["settings"]}
    assert (by_key["keys.chat.sampling"]["default"], by_key["keys.chat.help"]["value"]) == (["f5"], ["f1"])
    assert settings("get", "appearance.theme").stdout == "ovchat-dark\n"
    assert "sampling.temperature" not in (settings("reset", "sampling.temperature"), settings("list"))[1].stderr


def test_json_has_every_setting_with_its_values_as_the_file_has_them(home: Path) -> None:
    (home / "settings.toml").write_text('[keys]\nchat.help = ["f1"]\n[sampling]\nstop = ["a"]\n')
    found = json.loads(settings("list", "--json").stdout)
    assert found["path"] == str(home / "settings.toml")
    by_key = {each["key"]: each for each in found["settings"]}
    assert list(by_key) == [*SCHEMA, "keys.chat.help"]
    assert by_key["sampling.max_tokens"]["value"] == "none"
    assert by_key["sampling.stop"]["value"] == ["a"]
    assert by_key["sampling.stop"]["default"] == []
    assert by_key["sampling.stop"]["source"] == "user"
    assert by_key["terminal.output"]["acts"] == "at the next start"
    assert json.loads(settings("--json").stdout) == found


@pytest.mark.parametrize(
    ("arguments", "saved"),
    [
        (["sampling.temperature", "0.5"], "[sampling]\ntemperature = 0.5\n"),
        (["sampling.presence_penalty", "-1"], "[sampling]\npresence_penalty = -1.0\n"),
        (["sampling.seed", "random"], '[sampling]\nseed = "random"\n'),
        (["sampling.stop", "none"], "[sampling]\nstop = []\n"),
        (["sampling.stop", ""], "[sampling]\nstop = []\n"),
        (["sampling.stop", '["none"]'], '[sampling]\nstop = ["none"]\n'),
        (["keys.chat.regenerate", "none"], "[keys]\nchat.regenerate = []\n"),
        (["appearance.theme", "ovchat-light"], '[appearance]\ntheme = "ovchat-light"\n'),
        (["chat.persona", "none"], '[chat]\npersona = "none"\n'),
        (["sampling.stop", "-x", "[b]"], '[sampling]\nstop = ["-x", "[b]"]\n'),
        (["engine.backend", "stateful"], '[engine]\nbackend = "stateful"\n'),
        (["keys.chat.regenerate", "alt+x", "alt+y"], '[keys]\nchat.regenerate = ["alt+x", "alt+y"]\n'),
        (["models.me/a.b.sampling.top_k", "3"], '[models."me/a.b".sampling]\ntop_k = 3\n'),
    ],
)
def test_what_is_set_is_in_the_file_and_can_be_got_and_reset(home: Path, arguments: list[str], saved: str) -> None:
    done = settings("set", *arguments)
    assert done.exit_code == 0, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith(f"{arguments[0]} is ")
    assert (home / "settings.toml").read_text() == saved
    got = settings("get", arguments[0]).stdout.strip()
    assert settings("set", arguments[0], got).exit_code == 0
    assert (home / "settings.toml").read_text() == saved
    assert settings("reset", arguments[0]).exit_code == 0
    assert (home / "settings.toml").read_text().strip() in ("", saved.partition("\n")[0])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["set", "sampling.temperature", "3"], "sampling.temperature: it must be 0 to 2."),
        (["set", "sampling.temperature", "1", "2"], "it must be one value"),
        (["set", "sampling.temprature", "1"], "Did you mean sampling.temperature?"),
        (["set", "keys.chat.regenerate", "ctrl+n"], "Ctrl+N is the key for"),
        (["set", "keys.chat.regnerate", "ctrl+y"], "Did you mean chat.regenerate?"),
        (["set", "appearance.theme", "zz"], "There is no theme zz. There are ovchat-amber, ovchat-ansi,"),
        (["set", "appearance.theme", "dark"], "There is no theme dark. Did you mean ovchat-dark? There are ovchat-"),
        (["set", "chat.persona", "zz"], "There is no persona 'zz'. They are files in"),
        (["get", "sampling.temprature"], "Did you mean sampling.temperature?"),
        (["get", "keys.chat.regnerate"], "Did you mean chat.regenerate?"),
        (["get", "presets.mine.top_k"], "presets.mine.top_k is not set."),
        (["reset", "sampling.temprature"], "Did you mean sampling.temperature?"),
        (["reset"], "Name the settings, or say --all."),
        (["reset", "--all", "sampling.top_k"], "Name the settings, or say --all."),
    ],
)
def test_what_cannot_be_is_a_usage_error_and_changes_nothing(home: Path, arguments: list[str], says: str) -> None:
    done = settings(*arguments)
    assert done.exit_code == 2
    assert says in done.stderr
    assert not (home / "settings.toml").exists()


def test_that_a_value_is_not_used_is_said_when_it_is_set(home: Path) -> None:
    assert settings("set", "sampling.temperature", "0").stderr == "sampling.temperature is 0 now.\n"
    said = settings("set", "sampling.top_k", "5").stderr
    assert said == "sampling.top_k is 5 now; not used while greedy: temperature is 0.\n"
    assert "it acts when a model is loaded next" in settings("set", "engine.threads", "2").stderr


@pytest.mark.parametrize(("answer", "is_gone"), [("y\n", True), ("n\n", False), ("", False)])
def test_all_are_reset_after_a_question(home: Path, answer: str, is_gone: bool) -> None:
    text = "# mine\n[sampling]\ntop_k = 3\n[presets.a]\ntop_k = 1\n"
    (home / "settings.toml").write_text(text)
    done = settings("reset", "--all", input=answer)
    assert "1 in all" in done.stderr
    assert ("top_k = 3" not in (home / "settings.toml").read_text()) is is_gone
    assert "[presets.a]" in (home / "settings.toml").read_text()


def test_without_a_question_all_are_reset(home: Path) -> None:
    (home / "settings.toml").write_text("# mine\n[sampling]\ntop_k = 3\n")
    assert settings("reset", "--all", "--yes").exit_code == 0
    assert (home / "settings.toml").read_text() == "# mine\n"


def test_mistakes_in_the_file_are_named_and_a_broken_file_is_left_alone(run: Run, environment: dict[str, str]) -> None:
    home = Path(environment["OVCHAT_HOME"])
    home.mkdir()
    (home / "settings.toml").write_text("[sampling\n")
    done = run("settings", "set", "sampling.top_k", "3")
    assert done.returncode == 1
    assert "Note: " in done.stderr
    assert "cannot be changed" in done.stderr
    assert (home / "settings.toml").read_text() == "[sampling\n"


def test_the_name_of_a_preset_is_not_empty(home: Path) -> None:
    done = settings("set", "presets..top_k", "4")
    assert done.exit_code == 2
    assert "The name of a preset cannot be empty, as in presets..top_k: write presets.NAME.top_k." in done.stderr
    assert not (home / "settings.toml").exists()
