from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Run

posix = pytest.mark.skipif(os.name != "posix", reason="POSIX signals and devices")


def test_an_answer_goes_to_standard_output_and_nothing_else_does(ask: Run) -> None:
    done = ask("hello", "--greedy", "--max-tokens", "12")
    assert done.returncode == 0
    assert len(done.stdout) > 12
    assert done.stdout.endswith("\n")
    assert not done.stdout.endswith("\n\n")
    assert done.stderr == ""


def test_json_has_every_field_of_the_design(ask: Run, model: str) -> None:
    done = ask("hello", "-t", "0.5", "--seed", "7", "--max-tokens", "6", "--json", "-o", "precision=f32")
    assert done.stderr == ""
    assert done.stdout.count("\n") == 1
    found = json.loads(done.stdout)
    assert list(found) == [
        *("model", "device", "backend", "precision", "text", "reasoning", "finish_reason", "token_ids"),
        *("prompt_token_ids", "usage", "timings", "sampling", "sampling_sources"),
    ]
    assert (found["model"], found["device"], found["backend"], found["precision"]) == (
        *(Path(model).name, "CPU", "paged"),
        "f32",
    )
    assert found["finish_reason"] == "length"
    assert len(found["token_ids"]) == 6 == found["usage"]["completion_tokens"]
    assert found["usage"]["prompt_tokens"] == len(found["prompt_token_ids"]) > 6
    assert set(found["timings"]) == {"load_s", "ttft_s", "prefill_tokens_per_s", "decode_tokens_per_s"}
    assert found["sampling"]["temperature"] == 0.5
    assert found["sampling"]["seed"] == 7
    assert found["sampling_sources"]["temperature"] == "user"
    assert found["sampling_sources"]["top_k"] == "app"


def test_a_model_of_the_hugging_face_cache_is_called_by_its_name_not_its_hash(
    run: Run, environment: dict[str, str], model: str, tmp_path: Path
) -> None:
    snapshot = tmp_path / "hub" / "models--someone--tiny-ov" / "snapshots" / "0123abcd"
    shutil.copytree(model, snapshot)
    found = environment | {"HF_HUB_CACHE": str(tmp_path / "hub")}
    done = run("ask", "-m", "TINY-ov", "hello", "--max-tokens", "1", "--json", "--stats", env=found)
    assert json.loads(done.stdout)["model"] == "someone/tiny-ov"
    assert done.stderr.startswith("Model: someone/tiny-ov (")


def test_text_and_json_are_the_same_answer(ask: Run) -> None:
    arguments = ("hello", "-t", "1", "--seed", "3", "--max-tokens", "30")
    text = json.loads(ask(*arguments, "--json").stdout)["text"]
    assert ask(*arguments).stdout == (text if text.endswith("\n") else text + "\n")


def test_logprobs_come_when_asked_for(ask: Run) -> None:
    found = json.loads(ask("hello", "--greedy", "--max-tokens", "3", "--json", "--logprobs", "2").stdout)
    assert [each["token_id"] for each in found["logprobs"]] == found["token_ids"]
    for each in found["logprobs"]:
        assert len(each["top"]) == 2
        assert each["top"][0] == {"token_id": each["token_id"], "logprob": each["logprob"]}
        assert each["logprob"] < 0


def test_logprobs_without_json_are_a_wrong_command_line(run: Run) -> None:
    done = run("ask", "hello", "--logprobs", "2")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--json" in done.stderr


@posix
@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ([b"ask", b"a\xff"], "PROMPT"),
        ([b"ask", b"a", b"-s", b"a\xff"], "The system message"),
        ([b"ask", b"a", b"--stop", b"a\xff"], "--stop"),
    ],
)
def test_an_argument_that_is_not_utf8_is_named_with_its_byte(
    environment: dict[str, str], arguments: list[bytes], what: str
) -> None:
    command = [sys.executable, "-m", "tui", *arguments]
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode().startswith(f"Error: {what} is not UTF-8 text: byte 1 is 0xff.\n")


@pytest.mark.parametrize(("name", "out"), [("settings", "settings.toml, line 2"), ("state", "given last")])
def test_a_device_that_is_not_here_says_who_named_it(
    run: Run, environment: dict[str, str], model: str, name: str, out: str
) -> None:
    home = Path(environment["OVCHAT_HOME"])
    home.mkdir()
    key = {"settings": "[engine]\ndevice", "state": f"[devices]\n'{model}'"}[name]
    (home / f"{name}.toml").write_text(f"{key} = 'GPU.7'\n")
    done = run("ask", "-m", model, "hello")
    assert done.returncode == 1
    assert "There is no device GPU.7 here" in done.stderr
    assert out in done.stderr
    assert "with -d" in done.stderr


