"""Whole models: loaded from a folder, every architecture says what torch says."""

from __future__ import annotations

import gc
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engine.generation import answer
from tui.engine.errors import BadParameter, ModelNotSupported, NotEnoughMemory, TemplateError
from tui.engine.language_model import LanguageModel
from tui.engine.options import EngineOptions
from tui.engine.paged import PagedBackend
from tui.engine.self_check import BROUGHT, verdict_key

EXACT = EngineOptions(precision="f32", kv_cache="f32")
# Wrong or impossible under paged attention; everything else runs paged.
NOT_PAGED = {
    "mpt": "stateful",
    "lfm2": "stateful",
    "granitemoehybrid": "stateful",
    "llama-stateless": "stateless",
    "llama-no-cache": "recompute",
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "architecture" in metafunc.fixturenames:
        import json

        oracle = json.loads((Path(__file__).parent.parent / "models" / "oracle.json").read_text())
        metafunc.parametrize("architecture", sorted(oracle))


def test_greedy_tokens_are_those_of_torch(architecture: str, tiny_model: Callable[[str], Path], oracle: dict[str, Any]):
    verdicts: dict[str, str] = {}
    with LanguageModel.load(tiny_model(architecture), "CPU", EXACT, verdicts) as model:
        assert model.backend.capabilities.name == NOT_PAGED.get(architecture, "paged")
        for expected in oracle[architecture]["answers"].values():
            count = len(expected["token_ids"])
            end = answer(model, expected["prompt"], max_tokens=count)
            assert list(end.prompt_token_ids) == expected["prompt_ids"]
            assert list(end.token_ids) == expected["token_ids"]


def test_the_lm_head_is_recognised_in_every_architecture(architecture: str, tiny_model: Callable[[str], Path]):
    with LanguageModel.load(tiny_model(architecture), "CPU", EXACT) as model:
        assert model.backend.capabilities.selects_rows


def test_the_self_check_is_made_once_and_remembered(tiny_model: Callable[[str], Path]):
    verdicts: dict[str, str] = {}
    stages: list[str] = []
    LanguageModel.load(tiny_model("mpt"), "CPU", EXACT, verdicts, stages.append).close()
    assert list(verdicts.values()) == ["failed"]
    assert any("checking" in stage for stage in stages)
    stages.clear()
    with LanguageModel.load(tiny_model("mpt"), "CPU", EXACT, verdicts, stages.append) as model:
        assert not any("checking" in stage for stage in stages)
        assert "stateful" in " ".join(model.notices)


def test_a_verdict_that_comes_with_the_model_saves_the_check(tiny_model: Callable[[str], Path], tmp_path: Path):
    folder = tmp_path / "mpt"
    shutil.copytree(tiny_model("mpt"), folder)
    stages: list[str] = []
    key = verdict_key(folder / "openvino_model.xml", "CPU")
    (folder / BROUGHT).write_text(json.dumps({key: "failed"}))
    with LanguageModel.load(folder, "CPU", EXACT, {}, stages.append) as model:
        assert not any("checking" in stage for stage in stages)
        assert model.backend.capabilities.name == "stateful"
    for useless in ("no JSON", "[]", json.dumps({f"other {key}": "ok", key: "perhaps"})):
        (folder / BROUGHT).write_text(useless)
        stages.clear()
        LanguageModel.load(folder, "CPU", EXACT, {}, stages.append).close()
        assert any("checking" in stage for stage in stages)


def test_without_memory_for_it_the_check_is_left_out_and_said(tiny_model, monkeypatch):
    monkeypatch.setattr("tui.engine.self_check.available_bytes", lambda: 1000)
    verdicts: dict[str, str] = {}
    with LanguageModel.load(tiny_model("llama"), "CPU", EXACT, verdicts) as model:
        assert "unchecked" in " ".join(model.notices)
        assert model.backend.capabilities.name == "paged"
    assert verdicts == {}


def test_a_check_that_runs_out_of_memory_says_nothing_about_the_model(tiny_model, monkeypatch):
    def no_room(*_: object, **__: object) -> None:
        raise NotEnoughMemory("There is none.")

    monkeypatch.setattr("tui.engine.self_check.PagedBackend", no_room)
    verdicts: dict[str, str] = {}
    with LanguageModel.load(tiny_model("llama"), "CPU", EXACT, verdicts) as model:
        assert "unchecked" in " ".join(model.notices)
    assert verdicts == {}


def test_paged_asked_for_where_it_is_wrong_is_refused(tiny_model):
    with pytest.raises(BadParameter, match="wrongly"):
        LanguageModel.load(tiny_model("mpt"), "CPU", EngineOptions(backend="paged"))
    with pytest.raises(BadParameter, match="hybrid"):
        LanguageModel.load(tiny_model("lfm2"), "CPU", EngineOptions(backend="paged"))


@pytest.mark.parametrize(("name", "kind"), [("t5", "encoder-decoder"), ("bert", "embedding")])
def test_what_cannot_chat_is_refused_by_name(name, kind, tiny_model):
    with pytest.raises(ModelNotSupported, match=kind):
        LanguageModel.load(tiny_model(name), "CPU")


def test_where_the_template_cannot_be_read_the_model_does_not_stay_in_memory(tiny_model, tmp_path, monkeypatch):
    folder = shutil.copytree(tiny_model("llama"), tmp_path / "llama")
    (folder / "chat_template.jinja").write_bytes(b"\xff")
    closed, close = [], PagedBackend.close

    def counted(backend: PagedBackend) -> None:
        closed.append(backend)
        close(backend)

    monkeypatch.setattr(PagedBackend, "close", counted)
    with pytest.raises(TemplateError):
        LanguageModel.load(folder, "CPU")
    # The self-check closes one, too.
    assert len(closed) == 2


def test_too_little_memory_is_said_before_loading(tiny_model, monkeypatch):
    monkeypatch.setattr("tui.engine.open_backend.available_bytes", lambda: 1000)
    with pytest.raises(NotEnoughMemory, match="GiB"):
        LanguageModel.load(tiny_model("llama"), "CPU")


def test_the_context_is_the_models_or_the_one_asked_for_or_what_memory_holds(tiny_model, monkeypatch):
    with LanguageModel.load(tiny_model("llama"), "CPU") as model:
        own = model.context_limit
        assert own == model.files.context_length
    with LanguageModel.load(tiny_model("llama"), "CPU", EngineOptions(context=99)) as model:
        assert model.context_limit == 99
    monkeypatch.setattr("tui.engine.device_memory.available_bytes", lambda: 128 * 1024)
    with LanguageModel.load(tiny_model("llama"), "CPU") as model:
        assert model.context_limit < own
    with pytest.raises(NotEnoughMemory, match=r"engine\.context") as refused:
        LanguageModel.load(tiny_model("llama"), "CPU", EngineOptions(context=100_000))
    assert "100,000" in refused.value.sentence


@pytest.mark.parametrize("precision", ["f32", "bf16", "default", "auto"])
@pytest.mark.parametrize("kv_cache", ["auto", "u8", "f16"])
def test_precisions_and_kv_types_run(tiny_model, precision, kv_cache):
    options = EngineOptions(precision=precision, kv_cache=kv_cache)
    with LanguageModel.load(tiny_model("llama-int8"), "CPU", options) as model:
        assert answer(model, "A tiny model says", max_tokens=5).usage.completion_tokens == 5
        if kv_cache == "u8":
            assert model.kv_cache == "u8"
        if precision == "auto":
            assert model.precision == "f32"


@pytest.mark.parametrize(("precision", "kv_cache"), [("f32", "bf16"), ("f16", "f32")])
def test_a_kv_type_that_the_device_refuses_is_a_sentence(tiny_model, precision, kv_cache):
    with pytest.raises(BadParameter, match="KV cache with this precision") as refused:
        LanguageModel.load(tiny_model("llama"), "CPU", EngineOptions(precision=precision, kv_cache=kv_cache))
    assert "engine.kv_cache to auto" in refused.value.next_step


@pytest.mark.skipif(sys.platform != "linux", reason="what a process has mapped is asked of /proc")
@pytest.mark.parametrize("backend", ["paged", "stateful"])
def test_a_closed_model_does_not_hold_its_weights_whoever_keeps_it(tiny_model, tmp_path, backend):
    folder = shutil.copytree(tiny_model("llama-int8"), tmp_path / "model")
    model = LanguageModel.load(folder, "CPU", EngineOptions(backend=backend), {})
    assert mapped(folder)
    model.close()
    gc.collect()
    assert not mapped(folder)


def mapped(folder: Path) -> bool:
    """Whether this process has the model's weights mapped, as the compiled model does."""
    return str(folder / "openvino_model.bin") in Path("/proc/self/maps").read_text()
