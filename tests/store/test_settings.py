from __future__ import annotations

import os
import tomllib
from dataclasses import fields
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.engine.errors import BadParameter
from tui.engine.options import EngineOptions
from tui.engine.sampling_params import SamplingParams
from tui.store import paths
from tui.store.errors import StoreError
from tui.store.settings import SCHEMA, Kind, Setting, load_settings, setting_of, shipped_help
from tui.store.settings_file import SettingsFile


@pytest.fixture
def user_file(tmp_path: Path) -> Path:
    return tmp_path / "settings.toml"


def test_without_a_file_of_the_user_the_shipped_values_are_in_effect(user_file: Path) -> None:
    settings = load_settings(user_file)
    assert settings["sampling.temperature"] == 0.7
    assert settings["sampling.max_tokens"] is None
    assert settings["sampling.stop"] == ()
    assert settings["engine.device"] is None
    assert settings.user == {}
    assert settings.notices == ()
    assert not user_file.exists()


def test_the_users_values_win_and_are_told_apart(user_file: Path) -> None:
    user_file.write_text('[sampling]\ntemperature = 1\nstop = ["END"]\nseed = 7\n[engine]\ndevice = "gpu"\n')
    settings = load_settings(user_file)
    assert settings["sampling.temperature"] == 1.0
    assert settings["engine.device"] == "gpu"
    assert settings.user_section("sampling") == {"temperature": 1.0, "stop": ("END",), "seed": 7}
    assert settings.shipped_section("sampling")["temperature"] == 0.7
    assert settings.section("sampling")["seed"] == 7
    assert settings.section("sampling")["top_k"] == 40


def test_a_bad_value_is_named_with_its_line_and_the_default_used(user_file: Path) -> None:
    text = '# mine\n[sampling]\nstop = [\n  "a",\n]\ntemperature = 3.5 # hot\ntop_k = 5\n'
    user_file.write_text(text)
    settings = load_settings(user_file)
    assert settings["sampling.temperature"] == 0.7
    assert settings["sampling.top_k"] == 5
    assert settings.notices == (
        f"{user_file}, line 6: sampling.temperature is 3.5, it must be 0 to 2; the default is used.",
    )
    assert user_file.read_text() == text


def test_a_bad_value_of_a_long_file_is_named_at_once(user_file: Path) -> None:
    models = "".join(f'[models."m{number}".sampling]\ntemperature = 0.5\n' for number in range(3000))
    user_file.write_text(f"{models}[sampling]\nstop = [\n  'a',\n]\ntop_p = 7\n# {'long ' * 9}\n")
    began = perf_counter()
    (notice,) = load_settings(user_file).notices
    assert "line 6005: sampling.top_p is 7" in notice
    assert perf_counter() - began < 10  # 0.2 s; it was minutes


def test_an_unknown_key_is_named_with_its_line_and_the_nearest_one(user_file: Path) -> None:
    user_file.write_text("[sampling]\n\ntemprature = 0.5\n")
    (notice,) = load_settings(user_file).notices
    assert notice.startswith(f"{user_file}, line 3: there is no setting sampling.temprature")
    assert "Did you mean sampling.temperature?" in notice


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"[sampling\n", "line 1"),
        (b"[sampling]\ntop_k = 5\ntop_k = 6\n", "line 3"),
        (b"[sampling]\n# caf\xe9\n", "line 2"),
        (b"x = " + b"[" * 50_000, "not valid TOML"),
        (b"x = " + b"9" * 5_000, "not valid TOML"),
        (b"sampling.top_k = 0x" + b"f" * 5_000, "top_k is a number of thousands of digits, it must be a whole number"),
        (b"sampling.min_tokens = 1" + b"0" * 30, "it must be a whole number of tokens, 0 to 2147483647; the default"),
        (b".".join([b"a"] * 2_000) + b" = 1", "not valid TOML"),
    ],
)
def test_a_file_that_cannot_be_read_leaves_the_defaults(user_file: Path, content: bytes, says: str) -> None:
    user_file.write_bytes(content)
    settings = load_settings(user_file)
    (notice,) = settings.notices
    assert says in notice
    assert str(user_file) in notice
    assert settings.user == {}


def test_a_folder_in_the_place_of_the_file_leaves_the_defaults(user_file: Path) -> None:
    user_file.mkdir()
    (notice,) = load_settings(user_file).notices
    assert "cannot be read" in notice


