"""A conversion whose ovchat was killed, at each of its stages: nothing of it is listed, runs on, or keeps the disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import all_end, two_noted
from tests.waiting import wait_until
from tui.library.conversion.begun import left, lock_of
from tui.library.find import Places, find_models
from tui.store.files import locked_now

# The command line, which ends as by `kill -9` where a function of the conversion begins.
_PROGRAM = """
import os, signal, sys
from tui.__main__ import main
from tui.library.conversion import work
setattr(work, sys.argv.pop(1), lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
main()
"""


def names(places: Places) -> list[str]:
    return [model.name for model in find_models(places)][1:]


@pytest.mark.parametrize("stage", ["examine", "_put_in_place"])
def test_while_it_is_checked_or_moved(places: Places, source: Path, python: Path, stage: str) -> None:
    command = [sys.executable, "-c", _PROGRAM, stage, "models", "convert", str(source), "--python", str(python)]
    done = subprocess.run(command, stderr=subprocess.DEVNULL, check=False)
    assert done.returncode == -signal.SIGKILL
    work = lock_of(places.models)
    assert list(work.glob("made/*/openvino_model.bin"))
    assert names(places) == []
    assert left(places.models) == []
    assert not work.exists()


def test_while_the_tool_works(
    places: Places, source: Path, python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_DOES", "hang")
    pids = tmp_path / "pids"
    command = [sys.executable, "-m", "tui", "models", "convert", str(source), "--python", str(python)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as killed:
        wait_until(lambda: two_noted(pids))
        assert left(places.models) == [], "somebody is at it"
        os.kill(int(pids.read_text().split()[0]), 0)
        killed.kill()
    assert names(places) == []
    assert left(places.models) == []
    assert not lock_of(places.models).exists()
    all_end(pids)


def test_one_that_is_at_work_keeps_what_it_makes(places: Places) -> None:
    work = lock_of(places.models)
    work.mkdir(parents=True)
    with locked_now(work):
        assert left(places.models) == []
        assert work.exists()
