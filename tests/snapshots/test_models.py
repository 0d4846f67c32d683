"""The table of models against its pictures: one loaded, one that loads, one that fails; and what it opens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tests.chat_app import GivenModels, chat_app, running
from tests.scripted import ScriptedRunner
from tests.snapshots.picture import compare
from tests.waiting import wait_until_async
from tui.engine.errors import ModelBroken, ModelNotSupported, OvchatError
from tui.engine.model_files import ModelFiles, inspect
from tui.engine.options import EngineOptions
from tui.library.find import Source
from tui.library.findings import Examination, error, note, warning
from tui.library.local import LocalModel
from tui.screens.chat import ChatScreen
from tui.screens.doctor import DoctorScreen
from tui.screens.model_facts import ModelFactsScreen
from tui.screens.models import ModelsScreen
from tui.screens.trying_dialog import TryingDialog

SIZES = [(120, 40), (80, 24), (40, 12)]


def model(
    name: str, files: ModelFiles, kind: str, parameters: float, weights: str, size: float, context: int
) -> LocalModel:
    facts = replace(
        files,
        model_type=kind,
        architecture=f"{kind.title()}ForCausalLM",
        parameters=round(parameters * 1e9),
        weight_format=weights,
        size_bytes=round(size * 1e9) + 4_000_000,
        weight_bytes=round(size * 1e9),
        context_length=context,
        licence="apache-2.0",
        made_with={"openvino": "2026.4.1", "optimum-intel": "2.2.0", "nncf": "3.4.0"},
    )
    return LocalModel(name, Path("/models") / name, Source.MODELS, Path("/models"), facts)


@pytest.fixture(scope="module")
def models(tiny_model) -> list[LocalModel]:
    files = inspect(tiny_model("llama"))
    broken = ModelBroken(
        "/models/me/half/openvino_model.bin is cut off or another model's: it has 1,000,000 bytes, and 5,000,000 are "
        "needed.",
        "Get the model again, or convert it again.",
    )
    kind = ModelNotSupported("/models/bge-small is an embedding model: it gives vectors, not text.", "Choose another.")
    return [
        replace(model("starter", files, "llama", 0.0022, "int8", 0.0022, 1024), source=Source.BUILT_IN),
        replace(
            model("OpenVINO/Qwen3-8B-int4-ov", files, "qwen3", 8.19, "int4_asym g128", 5.21, 40_960),
            source=Source.HUGGING_FACE,
        ),
        model("OpenVINO/Phi-4-mini-instruct-int4-ov", files, "phi3", 3.84, "int4_sym g64", 2.41, 131_072),
        model("Llama-3.3-70B-int8", files, "llama", 70.6, "int8", 70.9, 131_072),
        LocalModel("bge-small", Path("/models/bge-small"), Source.MODELS, Path("/models"), None, kind),
        LocalModel("me/half", Path("/models/me/half"), Source.MODELS, Path("/models"), None, broken),
        model("[b]東京[/b]", files, "gemma2", 2.6, "f16", 5.2, 8192),
    ]


@asynccontextmanager
async def table(
    home: Path, models: list[LocalModel], size: tuple[int, int], runner: ScriptedRunner, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Pilot[None]]:
    """The table over the app; the starter is loaded, and what runs loads nothing by itself."""
    monkeypatch.setattr("tui.screens.models_reading.available_bytes", lambda: 32 * 2**30)
    app = chat_app(home, runner)
    app.animation_level = "none"
    app.services = replace(app.services, models=GivenModels(models))
    if len(models) > 2:
        app.services.active.give_device(models[2].name, "GPU.1")
    async with running(app, size) as pilot:
        chat = app.screen
        assert isinstance(chat, ChatScreen)
        chat._services = app.services
        active = app.services.active
        await wait_until_async(lambda: active.status.model is not None)
        active.use("starter")
        await wait_until_async(lambda: active.status.title == "starter" and active.status.model is not None)
        await pilot.press("f3")
        await wait_until_async(lambda: isinstance(app.screen, ModelsScreen) and app.screen._scene.here is not None)
        app.screen.query_one(Input).cursor_blink = False
        yield pilot
    app.services.outbox.close()


@pytest.mark.parametrize("size", SIZES)
async def test_loaded(tmp_path, models, size, monkeypatch):
    async with table(tmp_path, models, size, ScriptedRunner(loaded=False), monkeypatch) as pilot:
        await compare(pilot.app, f"models-{size[0]}x{size[1]}", tmp_path)


@pytest.mark.parametrize("size", SIZES[:2])
async def test_nothing_but_the_starter(tmp_path, models, size, monkeypatch):
    async with table(tmp_path, models[:1], size, ScriptedRunner(loaded=False), monkeypatch) as pilot:
        await compare(pilot.app, f"models-empty-{size[0]}x{size[1]}", tmp_path)


@pytest.mark.parametrize("size", SIZES[:2])
async def test_loading(tmp_path, models, size, monkeypatch):
    runner = ScriptedRunner(loaded=False)
    async with table(tmp_path, models, size, runner, monkeypatch) as pilot:
        active = pilot.app.services.active
        clock = SimpleNamespace(monotonic=lambda: active.status.began + 2)
        monkeypatch.setattr("tui.screens.model_row.time", clock)
        monkeypatch.setattr("tui.screens.chat_status.time", clock)
        runner._load_s = 9000
        await pilot.press("down", "alt+l")
        await wait_until_async(lambda: active.status.stage == "reading the model")
        await compare(pilot.app, f"models-loading-{size[0]}x{size[1]}", tmp_path)


@pytest.mark.parametrize("size", SIZES[:2])
async def test_failed(tmp_path, models, size, monkeypatch):
    runner = ScriptedRunner(loaded=False)
    async with table(tmp_path, models, size, runner, monkeypatch) as pilot:
        runner.load_error = OvchatError(
            "CPU cannot compile the model (Exception from src/inference/src/cpp/core.cpp).",
            "Try another device, or set engine.backend to stateful.",
        )
        await pilot.press("down", "alt+l")
        await wait_until_async(lambda: pilot.app.services.active.status.error is not None)
        await compare(pilot.app, f"models-failed-{size[0]}x{size[1]}", tmp_path)


async def test_all_that_is_known_of_one(tmp_path, models, monkeypatch):
    async with table(tmp_path, models, SIZES[1], ScriptedRunner(loaded=False), monkeypatch) as pilot:
        await pilot.press("down", "down", "alt+i")
        await wait_until_async(lambda: isinstance(pilot.app.screen, ModelFactsScreen))
        await compare(pilot.app, "models-facts", tmp_path)


@pytest.mark.parametrize("size", SIZES[:2])
async def test_what_is_wrong_with_one(tmp_path, models, size, monkeypatch):
    found = Examination(
        Path("/models/qwen"),
        (
            error(
                "weights-short",
                "openvino_model.bin is cut off: it has 1,000 bytes, and 228,245 are needed.",
                "Get it again.",
            ),
            warning("template-fails", "The template fails with two users in a row: [b]roles[/b] must alternate.", ""),
            note(
                "fits-not-npu",
                "It does not fit the NPU: its weights are int4 in groups of 64.",
                "Convert it with --preset npu.",
            ),
        ),
        ("files", "graph and weights", "JSON files", "tokenizer", "chat template", "stop tokens", "memory"),
        0.31,
    )
    async with table(tmp_path, models, size, ScriptedRunner(loaded=False), monkeypatch) as pilot:
        panel = DoctorScreen(pilot.app.services, models[1], "", EngineOptions(), found)
        await pilot.app.push_screen(panel)
        await compare(pilot.app, f"models-doctor-{size[0]}x{size[1]}", tmp_path)


async def test_a_folder_that_cannot_be_added(tmp_path, models, monkeypatch):
    async with table(tmp_path, models, SIZES[1], ScriptedRunner(loaded=False), monkeypatch) as pilot:
        await pilot.press("alt+a")
        await wait_until_async(lambda: isinstance(pilot.app.screen, TryingDialog))
        pilot.app.screen.query_one(Input).cursor_blink = False
        pilot.app.screen.query_one(Input).value = "/no/such [b]folder[/b]"
        await pilot.press("enter")
        await compare(pilot.app, "models-add-80x24", tmp_path)
