"""`ovchat models convert` as users run it, with a fake tool."""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.hub_server import HubServer
from tests.library.conversion import fake_tool
from tests.library.conversion.folders import hugging_face_llama
from tests.processes import all_end, two_noted
from tests.terminal_driver import Terminal
from tests.waiting import wait_until
from tui.cli import models_convert
from tui.library.conversion.begun import Asked, Begun, begun
from tui.library.conversion.failures import Remedy
from tui.library.conversion.presets import Weights

NAME = "Tiny-Llama-int8-ov"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return hugging_face_llama(tmp_path / "Tiny-Llama")


@pytest.fixture
def python(environment: dict[str, str], tmp_path: Path, tiny_model: Callable[[str], Path]) -> Path:
    environment |= {"FAKE_MODEL": str(tiny_model("llama-int8")), "FAKE_PIDS": str(tmp_path / "pids")}
    return fake_tool.make(tmp_path / "python")


@pytest.fixture
def convert(run: Run, source: Path, python: Path) -> Run:
    return lambda *arguments, **options: run(
        "models", "convert", str(source), "--python", str(python), *arguments, **options
    )


@pytest.fixture
def models(environment: dict[str, str]) -> Path:
    return Path(environment["OVCHAT_HOME"]) / "models"


def test_a_folder_is_converted_and_answers(convert: Run, run: Run, models: Path) -> None:
    done = convert()
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{NAME} is here: {models / NAME}\n"
    said = done.stderr.splitlines()
    assert said[0] == "from:    Tiny-Llama: llama, 151K weights, 304 kB"
    assert said[1].startswith(f"becomes: {NAME}: int8, at most 30 MB")
    assert said[2].startswith("disk: ")
    assert said[3].startswith("memory: ")
    assert said[-1] == f"Chat with it: ovchat -m {NAME}"
    assert NAME in run("models", "list").stdout
    assert run("ask", "-m", NAME, "--max-tokens", "3", "Hello").returncode == 0


def test_json(convert: Run, models: Path) -> None:
    done = convert("--json", "--preset", "npu", "--name", "for the npu")
    found = json.loads(done.stdout)
    assert (found["name"], found["path"]) == ("for the npu", str(models / "for the npu"))
    assert all(set(each) == {"code", "severity", "sentence"} for each in found["findings"])


def test_what_the_library_advises_is_said_with_its_option(convert: Run, models: Path) -> None:
    (models / NAME).mkdir(parents=True)
    taken = convert()
    assert taken.returncode == 1
    assert "Give it another name" in taken.stderr
    assert "In this command: --name NAME" in taken.stderr


def test_every_remedy_has_its_option() -> None:
    assert set(models_convert._OPTIONS) == set(Remedy)


def test_a_format_that_changes_nothing_is_said_with_the_option_for_fewer_bits(
    run: Run, python: Path, tiny_model: Callable[[str], Path]
) -> None:
    done = run("models", "convert", str(tiny_model("llama-f16")), "--python", str(python), "--weight-format", "fp16")
    assert done.returncode == 1
    assert done.stderr.endswith("Choose a format with fewer bits. In this command: --preset int8\n")


def test_code_that_is_not_run_is_said_with_the_option_that_runs_it(
    convert: Run, source: Path, environment: dict[str, str]
) -> None:
    config = json.loads((source / "config.json").read_text()) | {"auto_map": {"AutoModel": "modeling.Model"}}
    (source / "config.json").write_text(json.dumps(config))
    environment["FAKE_DOES"] = "ValueError: it requires you to execute the configuration file"
    done = convert()
    assert "not run unless you allow it. In this command: --trust-remote-code\n" in done.stderr
    assert done.stderr.endswith("If you trust its makers, allow it. In this command: --trust-remote-code\n")


def test_an_empty_python_installs_nothing(run: Run, source: Path, environment: dict[str, str]) -> None:
    environment["PIP_INDEX_URL"] = "http://127.0.0.1:1"
    done = run("models", "convert", str(source), "--python", "", "--yes")
    assert done.returncode == 2
    assert "--python is empty" in done.stderr
    assert not (Path(environment["OVCHAT_HOME"]) / "convert").exists()


