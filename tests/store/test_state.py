from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tui.store import files
from tui.store.state import State


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "state.toml"


def test_a_first_start_remembers_nothing_and_writes_nothing(path: Path) -> None:
    state = State(path)
    assert (state.model, state.device, state.device_of("starter"), dict(state.verdicts)) == (None, None, None, {})
    assert not path.parent.exists()


def test_what_was_used_is_there_in_the_next_process(path: Path) -> None:
    State(path).used("qwen3", "GPU.1")
    State(path).give_device('a "model"\\ of mine', "NPU")
    State(path).verdicts["abc|CPU"] = "equal"
    state = State(path)
    assert (state.model, state.device) == ("qwen3", "GPU.1")
    assert state.device_of('a "model"\\ of mine') == "NPU"
    assert dict(state.verdicts) == {"abc|CPU": "equal"}


def test_verdicts_are_a_mapping(path: Path) -> None:
    verdicts = State(path).verdicts
    verdicts["a"] = "equal"
    verdicts["b"] = "different"
    assert len(verdicts) == 2
    del verdicts["a"]
    assert dict(verdicts) == {"b": "different"}
    with pytest.raises(KeyError):
        del verdicts["a"]
    with pytest.raises(KeyError):
        verdicts["a"]


def test_a_long_running_process_keeps_what_another_wrote(path: Path) -> None:
    first, second = State(path), State(path)
    first.used("one", "CPU")
    second.verdicts["v"] = "equal"
    first.give_device("one", "GPU")
    assert first.verdicts["v"] == "equal"
    assert second.device_of("one") == "GPU"


def test_processes_writing_at_once_lose_nothing(path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tui.store.state import State\n"
        "for n in range(15): State(Path(sys.argv[1])).verdicts[f'{sys.argv[2]}-{n}'] = 'equal'"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, str(path), str(n)]) for n in range(4)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0, 0]
    assert len(State(path).verdicts) == 4 * 15


@pytest.mark.parametrize(
    "content", [b"model = [", b"\xff", b"model = 3\nverdicts = 4\n[devices]\nm = 5\n", b"x = " + b"[" * 50_000]
)
def test_a_broken_file_counts_as_empty_and_is_replaced_by_the_next_change(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    state = State(path)
    assert (state.model, state.device_of("m"), dict(state.verdicts)) == (None, None, {})
    state.used("m", "CPU")
    state.give_device("m", "CPU")
    state.verdicts["v"] = "equal"
    assert tomllib.loads(path.read_text())["verdicts"] == {"v": "equal"}
    assert State(path).model == "m"


@pytest.mark.skipif(os.name != "posix", reason="a file of that kind")
@pytest.mark.timeout(20)  # else it would wait for one that writes
def test_a_pipe_counts_as_empty_and_is_replaced_by_the_next_change(path: Path) -> None:
    path.parent.mkdir()
    os.mkfifo(path)
    state = State(path)
    assert state.model is None
    state.used("m", "CPU")
    assert path.is_file()
    assert State(path).model == "m"


def test_what_cannot_be_written_lasts_as_long_as_the_process(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    State(path).used("old", "CPU")

    def read_only(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "replace", read_only)
    state = State(path)
    state.verdicts["v"] = "equal"
    state.used("new", "GPU")
    assert (state.model, dict(state.verdicts)) == ("new", {"v": "equal"})
    assert State(path).model == "old"


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
def test_the_state_is_the_users_alone(path: Path) -> None:
    State(path).used("m", "CPU")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_missing_lock_does_not_stop_a_change(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform == "win32":
        pytest.skip("flock is POSIX's")

    def no_locks(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(files.fcntl, "flock", no_locks)
    State(path).used("m", "CPU")
    assert State(path).model == "m"


def test_a_name_that_is_not_utf8_lasts_as_long_as_the_process(path: Path) -> None:
    State(path).used("old", "CPU")
    state = State(path)
    state.used(os.fsdecode(b"/models/caf\xe9"), "CPU")
    assert state.model == os.fsdecode(b"/models/caf\xe9")
    assert State(path).model == "old"


def test_a_renamed_model_keeps_its_device_and_options(tmp_path: Path) -> None:
    state = State(tmp_path / "state.toml")
    state.rename(lambda name: name == "old", "new")
    assert (state.model, state.devices) == (None, {})
    state.used("old", "CPU")
    state.give_device("old", "GPU")
    state.give_device("other", "NPU")
    state.give_options("old", {"kv_cache": "u8"})
    state.verdicts["key"] = "equal"
    state.rename(lambda name: name == "old", "new")
    assert (state.model, state.device) == ("new", "CPU")
    assert state.devices == {"new": "GPU", "other": "NPU"}
    assert state.options == {"new": {"kv_cache": "u8"}}
    assert dict(state.verdicts) == {"key": "equal"}
    state.rename(lambda name: False, "third")
    assert state.model == "new"
