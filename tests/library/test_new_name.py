"""What a new model may be called, wherever it comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.library.folders import ir
from tui.library.find import Places, find_models
from tui.library.new_name import is_device, why_no_name, why_taken


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("new", ""),
        ("owner/new", ""),
        ("MINE", "There is a model mine already."),
        ("owner/mine", "There is a model owner/mine already."),
        ("mine/new", "{models}/mine is a model; another one cannot be in it."),
        ("owner", "owner is an owner already: owner/mine is in {models}/owner."),
        ("file", "There is {models}/file already."),
        ("loop", "There is {models}/loop already."),
    ],
)
def test_what_is_in_the_way_of_a_new_model(tmp_path: Path, name: str, why: str) -> None:
    ir(tmp_path / "mine")
    ir(tmp_path / "owner" / "mine")
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    places = Places(models=tmp_path, added=(), hugging_face=tmp_path / "none")
    assert why_taken(name, tmp_path, find_models(places)) == why.format(models=tmp_path)


@pytest.mark.parametrize(("name", "is_one"), [("NUL", True), ("com1.txt", True), ("nulls", False), ("a.nul", False)])
def test_names_that_windows_takes_for_devices(name: str, is_one: bool) -> None:
    assert is_device(name) is is_one


@pytest.mark.parametrize(("name", "why"), [("-x", "a shell would take it for an option"), ("a-x", ""), ("a/-x", "")])
def test_what_begins_as_an_option_does_is_no_name(name: str, why: str) -> None:
    assert why_no_name(name) == why
