"""What every command shares: standard streams, the log, failures, the list of commands."""

from __future__ import annotations

import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from tests.cli.conftest import Run
from tui.cli import console
from tui.cli.commands import COMMANDS, cli
from tui.cli.failures import become_exit_codes
from tui.engine.errors import OvchatError


def python(code: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, encoding="utf-8", check=False, timeout=60
    )


def test_help_lists_every_command_with_the_line_of_its_own_help() -> None:
    shown = CliRunner().invoke(cli, ["--help"]).output
    with click.Context(cli) as ctx:
        for name, line in COMMANDS.items():
            command = cli.get_command(ctx, name)
            assert command is not None
            assert command.name == name
            assert command.help is not None
            assert command.help.splitlines()[0] == line
            assert line in shown


def test_help_tells_the_places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OVCHAT_HOME", str(tmp_path))
    shown = "".join(CliRunner().invoke(cli, ["--help"], terminal_width=400).output.split())
    for path in ("settings.toml", "conversations.db", "models", "log"):
        assert str(tmp_path / path) in shown


def test_every_command_explains_its_options(run: Run) -> None:
    for name in COMMANDS:
        shown = run(name, "--help")
        assert shown.returncode == 0
        assert "--debug" in shown.stdout or "Commands:" in shown.stdout
        assert shown.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["aks", "x"], "There is no command 'aks'. Did you mean ask?"),
        (["hello"], "There is no command 'hello'. This version has ask, chat, chats, devices, keys, models, settings."),
        (["hello"], "with a model of your own: ovchat chat -m NAME|DIR"),
        (["hello"], 'To ask something: ovchat ask "..."'),
        (["-m", "x", "ask", "y"], "Options come after the command: ovchat ask -m"),
        (["--nope"], "No such option"),
    ],
)
def test_a_wrong_command_line_exits_with_2_and_a_hint(arguments: list[str], says: str) -> None:
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 2
    assert says in done.output


