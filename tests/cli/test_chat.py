from __future__ import annotations

import io
import os
import re
import select
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.cli.fakes import FakeSession, events, fake_model
from tui.cli.chat import HELP, _Conversation
from tui.engine.errors import ContextFull, OvchatError
from tui.engine.stopping import FinishReason
from tui.store.state import State

posix = pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")


def converse(
    monkeypatch: pytest.MonkeyPatch, typed: str, *script: Any, terminal: bool = True, **options: Any
) -> list[FakeSession]:
    """Run a conversation with lines typed; the sessions it had, newest last."""
    sessions: list[FakeSession] = []
    remaining = list(script)

    def new_session() -> FakeSession:
        sessions.append(FakeSession(remaining, options.get("user_sampling", {})))
        return sessions[-1]

    stdin = io.StringIO(typed)
    stdin.isatty = lambda: terminal  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stdin", stdin)
    _Conversation(new_session(), new_session, "fake", fake_model(), options.get("show_stats", False)).run()
    assert remaining == []
    return sessions


def test_each_line_is_a_turn_and_the_conversation_grows(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (session,) = converse(monkeypatch, "one\n\n  two  \n", "first", "second\n")
    assert session.texts == ["one", "first", "two", "second\n"]
    assert capsys.readouterr().out == "first\nsecond\n"


def test_nothing_but_answers_is_written_for_a_pipe(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    converse(monkeypatch, "one\n", "first", terminal=False)
    assert capsys.readouterr() == ("first\n", "")


def test_exit_leaves_what_follows_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    (session,) = converse(monkeypatch, "one\n/exit\ntwo\n", "first")
    assert session.asked == ["one"]


def test_a_block_is_one_text_of_several_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    typed = '"""first\n\n  /exit\nlast"""\n"""one line"""\n"""\n/new\n"""\n'
    (session,) = converse(monkeypatch, typed, "a", "b", "c")
    assert session.asked == ["first\n\n  /exit\nlast", "one line", "/new"]


def test_a_block_that_never_ends_is_sent_at_the_end_of_the_input(monkeypatch: pytest.MonkeyPatch) -> None:
    (session,) = converse(monkeypatch, '"""one\ntwo\n', "a")
    assert session.asked == ["one\ntwo"]


def test_new_begins_a_new_conversation(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = converse(monkeypatch, "one\n/new\ntwo\n", "a", "b")
    assert first.asked == ["one"]
    assert second.texts == ["two", "b"]


def test_regenerate_answers_the_last_question_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (session,) = converse(monkeypatch, "/regenerate\none\n/regenerate\n", "a", "b")
    assert session.asked == ["one", "one"]
    assert session.texts == ["one", "b"]
    assert "There is no answer yet." in capsys.readouterr().err


def test_help_tells_every_command_and_unknown_ones_are_not_sent(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (session,) = converse(monkeypatch, "/help\n/quit now\n /etc/hosts\n", "a")
    said = capsys.readouterr().err
    assert HELP in said
    assert "There is no command /quit; /help tells which there are." in said
    assert session.asked == ["/etc/hosts"]


@pytest.mark.parametrize("typed", ["/EXIT", "/exit  ", "  /Exit\t"])
def test_a_command_alone_is_meant_in_any_case_and_with_blanks_around(
    monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    (session,) = converse(monkeypatch, f"{typed}\ntwo\n")
    assert session.asked == []


def test_a_command_takes_nothing_after_it_and_a_block_is_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (session,) = converse(monkeypatch, '/Exit now\n"""/exit"""\n /exit the shop\n', "a", "b")
    assert "/exit takes nothing after it." in capsys.readouterr().err
    assert session.asked == ["/exit", "/exit the shop"]


def test_a_block_ended_by_the_end_of_input_begins_a_line_for_the_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    converse(monkeypatch, '"""one\n', "a")
    assert "... \n" in capsys.readouterr().err


def test_regenerating_at_temperature_zero_says_that_nothing_will_change(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (session,) = converse(monkeypatch, "one\n/regenerate\n", "a", "a", user_sampling={"temperature": 0.0})
    assert session.asked == ["one", "one"]
    assert "At temperature 0 the answer will be the same; ovchat chat -t 0.7" in capsys.readouterr().err
    converse(monkeypatch, "one\n/regenerate\n", "a", "a")
    assert "At temperature 0" not in capsys.readouterr().err


def test_bytes_that_are_not_utf8_are_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (session,) = converse(monkeypatch, "a\udcff\n")
    assert "The text is not UTF-8 text: byte 1 is 0xff." in capsys.readouterr().err
    assert session.asked == []


def test_what_failed_is_left_out_of_what_the_model_is_given_next(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (session,) = converse(monkeypatch, "one\ntwo\nthree\n", "a", ContextFull(70, 64), "b")
    assert [message["content"] for message in session.requests[-1].messages] == ["one", "a", "three"]
    assert session.texts == ["one", "a", "two", "", "three", "b"]
    assert "Error: The prompt has 70 tokens" in capsys.readouterr().err


def test_for_a_pipe_a_failure_is_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OvchatError):
        converse(monkeypatch, "one\ntwo\n", ContextFull(70, 64), terminal=False)


def test_a_stopped_answer_stays_unless_it_had_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = FinishReason.CANCELLED
    (session,) = converse(monkeypatch, "one\ntwo\n", events("a", reason=stopped), events(reason=stopped))
    assert session.texts == ["one", "a", "two"]


def test_a_failed_regeneration_keeps_the_old_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    (session,) = converse(monkeypatch, "one\n/regenerate\n", "a", OvchatError("No."))
    assert session.texts == ["one", "a"]


def test_stats_come_after_each_answer(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    converse(monkeypatch, "one\ntwo\n", "a", "b", show_stats=True)
    said = capsys.readouterr().err
    assert said.count("Answer: 3 tokens, 100.0 tokens/s; ended by stop, seed 7") == 2
    assert "logits of all rows" in said
    converse(monkeypatch, "one\n", "a", show_stats=True, user_sampling={"temperature": 0.0})
    assert "ended by stop, greedy" in capsys.readouterr().err


# With a real model.


def test_a_scripted_conversation_and_what_is_remembered_of_it(
    run: Run, model: str, environment: dict[str, str]
) -> None:
    asked = ("-m", model, "-d", "cpu", "-o", "context=300", "--greedy", "--max-tokens", "4")
    done = run("chat", *asked, input="hello\n/regenerate\n")
    assert done.returncode == 0
    first, again = done.stdout.split("\n", 1)
    assert again == first + "\n"
    assert done.stderr == ""
    state = State(Path(environment["OVCHAT_HOME"]) / "state.toml")
    assert (state.model, state.device, state.device_of(model)) == (model, "CPU", "CPU")
    assert state.options == {model: {"context": "300"}}
    remembered = run("chat", "--greedy", "--max-tokens", "4", input="hello\n")
    assert remembered.stdout == first + "\n"


def test_ovchat_alone_needs_a_terminal_and_says_what_does_not(run: Run, model: str) -> None:
    done = run("-m", model, input="")
    assert (done.returncode, done.stdout) == (1, "")
    assert "ovchat ask" in done.stderr
    assert "ovchat chat" in done.stderr


class Terminal:
    """A pseudo-terminal with `ovchat chat` in it."""

    def __init__(self, descriptor: int, process: int) -> None:
        self.descriptor, self.process, self.seen = descriptor, process, ""

    def type(self, text: str) -> None:
        # As slow as people: a Ctrl+C in the instant between readline's prompt and its wait for keys is not noticed
        # before the next key (CPython's readline module).
        time.sleep(0.3)
        os.write(self.descriptor, text.encode())

    def wait_for(self, pattern: str, seconds: float = 60) -> str:
        """What came up to the end of `pattern`, new since the last call."""
        deadline = time.monotonic() + seconds
        while not (found := re.search(pattern, self.seen)):
            ready, _, _ = select.select([self.descriptor], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"no {pattern!r} in {self.seen[-2000:]!r}"
            try:
                self.seen += os.read(self.descriptor, 4096).decode(errors="replace")
            except OSError:
                raise AssertionError(f"it ended without {pattern!r}: {self.seen!r}") from None
        came, self.seen = self.seen[: found.end()], self.seen[found.end() :]
        return came

    def exit_code(self) -> int:
        """Wait for the end."""
        try:
            while os.read(self.descriptor, 4096):
                pass
        except OSError:
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])


@contextmanager
def terminal(environment: dict[str, str], *arguments: str) -> Iterator[Terminal]:
    import pty

    process, descriptor = pty.fork()
    if process == 0:
        os.execve(sys.executable, [sys.executable, "-m", "tui", *arguments], environment | {"TERM": "xterm"})
    try:
        yield Terminal(descriptor, process)
    finally:
        os.close(descriptor)
        try:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
        except (ProcessLookupError, ChildProcessError):
            pass


@posix
def test_in_a_terminal(environment: dict[str, str], model: str) -> None:
    home = Path(environment["OVCHAT_HOME"])
    home.mkdir()
    (home / "settings.toml").write_text("[sampling]\nmin_tokens = 8000\n[engine]\nbackend = 'stateful'\n")
    with terminal(environment, "chat", "-m", model) as screen:
        assert "llama on CPU. /help tells the keys." in screen.wait_for("> ")
        screen.type("hello\n")
        screen.wait_for("hello\r\n.{20}")
        screen.type("\x03")
        answer = screen.wait_for("\r\n(?:\x1b\\[\\?2004h)?> ")
        assert "Traceback" not in answer
        screen.type("\x10")  # Ctrl+P, the history: readline works although descriptor 1 is the log
        screen.wait_for("hello")
        screen.type("\x03")  # takes back what is typed
        assert "again" not in screen.wait_for("\n(?:\x1b\\[\\?2004h)?> ")
        screen.type("/regenerate\n")
        screen.wait_for("regenerate\r\n.{20}")
        screen.type("\x03")
        screen.wait_for("\r\n(?:\x1b\\[\\?2004h)?> ")
        screen.type("\x04")
        assert screen.exit_code() == 0


@posix
def test_two_ctrl_c_at_the_prompt_leave(environment: dict[str, str], model: str) -> None:
    with terminal(environment, "chat", "-m", model) as screen:
        screen.wait_for("> ")
        screen.type("\x03")
        assert "Ctrl+C again, Ctrl+D or /exit leaves." in screen.wait_for("leaves.[^>]*> ")
        screen.type("typed")
        screen.wait_for("typed")
        screen.type("\x03")  # clears the line, and the count begins anew
        assert "again" not in screen.wait_for("\n(?:\x1b\\[\\?2004h)?> ")
        screen.type("\x03")
        screen.wait_for("leaves.[^>]*> ")
        screen.type("\x03")
        screen.wait_for("\r\n")
        assert screen.exit_code() == 130


@posix
def test_in_a_terminal_control_characters_of_a_model_are_shown(environment: dict[str, str], model: str) -> None:
    code = (
        "import sys; from tui.cli import console, log; console.use_charsets(); log.begin()\n"
        "console.write('a\\x1b]0;title\\x07b\\n'); console.aside('c\\x1b[2Jd', dim=True)"
    )
    import pty

    for no_color, dim in (("", "\x1b[2mc^[[2Jd\x1b[0m"), ("1", "c^[[2Jd")):
        process, descriptor = pty.fork()
        if process == 0:
            variables = environment | {"TERM": "xterm", "NO_COLOR": no_color}
            os.execve(sys.executable, [sys.executable, "-c", code], variables)
        screen = Terminal(descriptor, process)
        came = screen.wait_for("d(?:\x1b\\[0m)?\r\n")
        assert came == f"a^[]0;title^Gb\r\n{dim}\r\n"
        assert screen.exit_code() == 0
        os.close(descriptor)