@pytest.mark.skipif(os.name != "posix", reason="a file of that kind")
@pytest.mark.timeout(20)  # else it would wait for one that writes
def test_a_pipe_in_the_place_of_the_file_is_named_and_stays(user_file: Path) -> None:
    os.mkfifo(user_file)
    (notice,) = load_settings(user_file).notices
    assert notice.startswith(f"{user_file} cannot be read (it is a pipe, not a file; put a file in its place, or")
    with pytest.raises(StoreError, match=r"settings\.toml cannot be written: it is a pipe"):
        SettingsFile(user_file).set("sampling.top_k", 3)
    assert user_file.is_fifo()


def test_windows_line_ends_and_a_byte_order_mark_are_fine(user_file: Path) -> None:
    user_file.write_bytes(b"\xef\xbb\xbf[sampling]\r\ntop_k = 5\r\ntop_p = 7\r\n")
    settings = load_settings(user_file)
    assert settings["sampling.top_k"] == 5
    assert "line 3: sampling.top_p is 7" in settings.notices[0]


@pytest.mark.parametrize(
    ("setting", "good", "bad"),
    [
        (Setting("a.b", Kind.INTEGER, 1, 5), [1, 5], [0, 6, 1.0, True, "1", None, float("nan")]),
        (Setting("a.b", Kind.NUMBER, 0, 2), [0, 2, 0.5], [-0.1, 2.1, True, "1", float("nan"), float("inf")]),
        (Setting("a.b", Kind.NUMBER, 0, 10, above=True), [0.1, 10], [0, 10.1]),
        (Setting("a.b", Kind.CHOICE, choices=("x", "y")), ["x"], ["z", "", 1, ["x"]]),
        (Setting("a.b", Kind.TEXT, unit="a text"), ["x"], ["", "  ", 1]),
        (Setting("a.b", Kind.TEXTS), [[], ["x"]], ["x", [""], [1], None]),
    ],
)
def test_each_kind_takes_its_values_and_no_others(setting: Setting, good: list[Any], bad: list[Any]) -> None:
    for value in good:
        assert setting.checked(value) == (tuple(value) if isinstance(value, list) else value)
    for value in bad:
        with pytest.raises(ValueError, match="it must be"):
            setting.checked(value)


def test_the_unset_word_is_read_as_none_and_only_where_there_is_one() -> None:
    assert Setting("a.b", Kind.INTEGER, unset="auto").checked("auto") is None
    with pytest.raises(ValueError, match="whole number"):
        Setting("a.b", Kind.INTEGER).checked("auto")


def test_there_is_a_setting_for_the_keys_of_every_binding_written_in_either_way(user_file: Path) -> None:
    user_file.write_text('[keys]\nchat.regenerate = ["ctrl+y"]\n"app.quit" = ["f10", "ctrl+q"]\nchat.help = "f1"\n')
    settings = load_settings(user_file)
    assert settings.user_section("keys") == {"chat.regenerate": ("ctrl+y",), "app.quit": ("f10", "ctrl+q")}
    assert settings.notices == (
        f"{user_file}, line 4: keys.chat.help is 'f1', it must be a list of keys; the default is used.",
    )
    assert setting_of("keys.") is setting_of("keys") is None


TOML_VALUES = st.recursive(
    st.integers(-(2**63), 2**63 - 1) | st.booleans() | st.text("ab \"'\\\n#=[]", max_size=6) | st.floats(width=32),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from([*SCHEMA, "sampling.other", "other.temperature"]), TOML_VALUES, max_size=5))
def test_whatever_the_file_says_every_value_in_effect_is_allowed(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, Any]
) -> None:
    import tomlkit

    path = tmp_path_factory.mktemp("settings") / "settings.toml"
    path.write_text("".join(f"{key} = {tomlkit.item(value).as_string()}\n" for key, value in values.items()))
    settings = load_settings(path)
    for key, setting in SCHEMA.items():
        used = settings[key]
        assert setting.checked(setting.unset if used is None else used) == used
    assert len(settings.user) + len(settings.notices) == len(values)
    lines = path.read_text().split("\n")
    for notice in settings.notices:
        line = int(notice.split(", line ")[1].split(":")[0])
        assert lines[line - 1].split(" =")[0] in notice


# settings.toml, the schema and the engine's dataclasses say the same.


def shipped() -> dict[str, Any]:
    sections = tomllib.loads(paths.data_file("settings.toml").read_text("utf-8"))
    return {f"{section}.{name}": value for section, table in sections.items() for name, value in table.items()}


def test_the_shipped_file_has_every_key_of_the_schema_and_no_other() -> None:
    assert list(shipped()) == list(SCHEMA)