def test_every_sampling_option_arrives(ask: Run) -> None:
    given = {
        "temperature": 0.5,
        "top_k": 7,
        "top_p": 0.5,
        "min_p": 0.25,
        "repetition_penalty": 1.5,
        "presence_penalty": 0.5,
        "frequency_penalty": -0.5,
        "max_tokens": 2,
        "seed": 11,
    }
    options = [text for name, value in given.items() for text in (f"--{name.replace('_', '-')}", str(value))]
    sampling = json.loads(ask("hello", "--json", *options, "--stop", "one", "--stop", "two").stdout)["sampling"]
    assert sampling["stop"] == ["one", "two"]
    assert {name: sampling[name] for name in given} == given


def test_greedy_is_temperature_zero_and_excludes_another(ask: Run) -> None:
    assert json.loads(ask("x", "--greedy", "--max-tokens", "1", "--json").stdout)["sampling"]["temperature"] == 0
    assert ask("x", "--greedy", "-t", "0.5").returncode == 2
    assert ask("x", "--greedy", "-t", "0", "--max-tokens", "1").returncode == 0


def test_raw_goes_on_with_the_prompt_itself(ask: Run) -> None:
    raw = json.loads(ask("hello", "--raw", "--max-tokens", "1", "--json").stdout)
    chat = json.loads(ask("hello", "--max-tokens", "1", "--json").stdout)
    assert len(raw["prompt_token_ids"]) < len(chat["prompt_token_ids"])
    assert ask("hello", "--raw", "-s", "Be brief.").returncode == 2


def test_a_template_that_cannot_be_used_is_said_with_the_option_that_does_without(
    run: Run, tiny_model: Callable[[str], Path], tmp_path: Path
) -> None:
    model = shutil.copytree(tiny_model("llama"), tmp_path / "llama")
    (model / "chat_template.jinja").write_text("{{ raise_exception('No.') }}")
    step = "Put a corrected chat_template.jinja into the model's folder, or use another model."
    assert run("ask", "-m", str(model), "hello").stderr.endswith(f"No.\n{step} In this command: --raw\n")
    assert run("ask", "-m", str(model), "hello", "-s", "Be brief.").stderr.endswith(f"No.\n{step}\n"), "refuses --raw"
    assert run("ask", "-m", str(model), "hello", "--raw", "--max-tokens", "1").returncode == 0


def test_a_system_message_is_part_of_the_prompt(ask: Run) -> None:
    without = json.loads(ask("hello", "--max-tokens", "1", "--json").stdout)["prompt_token_ids"]
    with_it = json.loads(ask("hello", "-s", "Be brief.", "--max-tokens", "1", "--json").stdout)["prompt_token_ids"]
    assert len(with_it) > len(without)


def prompt_of(done: subprocess.CompletedProcess[str]) -> list[int]:
    ids: list[int] = json.loads(done.stdout)["prompt_token_ids"]
    return ids


def test_standard_input_alone_after_the_prompt_and_not_for_a_device(ask: Run, tmp_path: Path) -> None:
    options = ("--max-tokens", "1", "--json")
    one = prompt_of(ask("one two", *options))
    both = prompt_of(ask("one\n\ntwo", *options))
    assert prompt_of(ask("-", *options, input="one two\n")) == one
    assert prompt_of(ask(*options, input="\ufeffone two\r\n")) == one
    assert prompt_of(ask("one", *options, input="two\n")) == both
    assert prompt_of(ask("one two", *options, input="")) == one
    file = tmp_path / "file"
    file.write_text("two\n")
    with file.open() as stdin:
        assert prompt_of(ask("one", *options, stdin=stdin)) == both


@posix
def test_a_socket_that_never_ends_is_not_waited_for(ask: Run) -> None:
    import socket

    here, there = socket.socketpair()
    with here, there:
        assert ask("hello", "--max-tokens", "1", stdin=there).returncode == 0


@posix
def test_a_pipe_that_stays_open_is_waited_for_and_that_is_said(environment: dict[str, str], model: str) -> None:
    command = [sys.executable, "-m", "tui", "ask", "-m", model, "hello", "--max-tokens", "1"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, env=environment, **pipes) as process:  # type: ignore[call-overload]
        assert process.stderr.readline() == b"Reading standard input until it ends ...\n"
        process.stdin.close()
        assert process.wait(60) == 0


@pytest.mark.parametrize(
    ("data", "says"),
    [(b"caf\xe9", "byte 3 is 0xe9"), (b"", "empty"), (b" \n", "empty"), (b"a\x00b", "")],
)
def test_odd_standard_input(ask: Run, data: bytes, says: str) -> None:
    done = ask("-", "--max-tokens", "1", input=data, encoding=None)
    error = done.stderr.decode()
    assert "Traceback" not in error
    if says:
        assert done.returncode == 1
        assert says in error
        assert len(error.splitlines()) <= 2


