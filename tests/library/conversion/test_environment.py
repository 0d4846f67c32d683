"""The environment of the tools: made once, whole or not at all; or one of the user's, if it has what it takes."""

from __future__ import annotations

import io
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.waiting import wait_until
from tui.engine.errors import Cancelled, OvchatError
from tui.library.conversion import environment as module
from tui.library.conversion.environment import Environment, environment, index_of, install, of_user
from tui.library.conversion.failures import ConversionFailed
from tui.library.conversion.pins import PYTORCH_CPU_INDEX, Pins
from tui.library.conversion.tool import Where
from tui.library.progress import Progress
from tui.store.files import locked_now
from tui.store.settings import load_settings

Install = Callable[..., Environment]


@pytest.fixture
def where(tmp_path: Path) -> Where:
    work = tmp_path / "work"
    work.mkdir()
    log = io.StringIO()
    log.name = "the.log"  # type: ignore[misc]
    return Where(work, log, {})


@pytest.fixture
def installed(home: Path, python: Path, where: Where, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install one, with the fake interpreter as ours."""
    monkeypatch.setattr(module.sys, "executable", str(python))

    def installed(
        pins: Pins | None = None, stop: threading.Event | None = None, reports: list[Progress] | None = None
    ) -> Environment:
        wanted = environment(pins or Pins())
        report = (lambda _: None) if reports is None else reports.append
        install(wanted, load_settings(), where, report, stop or threading.Event())
        return wanted

    return installed


def calls(tmp_path: Path) -> list[list[str]]:
    file = tmp_path / "calls"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def folders(home: Path) -> list[str]:
    return sorted(path.name for path in (home / "convert").iterdir() if path.is_dir())


def test_it_is_made_once_and_tried(installed: Install, home: Path, tmp_path: Path) -> None:
    reports: list[Progress] = []
    made = installed(reports=reports)
    assert made.is_ready
    assert made.python == home / "convert" / "transformers-5.0.0" / "bin" / "python"
    assert folders(home) == ["transformers-5.0.0"]
    venv, torch, others, optimum, tried = calls(tmp_path)
    assert venv[:2] == ["-m", "venv"]
    assert torch[-4:] == ["--no-deps", "--extra-index-url", PYTORCH_CPU_INDEX, "torch==2.13.0+cpu"]
    assert {"transformers==5.0.0", "nncf==3.4.0", "openvino==2026.4.1"} < set(others)
    assert "--extra-index-url" not in others
    assert optimum[-2:] == ["--no-deps", "optimum-intel==2.2.0"]
    assert "optimum.exporters.openvino" in tried[1]
    assert {"making an environment", "downloading", "trying the tools"} <= {report.doing for report in reports}
    installed()
    assert len(calls(tmp_path)) == 5


def test_other_versions_get_another_one(installed: Install, home: Path) -> None:
    installed()
    installed(Pins("4.57.6"))
    assert folders(home) == ["transformers-4.57.6", "transformers-5.0.0"]


def test_one_made_for_another_openvino_is_made_anew(installed: Install, tmp_path: Path) -> None:
    made = installed()
    assert made.folder is not None
    versions = made.folder / "versions.json"
    versions.write_text(versions.read_text().replace("2026.4.1", "2025.1.0"))
    assert not made.is_ready
    installed()
    assert made.is_ready
    assert len(calls(tmp_path)) == 10


def test_the_settings_say_where_from(installed: Install, home: Path, tmp_path: Path) -> None:
    home.mkdir()
    (home / "settings.toml").write_text(
        '[convert]\nextra_index_url = "none"\npip_args = ["--index-url", "file:///x"]\n'
    )
    installed()
    _, torch, others, _, _ = calls(tmp_path)
    assert torch[-2:] == ["--no-deps", "torch==2.13.0"]
    assert "--extra-index-url" not in torch
    assert others[5:7] == ["--index-url", "file:///x"]


def test_on_macos_pypi_alone_is_asked(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.sys, "platform", "darwin")
    assert index_of(load_settings()) == ""
    monkeypatch.setattr(module.sys, "platform", "win32")
    assert index_of(load_settings()) == PYTORCH_CPU_INDEX


def test_nothing_of_one_that_failed_is_left(installed: Install, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_DOES", "ERROR: No matching distribution found for torch==2.13.0+cpu")
    with pytest.raises(ConversionFailed, match="pip finds no torch"):
        installed()
    assert folders(home) == []


def test_nothing_of_one_that_was_stopped_is_left(
    installed: Install, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_DOES", "hang")
    stop, ended = threading.Event(), threading.Event()

    def work() -> None:
        with pytest.raises(Cancelled):
            installed(stop=stop)
        ended.set()

    threading.Thread(target=work).start()
    wait_until((tmp_path / "pids").exists)
    assert folders(home) == [".transformers-5.0.0"]
    stop.set()
    wait_until(ended.is_set)
    assert folders(home) == []


def test_two_at_once(installed: Install, home: Path) -> None:
    with locked_now(home / "convert" / "install"), pytest.raises(ConversionFailed, match="Another ovchat installs"):
        installed()


def test_one_of_the_users_is_checked(python: Path, where: Where, monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()
    assert of_user(python, Pins(), where, stop) == (Environment(Pins(), None, python), [])
    monkeypatch.setenv("FAKE_TRANSFORMERS", "4.51.0+local")
    _, (notice,) = of_user(python, Pins(), where, stop)
    assert "has transformers 4.51.0+local, not 5.0.0" in notice
    monkeypatch.setenv("FAKE_LACKS", "nncf")
    with pytest.raises(OvchatError, match="has no nncf") as raised:
        of_user(python, Pins(), where, stop)
    assert f"{python} -m pip install nncf==3.4.0" in raised.value.next_step


def test_the_folder_of_an_environment_will_do(python: Path, where: Where, tmp_path: Path) -> None:
    (tmp_path / "env" / "bin").mkdir(parents=True)
    link = tmp_path / "env" / "bin" / "python"
    link.symlink_to(python)
    found, _ = of_user(tmp_path / "env", Pins(), where, threading.Event())
    assert found.python == link  # what it leads to has not the environment's packages


def test_what_is_no_interpreter_is_said(where: Where, tmp_path: Path) -> None:
    with pytest.raises(OvchatError, match=r"There is no .*nowhere"):
        of_user(tmp_path / "nowhere", Pins(), where, threading.Event())
    other = tmp_path / "other"
    other.write_text("#!/bin/sh\necho what is this\nexit 2\n")
    os.chmod(other, 0o755)
    with pytest.raises(OvchatError, match="no Python that can be used: what is this"):
        of_user(other, Pins(), where, threading.Event())
    other.chmod(0o600)
    with pytest.raises(OvchatError, match="cannot be run: Permission denied"):
        of_user(other, Pins(), where, threading.Event())


@pytest.mark.parametrize("writes", ["yes", "yes x | tr -d '\\n'"])
def test_what_writes_without_end_is_no_interpreter(where: Where, tmp_path: Path, writes: str) -> None:
    other = tmp_path / "other"
    other.write_text(f"#!/bin/sh\n{writes}\n")
    other.chmod(0o700)
    with pytest.raises(OvchatError, match=f"{other} writes without end"):
        of_user(other, Pins(), where, threading.Event())