def test_above_every_shipped_key_are_its_help_and_last_its_range() -> None:
    lines = paths.data_file("settings.toml").read_text("utf-8").splitlines()
    for key, setting in SCHEMA.items():
        at = next(n for n, line in enumerate(lines) if line.startswith(f"{key.split('.')[1]} = "))
        assert lines[at - 1].casefold() == f"# {setting.range}.".casefold()
    helps = shipped_help()
    assert list(helps) == list(SCHEMA)
    assert all(text.endswith(".") and len(text) > 20 for text in helps.values())


def test_every_sampling_setting_is_a_sampling_parameter_with_the_same_range() -> None:
    names = {field.name for field in fields(SamplingParams)}
    for key, setting in SCHEMA.items():
        section, name = key.split(".")
        if section != "sampling":
            continue
        assert name in names
        if setting.kind not in (Kind.INTEGER, Kind.NUMBER):
            continue
        step = 1 if setting.kind is Kind.INTEGER else 0.01
        high = min(setting.high, 2**62)  # Above 2**53 the engine compares floats.
        inside = [high] if name != "min_tokens" else []
        inside.append(setting.low + step if setting.above else setting.low)
        outside = [setting.low if setting.above else setting.low - step, setting.high + step]
        for value in inside:
            SamplingParams(**{name: value})
        for value in outside:
            with pytest.raises(BadParameter):
                SamplingParams(**{name: value})


def test_the_shipped_values_are_sampling_parameters_and_engine_options() -> None:
    settings = load_settings(Path("none/settings.toml"))
    SamplingParams(**settings.section("sampling"))
    engine = settings.section("engine")
    assert engine.pop("device") is None
    assert {field.name for field in fields(EngineOptions)} == set(engine)
    assert EngineOptions(**engine) == EngineOptions()


def test_every_sampling_parameter_that_people_set_is_a_setting_for_all_for_one_model_and_in_a_preset() -> None:
    names = {field.name for field in fields(SamplingParams)} - {"logit_bias", "ignore_eos", "logprobs"}
    assert {key.split(".")[1] for key in SCHEMA if key.startswith("sampling.")} == names
    for name in names:
        for key in (f"models.me/a.b.sampling.{name}", f"presets.my own.{name}"):
            setting = setting_of(key)
            assert setting is not None
            assert setting.range == SCHEMA[f"sampling.{name}"].range
    assert setting_of("models.me/a.b.sampling.other") is setting_of("presets.my own.other") is None


@pytest.mark.parametrize("name", ["", " "])
def test_the_name_of_a_preset_or_a_model_is_not_empty(user_file: Path, name: str) -> None:
    user_file.write_text(f'[presets."{name}"]\ntop_k = 3\n[models."{name}".sampling]\ntop_k = 3\n')
    settings = load_settings(user_file)
    assert settings.user == {}
    assert [notice.removeprefix(f"{user_file}, ") for notice in settings.notices] == [
        f"line 2: the name of a preset cannot be empty, as in presets.{name}.top_k: "
        "write presets.NAME.top_k. It is ignored.",
        f"line 4: the name of a model cannot be empty, as in models.{name}.sampling.top_k: "
        "write models.NAME.sampling.top_k. It is ignored.",
    ]
    with pytest.raises(ValueError, match="the name of a preset cannot be empty"):
        SettingsFile(user_file).put(f"presets.{name}", {"top_k": 4})


def test_a_model_that_is_not_here_now_keeps_its_values(user_file: Path) -> None:
    user_file.write_text("[models.NOPE.sampling]\ntop_k = 3\n")  # its disk may not be plugged in
    settings = load_settings(user_file)
    assert settings.for_model("NOPE") == {"top_k": 3}
    assert settings.notices == ()


def test_engine_choices_are_those_of_the_engine() -> None:
    for key, setting in SCHEMA.items():
        section, _, name = key.partition(".")
        if section != "engine" or setting.kind is not Kind.CHOICE:
            continue
        with pytest.raises(BadParameter) as raised:
            EngineOptions(**{name: "no such value"})
        assert raised.value.next_step == f"{name} is one of: {', '.join(setting.choices)}."


def test_a_file_full_of_mistakes_is_parsed_once_for_each_line(user_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    loads = tomllib.loads
    monkeypatch.setattr(tomllib, "loads", lambda text: parsed.append(text) or loads(text))
    user_file.write_text("".join(f"key{number} = 1\n" for number in range(100)))
    notices = load_settings(user_file).notices
    assert [notice.removeprefix(f"{user_file}, line ").split(":")[0] for notice in notices] == [
        str(number) for number in range(1, 101)
    ]
    assert len(parsed) <= 103  # the shipped file, this one, and its beginnings
