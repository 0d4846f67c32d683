"""`ovchat models doctor` as users run it."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Run

TinyModel = Callable[[str], Path]


@pytest.fixture
def healthy(tiny_model: TinyModel, environment: dict[str, str]) -> Path:
    """A model in the models folder, found by its name."""
    models = Path(environment["OVCHAT_HOME"]) / "models"
    return shutil.copytree(tiny_model("llama-int8"), models / "tiny")


def test_nothing_found_says_what_was_looked_at(run: Run, healthy: Path) -> None:
    done = run("models", "doctor", "tiny")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(
        "tiny: nothing found. Looked at: files, graph and weights, JSON files, tokenizer, chat template, stop tokens, "
    )


def test_an_error_ends_with_1_and_a_warning_does_not(run: Run, healthy: Path) -> None:
    (healthy / "config.json").unlink()
    done = run("models", "doctor", "tiny")
    assert done.returncode == 0
    assert done.stdout.splitlines()[0].startswith(f"warning  {healthy} has no config.json: ")
    (healthy / "openvino_model.bin").write_bytes(b"x")
    done = run("models", "doctor", str(healthy))
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"error    {healthy / 'openvino_model.bin'} is cut off")
    assert lines[0].endswith("(weights-short)")
    assert lines[1] == "         Get the model again, or convert it again."
    assert lines[2].startswith("warning  ")
    assert lines[-1].startswith("tiny: 1 error, 1 warning. Looked at: ")


def test_what_is_advised_for_a_folder_here_is_meant_for_it_from_everywhere(
    run: Run, healthy: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(healthy, tmp_path / "tiny")
    for file in folder.glob("openvino_*tokenizer.*"):
        file.unlink()
    done = run("models", "doctor", "./tiny", cwd=tmp_path)
    assert f"ovchat models convert {folder} --tokenizer-only" in done.stdout


def test_the_help_says_what_the_word_in_brackets_is_for(run: Run) -> None:
    assert "The word in brackets after a finding names it" in " ".join(run("models", "doctor", "--help").stdout.split())


def test_json_is_one_object(run: Run, healthy: Path) -> None:
    (healthy / "config.json").write_text("{")
    done = run("models", "doctor", "tiny", "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 1
    assert set(found) == {"model", "path", "findings", "checked", "seconds"}
    assert (found["model"], found["path"]) == ("tiny", str(healthy))
    assert [set(each) for each in found["findings"]] == [{"code", "severity", "sentence", "fix"}]
    assert found["findings"][0]["code"] == "json-broken"
    assert found["findings"][0]["severity"] == "error"


def test_no_openvino_is_imported_for_files(healthy: Path, environment: dict[str, str]) -> None:
    program = (
        "import sys; from tui.cli.commands import cli; cli(['models', 'doctor', 'tiny'], standalone_mode=False); "
        "assert 'openvino' not in sys.modules and 'numpy' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_context_and_the_device_asked_for_count(run: Run, healthy: Path) -> None:
    done = run("models", "doctor", "tiny", "-d", "npu", "-o", "context=16000000", "--json")
    assert [each["code"] for each in json.loads(done.stdout)["findings"]][-1] == "npu-unfit"


@pytest.mark.parametrize("device", ["xpu", "GPU.7", "npu.9"])
def test_a_device_that_is_asked_for_and_not_here_is_a_warning_with_its_reason(
    device: str, run: Run, healthy: Path
) -> None:
    done = run("models", "doctor", "tiny", "-d", device, "--json")
    found = json.loads(done.stdout)
    absent = found["findings"][0]
    assert (done.returncode, absent["code"], absent["severity"]) == (0, "device-absent", "warning")
    assert absent["sentence"].startswith(f"There is no device {device} here; there is: ")
    assert absent["fix"]
    assert found["checked"][:2] == ["device", "files"]


@pytest.mark.parametrize("device", ["AUTO:GPU,CPU", "multi:CPU", "HETERO:GPU,CPU"])
def test_what_is_not_one_device_is_not_said_to_be_absent(device: str, run: Run, healthy: Path) -> None:
    found = json.loads(run("models", "doctor", "tiny", "-d", device, "--json").stdout)["findings"][0]
    assert (found["code"], found["severity"]) == ("device-virtual", "warning")
    assert found["sentence"] == f"{device} is not one device, and a model runs on one."
    assert found["fix"].startswith("Choose among: auto, ")


def test_a_device_that_is_here_is_no_finding(run: Run, healthy: Path) -> None:
    assert json.loads(run("models", "doctor", "tiny", "-d", "cpu", "--json").stdout)["findings"] == []


def test_no_such_model(run: Run) -> None:
    done = run("models", "doctor", "nowhere")
    assert done.returncode == 1
    assert "There is no model 'nowhere'" in done.stderr


def test_what_a_template_says_is_neither_obeyed_nor_a_line_of_its_own(run: Run, healthy: Path) -> None:
    (healthy / "chat_template.jinja").write_text("{{ raise_exception('no\\nerror    all your files\\x1b[2J') }}")
    done = run("models", "doctor", "tiny")
    assert "rejects the conversation: no error all your files" in done.stdout
    assert not any(line.startswith("error    all") for line in done.stdout.splitlines())


def test_deep_compiles_and_compares(run: Run, healthy: Path) -> None:
    done = run("models", "doctor", "tiny", "--deep", "-d", "cpu", "--json")
    assert done.returncode == 0
    found = json.loads(done.stdout)
    assert "paged attention on CPU" in found["checked"]
    assert {each["code"] for each in found["findings"]} <= {"tokens-differ"}


def test_deep_is_not_tried_with_what_has_errors(run: Run, healthy: Path) -> None:
    (healthy / "openvino_model.bin").write_bytes(b"x")
    done = run("models", "doctor", "tiny", "--deep")
    assert done.returncode == 1
    assert "Nothing is computed with a model that has errors." in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals are others there")
def test_ctrl_c_ends_deep(healthy: Path, environment: dict[str, str]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "tui", "models", "doctor", "tiny", "--deep"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert "checking paged attention" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    assert "Traceback" not in process.stderr.read()


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals there")
@pytest.mark.parametrize("colours", [True, False])
def test_on_a_terminal_the_word_has_a_colour_where_allowed(
    colours: bool, healthy: Path, environment: dict[str, str]
) -> None:
    from tests.terminal_driver import Terminal

    (healthy / "chat_template.jinja").write_text("{{ raise_exception('\x1b[2Jgone') }}")
    given = {name: environment[name] for name in ("OVCHAT_HOME", "XDG_CACHE_HOME")} | (
        {} if colours else {"NO_COLOR": "1"}
    )
    command = [sys.executable, "-m", "tui", "models", "doctor", "tiny"]
    with Terminal(command, columns=200, environment=given) as terminal:
        assert terminal.exit_code(60) == 1
        written = terminal.raw
    assert (b"\x1b[31m\x1b[1merror" in written) == colours
    assert b"\x1b[2J" not in written
    assert b"[2Jgone" in written
