"""The models' panel over the app's services, with given models and a scripted engine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.chat_app import GivenModels, chat_app
from tests.screens.host import Host, listing
from tests.scripted import ScriptedRunner
from tests.waiting import wait_until_async
from tui.engine.errors import ModelBroken
from tui.engine.model_files import ModelFiles, inspect
from tui.library.find import Source
from tui.library.local import LocalModel
from tui.screens.models import ModelsScreen
from tui.screens.services import Services

SIZES = [(120, 40), (80, 24), (40, 12)]
BROKEN = ModelBroken("openvino_model.bin is cut off: 12 of 5,000,000 bytes.", "Get it again: hf download me/broken")
QWEN = "OpenVINO/Qwen3-8B-int4-ov"
GIB = 2**30


@pytest.fixture(autouse=True)
def _memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.screens.models_reading.available_bytes", lambda: 16 * GIB)


@pytest.fixture(scope="module")
def files(tiny_model) -> ModelFiles:
    return inspect(tiny_model("llama"))


@pytest.fixture
def models(files) -> list[LocalModel]:
    qwen = replace(
        files,
        model_type="qwen3",
        architecture="Qwen3ForCausalLM",
        parameters=8_190_735_360,
        weight_format="int4_asym g128",
        size_bytes=5_210_000_000,
        weight_bytes=5_200_000_000,
        context_length=40_960,
    )
    small = replace(files, size_bytes=4_100_000, weight_bytes=3_000_000, context_length=1024)
    return [
        LocalModel("starter", Path("/opt/ovchat/starter"), Source.BUILT_IN, Path("/opt/ovchat"), small),
        LocalModel(QWEN, Path.home() / "m" / "qwen", Source.HUGGING_FACE, Path.home() / "m", qwen),
        LocalModel("me/broken", Path("/models/me/broken"), Source.MODELS, Path("/models"), None, BROKEN),
        LocalModel(
            "[b]x[/b]\x1b[2J", Path("/models/x"), Source.MODELS, Path("/models"), replace(files, size_bytes=999_900)
        ),
    ]


class Opened:
    """The panel over the app's services; `runner` loads and unloads."""

    def __init__(self, app: Host, pilot, services: Services, runner: ScriptedRunner) -> None:
        self.app, self.pilot, self.services, self.runner = app, pilot, services, runner

    @property
    def panel(self) -> ModelsScreen:
        return self.app.panel

    @property
    def marked(self) -> str:
        row = self.panel.rows.current
        return row.name if row is not None else ""

    @property
    def names(self) -> list[str]:
        return [row.name for row in self.panel.rows.items]

    @property
    def text(self) -> str:
        return self.app.text()

    @property
    def words(self) -> str:
        """What is shown, however it is wrapped."""
        return " ".join(self.text.split())

    def row(self, name: str) -> str:
        """The line of a model in the table."""
        return next(line for line in self.text.splitlines() if line.lstrip("› ").startswith(name[:20]))

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def sees(self, text: str) -> None:
        await wait_until_async(lambda: text in self.words, what=f"{text!r} in {self.text}")
        await self.pilot.pause()  # what came with it may be laid out a moment later


@pytest.fixture
def opened(tmp_path, models):
    """Opens the panel with a model in use, or none."""

    @asynccontextmanager
    async def open_panel(
        in_use: str = "starter",
        size: tuple[int, int] = (80, 24),
        found: Sequence[LocalModel] | None = None,
        reason: str = "",
        runner: ScriptedRunner | None = None,
        given: dict[str, str] | None = None,
        user: dict[str, object] | None = None,
        until: Callable[[Services], object] = lambda services: services.active.status.model,
    ) -> AsyncIterator[Opened]:
        runner = runner or ScriptedRunner(loaded=False)
        services = chat_app(tmp_path, runner, models=models, user=user).services
        services = replace(services, models=GivenModels(models if found is None else found))
        for name, device in (given or {}).items():
            services.active.give_device(name, device)
        try:
            if in_use:
                services.active.use(in_use)
                await wait_until_async(lambda: until(services))
            async with listing(ModelsScreen(services, reason), size) as (app, pilot):
                await wait_until_async(lambda: app.panel._scene.here is not None, what="the devices")
                await pilot.pause()
                yield Opened(app, pilot, services, runner)
        finally:
            runner.go.set()
            assert services.active.close(10)
            services.outbox.close()

    return open_panel
