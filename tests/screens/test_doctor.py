"""What is wrong with a model, on a panel: the findings, and the deep check that goes on when it is left."""

from __future__ import annotations

import shutil
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.chat_app import chat_app
from tests.screens.host import Host, showing, unnamed_bindings
from tests.waiting import wait_until_async
from tui.engine.errors import Cancelled, DeviceNotFound, ModelNotFound
from tui.engine.options import EngineOptions
from tui.library.find import Source
from tui.library.findings import Examination, warning
from tui.library.local import LocalModel
from tui.library.progress import Progress
from tui.screens.doctor import DoctorScreen

NAME = "[b]me[/b]/🎈 'x'"


class Deep:
    """In place of the deep check: waits until it may go on, then answers."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.devices: list[str] = []
        self.options: list[EngineOptions] = []
        self.error: Exception | None = None

    def __call__(self, folder, device, options, *, report, stop, verdicts):
        self.devices.append(device)
        self.options.append(options)
        report(Progress("loading (CPU)", 1, 5, detail="compiling"))
        while not self.go.wait(0.01):
            if stop.is_set():
                raise Cancelled
        if self.error is not None:
            raise self.error
        return Examination(
            folder, (warning("tokens-differ", "NPU answers [i]otherwise[/i].", ""),), ("32 tokens",), 2.0
        )


class Checked:
    def __init__(self, app: Host, pilot, jobs, deep: Deep) -> None:
        self.app, self.pilot, self.jobs, self.deep = app, pilot, jobs, deep

    @property
    def words(self) -> str:
        return " ".join(self.app.text().split())

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def sees(self, text: str) -> None:
        await wait_until_async(lambda: text in self.words, what=f"{text!r} in {self.app.text()}")
        await self.pilot.pause()  # what came with it may be laid out a moment later


@pytest.fixture
def folder(tmp_path, tiny_model, monkeypatch) -> Path:
    monkeypatch.setenv("OVCHAT_HOME", str(tmp_path / "home"))
    return shutil.copytree(tiny_model("llama"), tmp_path / "model")


@pytest.fixture
def checked(tmp_path, folder, monkeypatch):
    """Opens the panel for the model in `folder`."""
    deep = Deep()
    monkeypatch.setattr("tui.library.deep_check.examine_deeply", deep)

    @asynccontextmanager
    async def open_panel(size: tuple[int, int] = (80, 24), before: Examination | None = None) -> AsyncIterator[Checked]:
        services = chat_app(tmp_path).services
        model = LocalModel(NAME, folder, Source.MODELS, folder.parent)
        try:
            async with showing(DoctorScreen(services, model, "CPU", EngineOptions(), before), size) as (app, pilot):
                yield Checked(app, pilot, services.jobs, deep)
                app.workers.cancel_all()
        finally:
            deep.go.set()
            assert services.jobs.close(10)
            services.active.close(10)
            services.outbox.close()

    return open_panel


@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
async def test_what_is_wrong_and_what_to_do(checked, folder, size):
    (folder / "openvino_model.bin").write_bytes(b"x" * 100)
    async with checked(size) as it:
        await it.sees("1 error")
        for text in ("error", "is cut off", "(weights-short)", NAME):
            await it.sees(text)
        await it.press("end")
        await it.sees("Looked at: files,")
        assert "D Deep check" not in it.words
        await it.press("d")
        assert not it.jobs.all


async def test_a_whole_model_has_been_looked_at(checked):
    async with checked() as it:
        await it.sees("1 warning")
        assert "weights-f32" in it.words
        assert "D also computes with it" in it.words


async def test_nothing_found(checked, folder):
    async with checked(before=Examination(folder, (), ("files", "graph and weights"), 0.04)) as it:
        await it.sees("Nothing found. Looked at: files, graph and weights (0.0 s).")


async def test_a_folder_that_has_gone_is_said(checked, folder):
    shutil.rmtree(folder)
    async with checked() as it:
        await it.sees("There is no")


async def test_the_deep_check_runs_on_its_device_and_adds_what_it_finds(checked):
    async with checked() as it:
        await it.sees("weights-f32")
        await it.press("d")
        await it.sees("loading (CPU): compiling, step 2 of 5")
        assert it.deep.devices == ["CPU"]
        it.deep.go.set()
        await it.sees("NPU answers [i]otherwise[/i]. (tokens-differ)")
        assert "2 warnings" in it.words
        assert "weights-f32" in it.words
        assert "loading (CPU)" not in it.words


async def test_the_deep_check_is_stopped(checked):
    async with checked() as it:
        await it.sees("weights-f32")
        await it.press("d")
        await it.sees("C Stop")
        await it.press("c")
        await it.sees("D Deep check")
        assert not it.jobs.all
        assert "loading (CPU)" not in it.words


async def test_leaving_does_not_stop_it(checked):
    async with checked() as it:
        await it.sees("weights-f32")
        await it.press("d")
        await it.sees("loading (CPU)")
        await it.press("escape")
        (job,) = it.jobs.all
        assert job.is_live
        it.deep.go.set()
        await wait_until_async(lambda: job.result is not None)


@pytest.mark.parametrize(
    "error",
    [DeviceNotFound("There is no device NPU here.", "There is: CPU."), ModelNotFound("It is gone.", "There is: CPU.")],
)
async def test_a_deep_check_that_fails_says_why(checked, error):
    async with checked() as it:
        await it.sees("weights-f32")
        it.deep.error = error
        it.deep.go.set()
        await it.press("d")
        await it.sees(str(error))
        assert "weights-f32" in it.words


def test_every_key_is_named():
    assert not unnamed_bindings(DoctorScreen)