@pytest.mark.parametrize(
    ("failure", "code", "lines"),
    [
        (OvchatError("It is broken.", "Mend it."), 1, ["Error: It is broken.", "Mend it."]),
        (OvchatError("It is broken."), 1, ["Error: It is broken."]),
        (KeyboardInterrupt(), 130, []),
        (BrokenPipeError(), 141, []),
        (console.OutputFailed("No space left on device"), 1, ["Error: The output could not be written: No space"]),
    ],
)
def test_failures_become_lines_and_exit_codes(
    failure: BaseException, code: int, lines: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(click.exceptions.Exit) as raised, become_exit_codes():
        raise failure
    assert raised.value.exit_code == code
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == len(lines)
    assert all(line.startswith(start) for line, start in zip(said.err.splitlines(), lines, strict=True))


def test_what_click_raises_passes() -> None:
    for failure in (click.UsageError("x"), click.exceptions.Exit(7), click.Abort()):
        with pytest.raises(type(failure)), become_exit_codes():
            raise failure


def test_a_defect_is_one_sentence_and_its_traceback_is_in_the_log(environment: dict[str, str]) -> None:
    code = (
        "import click\nfrom tui.cli.failures import become_exit_codes\n"
        "try:\n    with become_exit_codes():\n        raise ValueError('an odd thing')\n"
        "except click.exceptions.Exit as ended:\n    raise SystemExit(ended.exit_code)"
    )
    done = python(code, environment)
    log = Path(environment["OVCHAT_HOME"]) / "log" / "ovchat.log"
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines()[1:] == [f"The details are in {log}."]
    assert "ValueError: an odd" in done.stderr
    assert "Traceback" in log.read_text()
    if os.name == "posix":
        assert log.stat().st_mode & 0o777 == 0o600
        assert log.parent.stat().st_mode & 0o777 == 0o700


NOISE = """
import ctypes, os, sys, threading
from tui.cli import console, log
console.use_charsets()
path = log.begin({debug})
os.write(1, b"native noise on 1\\n")
os.write(2, b"native noise on 2\\n")
if os.name == "posix":
    ctypes.CDLL(None).printf(b"noise of printf\\n")
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()
import warnings
warnings.warn("a warning")
console.write("the answer\\n")
console.aside("about it")
"""


def test_noise_of_native_code_threads_and_warnings_goes_to_the_log_only(environment: dict[str, str]) -> None:
    done = python(NOISE.format(debug=False), environment)
    assert (done.stdout, done.stderr) == ("the answer\n", "about it\n")
    text = (Path(environment["OVCHAT_HOME"]) / "log" / "ovchat.log").read_text()
    assert "native noise on 1" in text
    assert "native noise on 2" in text
    assert "ZeroDivisionError" in text
    assert "a warning" in text
    if os.name == "posix":
        assert "noise of printf" in text


def test_debug_writes_a_log_of_its_own_and_says_where(environment: dict[str, str]) -> None:
    done = python(NOISE.format(debug=True), environment)
    first, second = done.stderr.splitlines()
    log = Path(first.removeprefix("Log: "))
    assert log.parent == Path(environment["OVCHAT_HOME"]) / "log"
    assert log.name != "ovchat.log"
    assert "native noise" in log.read_text()
    assert second == "about it"


def test_a_long_log_begins_anew_and_keeps_one_old_one(environment: dict[str, str]) -> None:
    folder = Path(environment["OVCHAT_HOME"]) / "log"
    folder.mkdir(parents=True)
    (folder / "ovchat.log").write_text("x" * 1_000_001)
    python(NOISE.format(debug=False), environment)
    assert sorted(path.name for path in folder.iterdir()) == ["ovchat.log", "ovchat.old.log"]
    assert (folder / "ovchat.log").stat().st_size < 10_000


def test_closed_standard_streams_are_no_obstacle(environment: dict[str, str]) -> None:
    if os.name != "posix":
        pytest.skip("needs a POSIX shell")
    command = f"{sys.executable} -m tui devices >&- 2>&- <&-"
    assert subprocess.run(["sh", "-c", command], env=environment, check=False, timeout=60).returncode == 0


def test_control_characters_are_shown_as_what_they_are() -> None:
    assert console.visible("a\x1b[31mb\x07\x7f\x9b\r\n\tc") == "a^[[31mb^G^?\\x9b^M\n\tc"
    assert (
        console.visible("safe\u202etxt.exe\u2066\u2069 שלום\u200f!") == "safe\\u202etxt.exe\\u2066\\u2069 שלום\\u200f!"
    )


TURNS_AROUND = ("LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI")


@given(st.text())
def test_what_is_shown_never_controls_a_terminal_and_printable_text_stays(text: str) -> None:
    shown = console.visible(text)
    assert not [each for each in shown if (ord(each) < 32 or 127 <= ord(each) < 160) and each not in "\n\t"]
    assert not [each for each in shown if unicodedata.bidirectional(each) in TURNS_AROUND]
    printable = "".join(each for each in text if unicodedata.category(each)[0] not in "C")
    assert console.visible(printable) == printable


def test_a_full_disk_is_one_line_for_help_too(run: Run) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full")
    with open("/dev/full", "w") as full:
        done = run("--help", stdout=full)
    assert (done.returncode, done.stderr) == (1, "Error: The output could not be written: No space left on device.\n")


def test_a_log_that_cannot_be_written_is_silent(environment: dict[str, str]) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full")
    folder = Path(environment["OVCHAT_HOME"]) / "log"
    folder.mkdir(parents=True)
    (folder / "ovchat.log").symlink_to("/dev/full")
    code = (
        "import logging\nfrom tui.cli import console, log\n"
        "log.begin()\nlogging.warning('to nowhere')\nconsole.write('the answer\\n')\nconsole.aside('about it')"
    )
    done = python(code, environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "the answer\n", "about it\n")


def test_a_home_that_nobody_knows_is_one_line(environment: dict[str, str]) -> None:
    code = (
        "import pathlib, platformdirs, sys\n"
        "def nobody(*_, **__): raise RuntimeError('no home')\n"
        "platformdirs.user_config_path = nobody\n"
        "sys.argv = ['ovchat', 'ask', 'x']\n"
        "from tui.__main__ import main\nmain()"
    )
    done = python(code, {name: value for name, value in environment.items() if name != "OVCHAT_HOME"})
    assert done.returncode == 1
    assert "no home" in done.stderr
    assert "Traceback" not in done.stderr
