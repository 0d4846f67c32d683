"""The user's settings.toml changed: what it says, what else is in it, and who else changes it."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.store.errors import StoreError
from tui.store.settings import SCHEMA, flat
from tui.store.settings_file import SettingsFile, changed_text

COMMENTED = """\
# My settings.

[sampling]
# Not too hot.
temperature = 0.5 # was 0.7

# What it runs on.
[engine]
threads = 3
"""


@pytest.fixture
def file(tmp_path: Path) -> SettingsFile:
    return SettingsFile(tmp_path / "config" / "settings.toml")


def written(file: SettingsFile, text: str) -> SettingsFile:
    """The file as somebody has written it."""
    file.path.parent.mkdir(exist_ok=True)
    file.path.write_bytes(text.encode())
    return SettingsFile(file.path)


def test_what_is_set_is_in_effect_and_in_the_file_which_was_not_there(file: SettingsFile) -> None:
    file.set("sampling.temperature", 1)
    file.set("sampling.stop", ["a\n", '"'])
    file.set("sampling.max_tokens", None)
    assert file.settings["sampling.temperature"] == 1.0
    assert file.settings.user_section("sampling") == {"temperature": 1.0, "stop": ("a\n", '"'), "max_tokens": None}
    assert file.path.read_text() == '[sampling]\ntemperature = 1.0\nstop = ["a\\n", "\\""]\nmax_tokens = "none"\n'
    assert SettingsFile(file.path).settings == file.settings
    assert file.path.stat().st_mode & 0o777 == 0o600


def test_comments_order_and_other_keys_stay_as_they_are(file: SettingsFile) -> None:
    file = written(file, COMMENTED)
    file.set("sampling.temperature", 0.6)
    file.set("sampling.top_k", 5)
    assert file.path.read_text() == COMMENTED.replace("0.5", "0.6").replace("0.7\n", "0.7\ntop_k = 5\n")
    file.reset("sampling.top_k")
    assert file.path.read_text() == COMMENTED.replace("0.5", "0.6")
    file.reset()
    assert file.path.read_text() == COMMENTED.replace("temperature = 0.5 # was 0.7\n", "").replace(
        "[engine]\nthreads = 3\n", ""
    )
    assert file.settings.user == {}


def test_windows_line_ends_stay(file: SettingsFile) -> None:
    file = written(file, COMMENTED.replace("\n", "\r\n"))
    file.set("sampling.top_k", 5)
    assert file.path.read_bytes().count(b"\r\n") == file.path.read_bytes().count(b"\n") == 10
    assert file.settings.user_section("sampling") == {"temperature": 0.5, "top_k": 5}


def test_what_is_no_setting_stays_when_all_are_reset(file: SettingsFile) -> None:
    file = written(file, "[other]\nx = 1\n[sampling]\ntemprature = 1\ntop_k = 3\ntop_p = 7\n")
    file.reset()
    assert file.path.read_text() == "[other]\nx = 1\n[sampling]\ntemprature = 1\ntop_p = 7\n"


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("sampling.temperature", 3, "it must be 0 to 2"),
        ("sampling.temperature", None, "it must be 0 to 2"),
        ("sampling.temprature", 1, "Did you mean sampling.temperature"),
        ("models.a.sampling.temperature", 3, "it must be 0 to 2"),
        ("models.a.temperature", 1, "there is no setting"),
        ("keys.chat.help", "f1", "it must be a list of keys"),
    ],
)
def test_what_it_may_not_be_changes_nothing(file: SettingsFile, key: str, value: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        file.set(key, value)
    assert not file.path.exists()


def test_names_of_the_users_are_sections_and_leave_when_they_are_empty(file: SettingsFile) -> None:
    file = written(file, "[sampling]\ntop_k = 3\n")
    file.set("models.OpenVINO/Qwen3-0.6B.sampling.temperature", 0.6)
    file.set("presets.my own.top_k", 9)
    file.set("keys.chat.regenerate", ["ctrl+y"])
    assert file.settings.for_model("OpenVINO/Qwen3-0.6B") == {"temperature": 0.6}
    assert file.settings.presets == {"my own": {"top_k": 9}}
    assert tomllib.loads(file.path.read_text()) == {
        "sampling": {"top_k": 3},
        "models": {"OpenVINO/Qwen3-0.6B": {"sampling": {"temperature": 0.6}}},
        "presets": {"my own": {"top_k": 9}},
        "keys": {"chat": {"regenerate": ["ctrl+y"]}},
    }
    for key in [*file.settings.user]:
        if key != "sampling.top_k":
            file.reset(key)
    assert file.path.read_text().strip() == "[sampling]\ntop_k = 3"


def test_looking_tells_what_changed_here_and_in_the_file_once(file: SettingsFile) -> None:
    assert file.look() == frozenset()
    file.set("sampling.top_k", 40)  # the default, and now the user's
    file.set("sampling.top_p", 0.5)
    assert file.look() == {"sampling.top_k", "sampling.top_p"}
    assert file.look() == frozenset()
    file.path.write_text('[sampling]\ntop_k = 40\n[appearance]\ntheme = "mine"\n')
    assert file.look() == {"sampling.top_p", "appearance.theme"}
    assert file.settings["appearance.theme"] == "mine"
    file.path.unlink()
    assert file.look() == {"sampling.top_k", "appearance.theme"}


def test_who_is_told_is_told_after_every_change(file: SettingsFile) -> None:
    told: list[float] = []
    file.told = lambda: told.append(file.settings["sampling.temperature"])
    file.set("sampling.temperature", 0.5)
    file.reset("sampling.temperature")
    assert told == [0.5, 0.7]


def test_while_somebody_is_at_it_with_an_editor_what_was_set_stays_in_effect(file: SettingsFile) -> None:
    file = written(file, COMMENTED)
    file.path.write_text("[sampling\n")
    assert file.look() == frozenset()
    assert file.settings["sampling.temperature"] == 0.5
    (notice,) = file.settings.notices
    assert "line 1" in notice
    assert notice.endswith("what was set before stays in effect.")
    file.path.write_text("[sampling]\n")
    assert file.look() == {"sampling.temperature", "engine.threads"}
    assert file.settings.notices == ()


@pytest.mark.parametrize("text", ["[sampling\n", "sampling = 3\n", "[[sampling]]\n", "x = " + "[" * 5000])
def test_a_file_that_is_not_understood_is_left_alone(file: SettingsFile, text: str) -> None:
    file = written(file, text)
    with pytest.raises(StoreError, match=r"cannot be changed: .*editor"):
        file.set("sampling.temperature", 1)
    assert file.path.read_text() == text
    assert file.settings["sampling.temperature"] == 0.7


def test_a_file_that_is_not_utf8_is_left_alone(file: SettingsFile) -> None:
    written(file, "")
    file.path.write_bytes(b"# caf\xe9\n")
    with pytest.raises(StoreError, match="cannot be changed"):
        file.set("sampling.temperature", 1)
    assert file.path.read_bytes() == b"# caf\xe9\n"


def test_a_read_only_file_is_left_alone(file: SettingsFile, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(file, COMMENTED)
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everything
    with pytest.raises(StoreError, match="it is read-only"):
        file.set("sampling.temperature", 1)
    assert file.path.read_text() == COMMENTED
    assert file.settings["sampling.temperature"] == 0.5


def test_a_link_goes_on_leading_to_the_file(file: SettingsFile, tmp_path: Path) -> None:
    kept = tmp_path / "dotfiles.toml"
    kept.write_text(COMMENTED)
    file.path.parent.mkdir()
    file.path.symlink_to(kept)
    SettingsFile(file.path).set("sampling.temperature", 1)
    assert file.path.is_symlink()
    assert "temperature = 1.0 # was 0.7" in kept.read_text()


def test_processes_that_set_at_once_lose_nothing(file: SettingsFile) -> None:
    file = written(file, "# mine\n")
    code = (
        "import sys; from pathlib import Path; from tui.store.settings_file import SettingsFile\n"
        "file = SettingsFile(Path(sys.argv[1]))\n"
        "for number in range(20): file.set(f'presets.{sys.argv[2]}{number}.top_k', number)\n"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, str(file.path), name]) for name in "ab"]
    assert [writer.wait() for writer in writers] == [0, 0]
    file.look()
    assert set(file.settings.presets) == {f"{name}{number}" for name in "ab" for number in range(20)}
    assert file.path.read_text().startswith("# mine\n")


FORMS = [
    "",
    COMMENTED,
    "sampling.top_k = 4 # x\n[engine]\nthreads = 3\n",
    "sampling = {top_k = 4}\n",
    '"sampling"."top_k" = 3\n[engine]\n',
    '"sampling.top_k" = 3\n[sampling]\ntop_k = 4\n',
    '[keys]\nchat.help = ["f1"]\n"chat.help" = ["f3"]\n"app.quit" = ["f2"]\n',
    '[keys.chat]\nhelp = ["f1"]\n[models.a.sampling]\ntop_k = 3\n',
    '[models."a.b"]\nsampling = {top_k = 3}\n[presets]\nmine = {temperature = 0.3}\n',
    "[sampling]\ntop_k = 1\n[engine]\n[sampling.x]\na = 1\n",
    "x = [\n1, # one\n]\n# last\n",
]
WANTED = [
    ("sampling.top_k", 7),
    ("sampling.stop", ["\n", '"']),
    ("keys.chat.help", ["f4"]),
    ("keys.chat.new_chat", ["f5", "f6"]),
    ("keys.app.quit", []),
    ("models.a.b.sampling.top_k", 8),
    ("models.a.sampling.top_p", 0.25),
    ("presets.mine.temperature", 1.5),
]


@given(
    st.sampled_from(FORMS),
    st.lists(st.tuples(st.sampled_from(WANTED), st.booleans()), max_size=8),
    st.sampled_from("\n "),
)
def test_however_it_is_written_one_key_changes_and_comments_stay(
    form: str, changes: list[tuple[tuple[str, Any], bool]], end: str
) -> None:
    text = form.rstrip("\n") + end.strip(" ")
    for (key, value), is_set in changes:
        before, count = dict(flat(tomllib.loads(text))), text.count("# ")
        changed = changed_text(text, {key: value if is_set else None})
        text = text if changed is None else changed
        after = dict(flat(tomllib.loads(text)))
        assert after == {name: each for name, each in before.items() if name != key} | ({key: value} if is_set else {})
        assert text.count("# ") >= count - (not is_set)  # one beside a value leaves with it


def test_every_shipped_value_can_be_set(file: SettingsFile) -> None:
    for key in SCHEMA:
        file.set(key, file.settings[key])
    assert file.settings.user == file.settings.shipped