def test_a_failure_is_a_sentence_and_the_log(convert: Run, environment: dict[str, str], models: Path) -> None:
    environment["FAKE_DOES"] = "ValueError: \x1b[31mso it goes"
    done = convert()
    assert done.returncode == 1
    assert "Error: Tiny-Llama could not be converted: so it goes.\n" in done.stderr
    log = Path(done.stderr.rstrip().rpartition("wrote: ")[2])
    assert "so it goes" in log.read_text()
    assert "\x1b" not in log.read_text()
    assert [path.name for path in models.iterdir()] == [".partial"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_and_nothing_stays(
    environment: dict[str, str], source: Path, python: Path, models: Path, tmp_path: Path, number: signal.Signals
) -> None:
    environment["FAKE_DOES"] = "hang"
    command = [sys.executable, "-m", "tui", "models", "convert", str(source), "--python", str(python)]
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    pids = tmp_path / "pids"
    wait_until(lambda: two_noted(pids))
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert said.endswith("Stopped. Nothing of it stays.\n")
    assert [path.name for path in (models / ".partial").iterdir()] == ["converting.lock"]
    all_end(pids)


def test_stopped_while_it_looks_it_says_no_more_than_that(environment: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        environment["HF_ENDPOINT"] = f"http://127.0.0.1:{silent.getsockname()[1]}"
        command = [sys.executable, "-m", "tui", "models", "convert", "org/Tiny-Llama"]
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        silent.accept()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "Stopped.\n")


@pytest.mark.parametrize(
    ("numbers", "stays"),
    [([signal.SIGINT], False), ([signal.SIGHUP], True), ([signal.SIGINT, signal.SIGHUP], False)],
)
def test_what_was_fetched_is_given_up_by_ctrl_c_only(
    environment: dict[str, str], source: Path, python: Path, tmp_path: Path, numbers: list[signal.Signals], stays: bool
) -> None:
    environment["FAKE_DOES"] = "hang"
    with HubServer() as hub:
        hub.add("org/Tiny-Llama", {path.name: path.read_bytes() for path in source.iterdir()})
        environment["HF_ENDPOINT"] = hub.endpoint
        command = [sys.executable, "-m", "tui", "models", "convert", "org/Tiny-Llama", "--python", str(python)]
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        wait_until(lambda: two_noted(tmp_path / "pids"))
        for number in numbers:
            process.send_signal(number)
            time.sleep(0.05)  # two at once come in any order
        _, said = process.communicate(timeout=60)
    assert process.returncode == 128 + numbers[0]
    last = said.splitlines()[-1]
    assert re.fullmatch(
        r"Stopped\. What was fetched \(\d+ kB\) is kept\." if stays else r"Stopped\. Nothing of it stays\.", last
    )
    assert bool(begun(Path(environment["OVCHAT_HOME"]) / "models")) == stays


def test_installing_is_told_and_asked(run: Run, source: Path, environment: dict[str, str]) -> None:
    done = run("models", "convert", str(source))
    assert done.returncode == 2
    assert "torch 2.13.0, transformers 5.0.0, optimum-intel 2.2.0" in done.stderr
    assert "to fetch, 1.6 GB on the disk" in done.stderr
    assert "Nobody can be asked here; --yes converts without asking." in done.stderr
    assert not (Path(environment["OVCHAT_HOME"]) / "convert").exists()


def test_a_no_does_nothing(source: Path, environment: dict[str, str]) -> None:
    with Terminal([sys.executable, "-m", "tui", "models", "convert", str(source)], environment=environment) as terminal:
        terminal.wait_for(lambda text: "Install the tools and convert? [y/N]" in text, 60)
        terminal.press("n", "enter")
        assert terminal.exit_code() == 0
        assert "Nothing is done." in terminal.text
    assert not (Path(environment["OVCHAT_HOME"]) / "convert").exists()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_question(
    source: Path, environment: dict[str, str], number: signal.Signals, code: int
) -> None:
    with Terminal([sys.executable, "-m", "tui", "models", "convert", str(source)], environment=environment) as terminal:
        terminal.wait_for(lambda text: "Install the tools and convert? [y/N]" in text, 60)
        terminal.process.send_signal(number)
        assert terminal.exit_code() == code
        assert "Stopped." in terminal.text
    assert not (Path(environment["OVCHAT_HOME"]) / "convert").exists()


def test_a_log_that_cannot_be_written_is_named(convert: Run, environment: dict[str, str]) -> None:
    home = Path(environment["OVCHAT_HOME"])
    home.mkdir(parents=True, exist_ok=True)
    (home / "log").write_text("a file")
    done = convert()
    assert done.returncode == 1
    assert re.match(rf"Error: {home / 'log'}\S* cannot be written: ", done.stderr)
    assert f"Look at {home / 'log'}, and move or delete it." in done.stderr


def test_a_terminal_that_goes_while_it_asks_is_no_yes(source: Path, environment: dict[str, str]) -> None:
    with Terminal([sys.executable, "-m", "tui", "models", "convert", str(source)], environment=environment) as terminal:
        terminal.wait_for(lambda text: "Install the tools and convert? [y/N]" in text, 60)
        terminal.hang_up()
        assert terminal.exit_code() in (0, 129)
    assert not (Path(environment["OVCHAT_HOME"]) / "convert").exists()
    assert (Path(environment["OVCHAT_HOME"]) / "log" / "ovchat.log").read_text() == "", "nothing was unforeseen"


def test_a_tokenizer_alone(run: Run, python: Path, tiny_model: Callable[[str], Path], tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_model("llama-f16"), tmp_path / "not listed" / "bare")
    for file in folder.glob("openvino_*tokenizer.*"):
        file.unlink()
    done = run("models", "convert", str(folder), "--tokenizer-only", "--python", str(python))
    assert done.returncode == 0, done.stderr
    assert done.stderr.endswith(f"Chat with it: ovchat -m '{folder}'\n")
    assert run("ask", "-m", str(folder), "--max-tokens", "3", "Hello").returncode == 0


def test_a_tokenizer_alone_for_a_model_on_the_list(
    run: Run, python: Path, tiny_model: Callable[[str], Path], models: Path
) -> None:
    folder = shutil.copytree(tiny_model("llama-f16"), models / "bare")
    (folder / "openvino_tokenizer.xml").unlink()
    done = run("models", "convert", str(folder), "--tokenizer-only", "--python", str(python))
    assert done.stderr.endswith("Chat with it: ovchat -m bare\n")


def test_what_one_has_fetched_is_deleted_on_demand(run: Run, models: Path) -> None:
    Begun(models, "org/big").remember(Asked("big", Weights("int8"), None, trust=False))
    done = run("models", "convert", "org/big", "--discard")
    assert (done.returncode, done.stderr) == (0, "What was fetched of org/big is deleted.\n")
    done = run("models", "convert", "org/big", "--discard")
    assert done.returncode == 1
    assert "There is no unfinished conversion of 'org/big'." in done.stderr


def test_what_is_lacking_in_the_users_environment_is_named(convert: Run, environment: dict[str, str]) -> None:
    environment["FAKE_LACKS"] = "optimum-intel"
    done = convert()
    assert done.returncode == 1
    assert "has no optimum-intel.\nInstall them: " in done.stderr
    assert done.stderr.endswith(" Or let ovchat's own tools do it. In this command: leave out --python\n")


def test_code_of_others_is_warned_of(convert: Run) -> None:
    assert "will run on this machine, with all that you may do" in convert("--trust-remote-code").stderr
    assert "will run" not in convert("--name", "other").stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--preset", "int4", "--weight-format", "int8"], "A preset says it all"),
        (["--group-size", "64"], "Give a --weight-format, too"),
        (["--tokenizer-only", "--name", "x"], "neither the weights nor the name"),
        (["--preset", "int3"], "'int3' is not one of"),
    ],
)
def test_options_that_do_not_go_together(convert: Run, arguments: list[str], says: str) -> None:
    done = convert(*arguments)
    assert done.returncode == 2
    assert says in done.stderr


def test_formats(convert: Run) -> None:
    done = convert("--weight-format", "int4", "--sym", "--ratio", "0.8", "--awq")
    assert "int4, groups of 128, symmetric, AWQ, 80% of it" in done.stderr
    done = convert("--weight-format", "int8", "--awq")
    assert "Error: Groups, ratio and AWQ are of formats with four bits" in done.stderr
