"""`ovchat models pull` as users run it, against a hub on loopback."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.cli.conftest import Run
from tests.hub_server import TOKEN, Answer, HubServer
from tests.terminal_driver import Terminal
from tests.waiting import wait_until
from tui.cli.models_pull import command
from tui.library.catalogue import catalogue

NAME = "OpenVINO/tiny-int4-ov"
BIN = "openvino_model.bin"


@pytest.fixture
def at_hub(hub: HubServer, environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """The environment in which commands ask our hub; `run` has it."""
    for name in ("HF_TOKEN", "HF_TOKEN_PATH", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HF_HUB_OFFLINE"):
        environment.pop(name, None)
    environment |= {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(tmp_path / "hf")}
    return environment


@pytest.fixture
def model(hub: HubServer, tiny_model: Callable[[str], Path]) -> dict[str, bytes]:
    """A repository with a model that works."""
    files = {path.name: path.read_bytes() for path in tiny_model("llama").iterdir()}
    hub.add(NAME, files)
    return files


@pytest.fixture
def folder(environment: dict[str, str]) -> Path:
    return Path(environment["OVCHAT_HOME"]) / "models" / NAME


def begin(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tui", "models", "pull", NAME],
        env=environment,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def part_of(environment: dict[str, str]) -> Path:
    return Path(environment["OVCHAT_HOME"]) / "models" / ".partial" / NAME.replace("/", "--") / "model" / BIN


@pytest.mark.usefixtures("at_hub")
def test_a_model_is_pulled_and_answers(run: Run, model: dict[str, bytes], folder: Path) -> None:
    done = run("models", "pull", NAME)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{NAME} is here: {folder}\n"
    assert "are free on the disk" in done.stderr.splitlines()[0]
    assert done.stderr.splitlines()[-1] == f"Chat with it: ovchat -m {NAME}"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == model
    assert NAME in run("models", "list").stdout
    assert run("ask", "-m", "tiny-int4-ov", "--max-tokens", "3", "Hello").returncode == 0
    again = run("models", "pull", NAME)
    assert again.returncode == 0
    assert "is already here" in again.stderr


@pytest.mark.usefixtures("at_hub")
def test_json_is_one_object(run: Run, hub: HubServer, model: dict[str, bytes], folder: Path) -> None:
    for commit in (hub.repos[NAME].commit, None):
        done = run("models", "pull", NAME, "--json")
        assert json.loads(done.stdout) == {"name": NAME, "path": str(folder), "commit": commit}


def test_a_pull_that_is_killed_goes_on_where_it_was(
    run: Run, hub: HubServer, model: dict[str, bytes], folder: Path, at_hub: dict[str, str]
) -> None:
    hub.next(BIN, Answer(stall_after=5000))
    process = begin(at_hub)
    wait_until(lambda: part_of(at_hub).exists() and part_of(at_hub).stat().st_size == 5000, 60)
    busy = run("models", "pull", NAME)
    assert busy.returncode == 1
    assert "is being pulled by another ovchat" in busy.stderr
    process.kill()
    process.communicate()
    assert NAME not in run("models", "list").stdout
    done = run("models", "pull", NAME)
    assert done.returncode == 0, done.stderr
    assert "of it here already" in done.stderr
    assert [each.start for each in hub.asked(BIN, "cdn")] == [0, 5000]
    assert (folder / BIN).read_bytes() == model[BIN]


def test_ctrl_c_pauses_and_says_how_to_go_on(
    run: Run, hub: HubServer, model: dict[str, bytes], at_hub: dict[str, str]
) -> None:
    hub.next(BIN, Answer(stall_after=5000))
    process = begin(at_hub)
    wait_until(lambda: part_of(at_hub).exists() and part_of(at_hub).stat().st_size == 5000, 60)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=20)[1].decode()
    assert process.returncode == 130
    assert "Paused: " in said
    assert f"Go on: ovchat models pull {NAME}    Give it up: ovchat models pull {NAME} --discard\n" in said
    gone = run("models", "pull", NAME, "--discard")
    assert (gone.returncode, gone.stderr) == (0, f"What was here of {NAME} is deleted.\n")
    assert not part_of(at_hub).exists()
    assert run("models", "pull", NAME, "--discard").returncode == 1


def test_ctrl_c_while_the_hub_is_silent(hub: HubServer, at_hub: dict[str, str]) -> None:
    hub.always("(listing)", Answer(503, {"Retry-After": "50"}))
    process = begin(at_hub)
    wait_until(lambda: hub.requests, 60)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=20)[1] == b""
    assert process.returncode == 130


@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal")
def test_progress_on_a_terminal(hub: HubServer, model: dict[str, bytes], at_hub: dict[str, str]) -> None:
    hub.next(BIN, Answer(stall_after=5000))
    with Terminal([sys.executable, "-m", "tui", "models", "pull", NAME], environment=at_hub) as terminal:
        terminal.wait_for(lambda text: f"  {BIN}" in text and "downloading " in text, 60)
        terminal.press("ctrl+c")
        terminal.wait_for("Give it up", 20)
        assert terminal.exit_code() == 130
        assert "downloading" not in terminal.text


@pytest.mark.usefixtures("at_hub")
def test_the_token_is_taken_from_its_file(
    run: Run, hub: HubServer, model: dict[str, bytes], at_hub: dict[str, str]
) -> None:
    hub.add(NAME, model, gated=True)
    refused = run("models", "pull", NAME)
    assert refused.returncode == 1
    assert "hf auth login" in refused.stderr
    (Path(at_hub["HF_HOME"])).mkdir(exist_ok=True)
    (Path(at_hub["HF_HOME"]) / "token").write_text(f"{TOKEN}\n")
    done = run("models", "pull", NAME)
    assert done.returncode == 0, done.stderr
    assert {each.headers.get("authorization") for each in hub.requests if each.server == "cdn"} == {None}


def test_a_proxy_of_the_environment_is_used(
    run: Run, hub: HubServer, model: dict[str, bytes], at_hub: dict[str, str]
) -> None:
    """Nobody knows the name of this hub but the proxy, which is the hub itself."""
    at_hub |= {"HF_ENDPOINT": "http://hub.invalid", "HTTP_PROXY": hub.endpoint, "NO_PROXY": "localhost"}
    done = run("models", "pull", NAME)
    assert done.returncode == 0, done.stderr
    assert {each.headers["host"] for each in hub.requests if each.server == "hub"} == {"hub.invalid"}


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"HF_HUB_OFFLINE": "1"}, "HF_HUB_OFFLINE is set"),
        ({"HF_ENDPOINT": "nowhere"}, "HF_ENDPOINT is not the address"),
        ({"HF_ENDPOINT": "http://127.0.0.1:1"}, "127.0.0.1:1 cannot be reached"),
        ({"ALL_PROXY": "socks5://127.0.0.1:1"}, "ALL_PROXY names a SOCKS proxy"),
        ({"HF_TOKEN": "hf_old"}, "refuses the token"),
    ],
)
def test_what_goes_wrong_is_two_lines(
    run: Run, at_hub: dict[str, str], variables: dict[str, str], says: str, model: dict[str, bytes]
) -> None:
    at_hub |= variables
    done = run("models", "pull", NAME)
    assert done.returncode == 1
    assert done.stdout == ""
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 2


@pytest.mark.usefixtures("at_hub")
def test_a_repository_that_is_not_converted(run: Run, hub: HubServer) -> None:
    hub.add("Qwen/Qwen3-8B", {"config.json": b"{}", "model.safetensors": b"x"})
    done = run("models", "pull", "Qwen/Qwen3-8B")
    assert done.returncode == 1
    assert done.stderr.endswith("Convert it: ovchat models convert Qwen/Qwen3-8B\n")


@pytest.mark.usefixtures("at_hub")
def test_what_is_wrong_with_a_pulled_model_is_said(run: Run, hub: HubServer, model: dict[str, bytes]) -> None:
    hub.add(NAME, {name: data for name, data in model.items() if not name.startswith("openvino_tokenizer")})
    done = run("models", "pull", NAME)
    assert done.returncode == 0
    assert "has no openvino_tokenizer.xml" in done.stderr
    assert "Chat with it" not in done.stderr


def test_the_list_says_what_fits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OVCHAT_HOME", str(tmp_path))
    monkeypatch.setattr("tui.cli.models_pull.available_bytes", lambda: 6 * 10**9)
    shown = CliRunner().invoke(command, ["--list"])
    names = [line for line in shown.stdout.splitlines() if not line.startswith(" ")]
    assert names == [each.id for each in catalogue() if each.memory_bytes <= 6e9]
    assert "    for an NPU: OpenVINO/Qwen3-8B-int4-cw-ov\n" in shown.stdout
    assert "are approximate" in shown.stderr
    assert f"{len(catalogue()) - len(names)} more do not fit: 6.0 GB of memory and " in shown.stderr
    everything = CliRunner().invoke(command, ["--list", "--all"])
    assert everything.stdout.startswith(shown.stdout[:20])
    assert everything.stdout.count("(too large now)") == len(catalogue()) - len(names)
    for each in catalogue():
        sizes = f"    {each.size_bytes / 1e9} GB to pull, {each.memory_bytes / 1e9} GB of memory, "
        assert f"{each.id}{'' if each.id in names else ' (too large now)'}\n{sizes}" in everything.stdout


def test_the_list_needs_no_network_and_json_is_one_object(run: Run, at_hub: dict[str, str], hub: HubServer) -> None:
    found = json.loads(run("models", "pull", "--list", "--all", "--json").stdout)
    assert hub.requests == []
    assert [each["id"] for each in found["models"]] == [each.id for each in catalogue()]
    for each in found["models"]:
        room = each["memory_bytes"] <= found["free_memory_bytes"] and each["size_bytes"] <= found["free_disk_bytes"]
        assert each["fits"] == room
        assert each["here"] is False


@pytest.mark.parametrize("arguments", [(), ("--all",), ("x/y", "--list"), ("x/y", "--all"), ("--list", "--discard")])
def test_wrong_usage(arguments: tuple[str, ...]) -> None:
    assert CliRunner().invoke(command, arguments).exit_code == 2
