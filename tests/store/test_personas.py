from __future__ import annotations

import os
from pathlib import Path

import pytest

from tui.store import personas
from tui.store.errors import StoreError
from tui.store.personas import Persona


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OVCHAT_HOME", str(tmp_path))
    return tmp_path / "personas"


def write(folder: Path, name: str, text: str | bytes) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())


def test_there_are_none_at_first(folder: Path) -> None:
    assert personas.all_personas() == ([], [])
    assert not folder.exists()


@pytest.mark.parametrize(
    "persona",
    [
        Persona("brief", "Be brief."),
        Persona(
            "Übersetzer 2", 'Say "so":\n\n  \'\'\' """ \\ \\n ü 河\n\tend', "qwen3", {"temperature": 0.5, "top_k": 3}
        ),
        Persona("crlf", "one\r\ntwo"),
        Persona("control", "a\x07b\x1b[31m"),
        Persona("texts", "", "", {"stop": ("a", "b"), "max_tokens": None, "seed": 7}),
        Persona("nothing"),
    ],
    ids=lambda persona: persona.name,
)
def test_what_is_saved_is_read_again(folder: Path, persona: Persona) -> None:
    personas.save(persona)
    assert personas.all_personas() == ([persona], [])
    assert personas.persona(persona.name) == persona
    assert (folder / f"{persona.name}.toml").stat().st_mode & 0o077 == 0


def test_a_prompt_of_several_lines_can_be_edited_as_such(folder: Path) -> None:
    personas.save(Persona("long", "first line\nsecond line"))
    assert "first line\nsecond line" in personas.text_of("long")


def test_comments_stay_and_what_is_gone_goes(folder: Path) -> None:
    write(folder, "mine.toml", '# my own\nsystem = "old"  # why\nmodel = "m"\n\n[sampling]\ntop_k = 3\n')
    personas.save(Persona("mine", "new", "", {"temperature": 0.25}))
    text = personas.text_of("mine")
    assert "# my own" in text
    assert "# why" in text
    assert personas.persona("mine") == Persona("mine", "new", "", {"temperature": 0.25})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('system = "a"\nmodel = 3\n', "line 2: model is 3, it must be a text."),
        (
            'system = """\nmodel = x\n"""\n[sampling]\ntop_k = 1\ntemperature = 9\n',
            "line 6: sampling.temperature is 9, it must",
        ),
        ("\nsampling.temprature = 1\n", "line 2: there is no sampling parameter temprature."),
        ('model = "a"\n\nsytem = "b"\n', "line 3: there is no sytem; a persona has system, model and [sampling]."),
        ("[other]\n\na = 1\n", "line 3: there is no other"),
        ("sampling = 3\n", "line 1: sampling must be a table."),
        ("system = \n", "is not valid TOML: Invalid value (at line 1, column 10)."),
        (b'system = "a"\nmodel = "\xff"\n', "line 2: this is not UTF-8 text."),
        ("a = " + "[" * 5000, "is not valid TOML"),
    ],
)
def test_a_bad_file_is_named_with_its_line_and_left_out(folder: Path, text: str | bytes, said: str) -> None:
    write(folder, "good.toml", 'system = "g"')
    write(folder, "bad.toml", text)
    found, [wrong] = personas.all_personas()
    assert [each.name for each in found] == ["good"]
    assert str(folder / "bad.toml") in wrong.sentence
    assert said in wrong.sentence
    with pytest.raises(StoreError, match=r"bad\.toml"):
        personas.persona("bad")


@pytest.mark.skipif(os.name != "posix", reason="a file of that kind")
@pytest.mark.timeout(20)  # else it would wait for one that writes
def test_a_pipe_is_named_and_left_out(folder: Path) -> None:
    write(folder, "good.toml", 'system = "g"')
    os.mkfifo(folder / "bad.toml")
    found, [wrong] = personas.all_personas()
    assert [each.name for each in found] == ["good"]
    assert wrong.sentence.startswith(f"{folder / 'bad.toml'} cannot be read: it is a pipe, not a file")


def test_other_files_are_none(folder: Path) -> None:
    write(folder, ".half.toml", "x")
    write(folder, "notes.md", "x")
    write(folder, "bom.toml", b"\xef\xbb\xbfsystem = 'a'\r\n")
    assert [each.name for each in personas.all_personas()[0]] == ["bom"]


@pytest.mark.parametrize("name", ["", " ", "a ", ".a", "a/b", "..", "a\nb", "a:b", "none", "None", "x" * 61])
def test_what_cannot_be_a_name_is_said(folder: Path, name: str) -> None:
    assert personas.why_not_a_name(name)
    with pytest.raises(StoreError):
        personas.save(Persona(name, "x"))
    assert not folder.exists()


def test_one_that_is_not_there_is_told_with_those_that_are(folder: Path) -> None:
    personas.save(Persona("brief", "x"))
    with pytest.raises(StoreError, match=r"no persona 'bref'\. Did you mean brief\? There are: brief"):
        personas.persona("bref")


def test_a_deleted_one_is_gone(folder: Path) -> None:
    personas.save(Persona("brief", "x"))
    personas.delete("brief")
    personas.delete("brief")
    assert personas.all_personas() == ([], [])


def test_the_persona_that_has_a_system_prompt() -> None:
    known = [Persona("a", ""), Persona("b", "Be brief.")]
    assert personas.name_of("Be brief.", known) == "b"
    assert personas.name_of("", known) == ""
    assert personas.name_of("Be long.", known) == ""


def test_of_several_with_one_system_prompt_it_is_the_one_that_was_taken() -> None:
    known = [Persona("a", "Be brief."), Persona("b", "Be brief."), Persona("c"), Persona("d")]
    assert personas.name_of("Be brief.", known, "b") == "b"
    assert personas.name_of("Be brief.", known, "gone") == "a"
    assert personas.name_of("", known, "d") == "d"
    assert personas.name_of("", known, "a") == ""