def test_lone_surrogates_in_the_prompt_are_an_error(ask: Run) -> None:
    if os.name != "posix":
        pytest.skip("arguments are bytes on POSIX only")
    done = ask(b"caf\xe9", "--max-tokens", "1")  # type: ignore[arg-type]
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")
    assert len(done.stderr.splitlines()) <= 2


def test_stats_go_to_standard_error(ask: Run) -> None:
    plain = ask("hello", "--greedy", "--max-tokens", "5")
    done = ask("hello", "--greedy", "--max-tokens", "5", "--stats")
    assert done.stdout == plain.stdout
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == [
        *("Model", "Runs", "Chat template", "Prompt", "Answer"),
    ]
    assert "on CPU, paged" in done.stderr
    assert "chat_template.jinja" in done.stderr
    assert "Answer: 5 tokens" in done.stderr
    assert "ended by length" in done.stderr


def test_a_prompt_that_is_longer_than_the_context_is_an_error(ask: Run) -> None:
    too_long = ask("word " * 200, "-o", "context=64")
    assert too_long.returncode == 1
    assert "too many for the context of 64 tokens" in too_long.stderr
    assert "raise engine.context if the model and the memory allow. In this command: -o context=..." in too_long.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["-m", "startr", "x"], 1, "Did you mean starter?"),
        (["-m", "/no/such/folder", "x"], 1, "There is no folder /no/such/folder"),
        (["-d", "xpu", "x"], 1, "There is no device xpu here; there is: CPU ("),
        (["-o", "flavour=1", "x"], 1, "The options are: backend,"),
        (["-o", "backend=fast", "x"], 1, "backend is one of: auto, paged, stateful"),
        (["-o", "threads", "x"], 1, "threads=VALUE"),
        (["-t", "9", "x"], 1, "temperature is 9.0, it must be a number between 0 and 2"),
        (["--top-p", "nan", "x"], 1, "top_p is nan"),
        (["--top-k", f"1{30 * '0'}", "x"], 1, "it must be a whole number between 0 and 2147483647."),
        (["-t", "warm", "x"], 2, "'warm' is not a valid float"),
        (["--no-such", "x"], 2, "No such option"),
        (["one", "two"], 2, "PROMPT is one argument, in quotes"),
        (["--seed", "-1", "x"], 1, "seed is -1"),
    ],
)
def test_what_is_wrong_is_said_in_a_line_with_the_next_step(
    run: Run, model: str, arguments: list[str], code: int, says: str
) -> None:
    done = run("ask", *([] if "-m" in arguments else ["-m", model]), *arguments)
    assert done.returncode == code
    assert done.stdout == ""
    assert says in done.stderr
    if code == 1:
        assert done.stderr.startswith("Error: ")
        assert len(done.stderr.splitlines()) <= 2


def test_a_folder_that_is_no_model_is_an_error(run: Run, tmp_path: Path) -> None:
    done = run("ask", "-m", str(tmp_path), "x")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")
    assert "openvino_model.xml" in done.stderr


def test_the_users_settings_count_and_bad_ones_are_named(ask: Run, environment: dict[str, str]) -> None:
    home = Path(environment["OVCHAT_HOME"])
    home.mkdir()
    (home / "settings.toml").write_text("[sampling]\ntop_k = 3\nseed = 5\ntop_p = 2\n[engine]\nbackend = 'stateful'\n")
    done = ask("x", "--seed", "6", "--max-tokens", "1", "--json")
    found = json.loads(done.stdout)
    assert (found["sampling"]["top_k"], found["sampling"]["seed"]) == (3, 6)
    assert found["sampling_sources"]["top_k"] == "user"
    assert found["backend"] == "stateful"
    assert done.stderr.startswith(f"Note: {home / 'settings.toml'}, line 4: sampling.top_p is 2, ")


def test_output_is_utf8_in_every_locale(ask: Run, environment: dict[str, str]) -> None:
    arguments = ("hello", "--greedy", "--max-tokens", "60")
    expected = ask(*arguments).stdout
    assert not expected.isascii(), "this needs an answer that is not ASCII"
    odd = {"LANG": "C", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    assert ask(*arguments, env=environment | odd).stdout == expected


def test_a_home_that_cannot_be_written_is_no_obstacle(ask: Run, environment: dict[str, str], tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the folder should be")
    done = ask("hello", "--max-tokens", "5", env=environment | {"OVCHAT_HOME": str(blocked)})
    assert done.returncode == 0
    assert done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")
def test_a_closed_standard_input_is_an_error_where_it_was_asked_for(environment: dict[str, str]) -> None:
    command = ["sh", "-c", f"{sys.executable} -m tui ask - <&-"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: Standard input is closed.")
