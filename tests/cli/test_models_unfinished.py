"""Pulls and conversions that have not ended: `ovchat models list` says so, and `--discard` gives them up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tui.cli.commands import cli
from tui.library.conversion.begun import Asked, Begun
from tui.library.conversion.presets import Weights
from tui.library.folders import in_one_part
from tui.library.hub import RemoteFile, Repository
from tui.library.partial import PARTIAL, Partial

NAME = "OpenVINO/tiny-int4-ov"
XML, BIN = "openvino_model.xml", "openvino_model.bin"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The models folder."""
    monkeypatch.setenv("OVCHAT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "home" / "models"


def models(*arguments: str, **given: Any) -> Result:
    return CliRunner().invoke(cli, ["models", *arguments], **given)


@pytest.fixture
def paused(folder: Path) -> Partial:
    """A pull that was stopped after 1.5 MB."""
    pull = Partial(folder, NAME)
    pull.begin(Repository(NAME, "abc", tuple(RemoteFile(name, 4_000_000, "0" * 64) for name in (XML, BIN))))
    (pull.model / XML).write_bytes(bytes(500_000))
    (pull.model / BIN).write_bytes(bytes(1_000_000))
    return pull


@pytest.mark.usefixtures("paused")
def test_the_list_says_how_much_is_here_of_a_pull_and_how_to_go_on() -> None:
    said = (
        f"The pull of {NAME} is not finished: 1.5 MB of it are here. Go on: ovchat models pull {NAME}    "
        f"Give it up: ovchat models pull {NAME} --discard"
    )
    for arguments in ((), ("list",)):
        shown = models(*arguments)
        assert (shown.exit_code, shown.stderr) == (0, f"Note: {said}\n")
        assert NAME not in shown.stdout
    found = json.loads(models("list", "--json").stdout)
    assert found["notices"] == [said]
    assert [model["name"] for model in found["models"]] == ["starter"]


def test_a_pull_that_is_at_work_is_not_said_to_wait(paused: Partial) -> None:
    with paused.locked():
        assert models("list").stderr == ""


def test_where_nobody_may_go_on_the_list_is_there_all_the_same(folder: Path, paused: Partial) -> None:
    lock = folder / PARTIAL / f"{in_one_part(NAME)}.lock"
    lock.mkdir()  # cannot be opened, whoever asks
    shown = models("list")
    assert (shown.exit_code, shown.stdout.split("\t")[0]) == (0, "starter")


@pytest.mark.usefixtures("paused")
def test_what_a_pull_has_left_is_given_up_in_json() -> None:
    gone = models("pull", "--discard", NAME, "--json")
    assert json.loads(gone.stdout) == {"name": NAME, "deleted": True}
    assert gone.stderr == ""
    assert models("list").stderr == ""


def test_what_a_conversion_has_left_is_given_up_in_json(folder: Path) -> None:
    Begun(folder, "org/big").remember(Asked("big", Weights("int8"), None, trust=False))
    gone = models("convert", "org/big", "--discard", "--json")
    assert json.loads(gone.stdout) == {"name": "org/big", "deleted": True}
    assert gone.stderr == ""
