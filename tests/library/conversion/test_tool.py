"""Programs that are run: what is heard of them, what is logged, and that nothing of them outlives the stop."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.processes import all_end, runs, two_noted
from tests.waiting import wait_until
from tui.engine.errors import Cancelled, OvchatError
from tui.library.conversion import kept
from tui.library.conversion.tool import Outcome, Where, run


@pytest.fixture
def log() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def python(tmp_path: Path, log: io.StringIO) -> Callable[..., Outcome]:
    """Run Python code as a tool."""

    def python(code: str, stop: threading.Event | None = None, heard: Callable[[str], None] = print) -> Outcome:
        where = Where(tmp_path, log, {"MINE": "yes"})
        return run([sys.executable, "-c", code], where, stop or threading.Event(), heard)

    return python


def test_lines_are_heard_kept_and_logged_without_control_characters(
    python: Callable[..., Outcome], log: io.StringIO
) -> None:
    heard: list[str] = []
    outcome = python(r"print('\x1b[31mred\x1b[0m \x1b]0;title\x07and \x07 tab\tä')", heard=heard.append)
    assert outcome == Outcome(0, ("red and  tab ä",))
    assert heard == ["red and  tab ä"]
    assert log.getvalue().splitlines()[1:] == heard


def test_lines_that_are_written_over_are_heard_only(python: Callable[..., Outcome], log: io.StringIO) -> None:
    heard: list[str] = []
    outcome = python(
        r"print('1 of 2', end='\r'); print('2 of 2', end='\r'); print('done\r\nlast', end='')", heard=heard.append
    )
    assert heard == ["1 of 2", "2 of 2", "done", "last"]
    assert outcome.lines == ("done", "last")
    assert "1 of 2" not in log.getvalue().partition("\n")[2]


def test_bytes_that_are_no_text_do_no_harm(python: Callable[..., Outcome]) -> None:
    outcome = python(r"import sys; sys.stdout.buffer.write(b'\xff\xfe caf\xc3\xa9\n' + b'x' * 5_000_000)")
    assert outcome.lines[0].endswith("café")
    assert len(outcome.lines[1]) == 2000


def test_the_exit_code_and_the_signal_come_back(python: Callable[..., Outcome]) -> None:
    assert python("raise SystemExit(3)").code == 3
    assert python("import os, signal; os.kill(os.getpid(), signal.SIGKILL)").code == -9


def test_temporary_files_and_variables_are_where_they_are_wanted(
    python: Callable[..., Outcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    code = "import os, tempfile; print(tempfile.gettempdir(), os.environ['MINE'], os.environ.get('PYTHONPATH'))"
    assert python(code).lines == (f"{tmp_path / 'tmp'} yes None",)


def test_a_stop_ends_all_processes_at_once(python: Callable[..., Outcome], tmp_path: Path) -> None:
    code = (
        "import os, signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(tmp_path / 'pids')!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        "time.sleep(600)\n"
    )
    stop, ended = threading.Event(), threading.Event()

    def work() -> None:
        with pytest.raises(Cancelled):
            python(code, stop)
        ended.set()

    threading.Thread(target=work).start()
    pids = tmp_path / "pids"
    wait_until(lambda: two_noted(pids))
    stop.set()
    wait_until(ended.is_set, 5, "half a second where nobody else computes")
    all_end(pids)


def test_what_a_tool_leaves_running_ends_with_it(python: Callable[..., Outcome]) -> None:
    code = (
        "import subprocess, sys\n"
        "command = [sys.executable, '-c', 'import time; time.sleep(600)']\n"
        "print(subprocess.Popen(command, stdout=subprocess.DEVNULL).pid)\n"
    )
    outcome = python(code)
    wait_until(lambda: not runs(int(outcome.lines[0])))


def test_what_cannot_be_run_is_named(tmp_path: Path, log: io.StringIO) -> None:
    with pytest.raises(OvchatError, match="no-such-program cannot be run: No such file"):
        run([str(tmp_path / "no-such-program")], Where(tmp_path, log, {}), threading.Event())


def test_of_a_flood_the_beginning_and_the_end_are_logged(
    python: Callable[..., Outcome], log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "BEGINNING", 1000)
    monkeypatch.setattr(kept, "END", 1000)
    python("print('the first'); [print('again', number) for number in range(10_000)]", heard=lambda _: None)
    said = log.getvalue()
    assert len(said) < 6000
    assert "the first\nagain 0\n" in said
    assert "lines are left out here]\n" in said
    assert said.endswith("again 9999\n")


def test_a_flood_can_be_stopped(python: Callable[..., Outcome]) -> None:
    stop = threading.Event()

    def heard(_: str) -> None:
        stop.set()

    with pytest.raises(Cancelled):
        python("while True: print('y')", stop, heard)


def test_of_a_line_without_end_the_beginning_is_kept(python: Callable[..., Outcome]) -> None:
    heard: list[str] = []
    (line,) = python("print('begins' + 'x' * 5_000_000)", heard=heard.append).lines
    assert heard == [line]
    assert line.startswith("beginsx")
    assert len(line) == 2000
