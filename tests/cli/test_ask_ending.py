"""How `ask` ends where somebody interrupts it or leaves, and where there is no room for more."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Run

pytestmark = pytest.mark.skipif(os.name != "posix", reason="POSIX signals and devices")


def start(environment: dict[str, str], *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tui", *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.fixture
def long_answers(environment: dict[str, str]) -> dict[str, str]:
    """An environment in which an answer goes on for thousands of tokens."""
    home = Path(environment["OVCHAT_HOME"])
    home.mkdir()
    (home / "settings.toml").write_text("[sampling]\nmin_tokens = 8000\n[engine]\nbackend = 'stateful'\n")
    return environment


@pytest.mark.usefixtures("long_answers")
def test_an_answer_that_is_cut_off_by_the_context_is_never_silent(ask: Run) -> None:
    done = ask("hello", "-o", "context=64", "--greedy")
    assert done.returncode == 0
    assert done.stderr == "Note: The answer is cut off: the context of 64 tokens is full.\n"


def test_ctrl_c_keeps_what_was_printed(long_answers: dict[str, str], model: str) -> None:
    with start(long_answers, "ask", "-m", model, "hello") as process:
        first = os.read(process.stdout.fileno(), 10)
        process.send_signal(signal.SIGINT)
        pressed = time.monotonic()
        out, error = process.communicate(timeout=30)
        took = time.monotonic() - pressed
    assert process.returncode == 130
    assert first
    assert out.endswith(b"\n")
    assert error == b""
    assert took < 5


def test_ctrl_c_with_json_still_prints_the_object(long_answers: dict[str, str], model: str) -> None:
    with start(long_answers, "ask", "-m", model, "hello", "--json", "--debug") as process:
        log = Path(process.stderr.readline().decode().removeprefix("Log: ").strip())
        deadline = time.monotonic() + 60
        while "generating" not in log.read_text():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    found = json.loads(out)
    assert found["finish_reason"] == "cancelled"
    assert found["text"]


def test_ctrl_c_while_loading_does_not_wait_for_the_end_of_it(environment: dict[str, str], model: str) -> None:
    code = (
        "import sys, time\nfrom tui.engine.language_model import LanguageModel\n"
        "def load(*_):\n    print('loading', file=sys.stderr, flush=True)\n    time.sleep(60)\n"
        "LanguageModel.load = load\n"
        f"sys.argv = ['ovchat', 'ask', '-m', {model!r}, 'hello']\nfrom tui.__main__ import main\nmain()"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        assert process.stderr.readline() == b"loading\n"
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        pressed = time.monotonic()
        assert process.communicate(timeout=30)[1] == b""
    assert process.returncode == 130
    assert time.monotonic() - pressed < 5


def test_a_load_that_takes_too_long_is_an_error_at_once(environment: dict[str, str], model: str) -> None:
    code = (
        "import time\nfrom tui.engine.language_model import LanguageModel\n"
        "LanguageModel.load = lambda *_: time.sleep(60)\n"
        f"import sys\nsys.argv = ['ovchat', 'ask', '-m', {model!r}, '-o', 'load_timeout=1', 'hello']\n"
        "from tui.__main__ import main\nmain()"
    )
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "was not loaded within 1 s." in done.stderr
    assert "-o load_timeout=..." in done.stderr
    assert time.monotonic() - began < 30


def test_a_reader_who_leaves_ends_it_without_a_word(long_answers: dict[str, str], model: str) -> None:
    with start(long_answers, "ask", "-m", model, "hello") as process:
        os.read(process.stdout.fileno(), 10)
        process.stdout.close()
        left = time.monotonic()
        error = process.stderr.read()
        process.wait(30)
    assert error == b""
    assert process.returncode == 141
    assert time.monotonic() - left < 5


def test_a_full_disk_is_one_line(ask: Run) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full")
    with open("/dev/full", "w") as full:
        done = ask("hello", "--max-tokens", "5", stdout=full)
    assert done.returncode == 1
    assert done.stderr == "Error: The output could not be written: No space left on device.\n"
