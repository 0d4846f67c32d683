"""The installed command in a real terminal, killed in the middle of a pull: the next start goes on with it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hub_server import LISTING, Answer, HubServer
from tests.waiting import wait_until

if os.name != "posix":
    pytest.skip("pseudo-terminals are POSIX's", allow_module_level=True)

from tests.terminal_driver import Terminal
from tests.using_ovchat import COMMAND, quit_well, ready

pytestmark = pytest.mark.slow

NAME = "OpenVINO/tiny-int4-ov"
BIN = "openvino_model.bin"
PART = f"models/.partial/{NAME.replace('/', '--')}/model"


@pytest.fixture
def model(hub: HubServer, tiny_model: Callable[[str], Path]) -> dict[str, bytes]:
    """A repository with a model that works."""
    files = {path.name: path.read_bytes() for path in tiny_model("llama").iterdir()}
    hub.add(NAME, files)
    return files


@pytest.fixture
def started(hub: HubServer, tmp_path: Path) -> Callable[[], Terminal]:
    """Starts the app; each time in the same home."""
    at_hub = {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(tmp_path / "hf"), "NO_PROXY": "127.0.0.1,localhost"}
    return lambda: Terminal([COMMAND], columns=100, environment=at_hub | {"OVCHAT_HOME": str(tmp_path)})


def ask_for_it(terminal: Terminal) -> None:
    ready(terminal)
    terminal.press("f3")
    terminal.wait_for("Type to filter by name, arch")
    terminal.press("alt+p")
    terminal.wait_for("Pull a model")
    terminal.type(NAME)
    terminal.wait_for("on the hub")
    terminal.press("enter")


def killed_in_the_weights(started: Callable[[], Terminal], hub: HubServer, part: Path, size: int) -> None:
    """The app is killed when so much of the largest file is here."""
    with started() as terminal:
        ask_for_it(terminal)
        terminal.wait_for("Pull it")
        terminal.press("enter")
        wait_until(lambda: hub.asked(BIN, "cdn") and part.stat().st_size == size, 60)
        terminal.kill()


def to_the_paused_one(terminal: Terminal) -> None:
    ready(terminal)
    terminal.press("f3")
    terminal.wait_for(lambda text: "paused" in text and NAME in text)
    terminal.press("alt+j")
    terminal.wait_for("Space Go on")


def test_killed_while_it_asks_the_hub_nothing_is_left(
    started: Callable[[], Terminal], hub: HubServer, model: dict[str, bytes], tmp_path: Path
) -> None:
    hub.always(LISTING, Answer(503, {"Retry-After": "50"}))
    with started() as terminal:
        ask_for_it(terminal)
        wait_until(lambda: hub.asked(LISTING), 60)
        terminal.kill()
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize("size", [5000, 0], ids=["in a file", "between two files"])
def test_killed_it_is_paused_at_the_next_start_and_goes_on_where_it_was(
    started: Callable[[], Terminal], hub: HubServer, model: dict[str, bytes], tmp_path: Path, size: int
) -> None:
    hub.next(BIN, Answer(stall_after=size))
    killed_in_the_weights(started, hub, tmp_path / PART / BIN, size)
    folder = tmp_path / "models" / NAME
    assert not folder.exists()
    before = len(hub.requests)
    with started() as terminal:
        to_the_paused_one(terminal)
        assert len(hub.requests) == before, "nothing is asked of the hub by itself"
        terminal.type(" ")
        terminal.wait_for(f"{NAME} is here")
        quit_well(terminal)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == model
    fetched = [(each.name, each.start) for each in hub.requests[before:] if each.name in model and each.server == "cdn"]
    assert fetched == [(BIN, size)], "only the rest"
    assert not (tmp_path / PART).parent.exists()


def test_killed_and_then_given_up_it_leaves_nothing(
    started: Callable[[], Terminal], hub: HubServer, model: dict[str, bytes], tmp_path: Path
) -> None:
    hub.next(BIN, Answer(stall_after=5000))
    killed_in_the_weights(started, hub, tmp_path / PART / BIN, 5000)
    with started() as terminal:
        to_the_paused_one(terminal)
        terminal.type("c")
        terminal.wait_for("will be deleted")
        terminal.type("y")
        wait_until(lambda: not (tmp_path / PART).parent.exists(), 60)
        terminal.wait_for(lambda text: "paused" not in text)
        quit_well(terminal)
    assert not (tmp_path / "models" / NAME).exists()


def test_two_apps_pull_one_model(
    started: Callable[[], Terminal], hub: HubServer, model: dict[str, bytes], tmp_path: Path
) -> None:
    hub.next(BIN, Answer(stall_after=5000))
    with started() as first, started() as second:
        ask_for_it(first)
        first.wait_for("Pull it")
        first.press("enter")
        wait_until(lambda: hub.asked(BIN, "cdn"), 60)
        ask_for_it(second)
        second.wait_for("Pull it")
        second.press("enter")
        second.wait_for("is being pulled by another")
        hub.released.set()
        first.wait_for(f"{NAME} is here")
        quit_well(first)
        quit_well(second)
    assert (tmp_path / "models" / NAME / BIN).read_bytes() == model[BIN]
