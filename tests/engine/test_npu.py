"""The NPU's backend with OpenVINO's own NPU plugin, whose models the CPU runs here: all but the hardware."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import pytest

from tests.engine.backends import greedy
from tests.engine.backends import open_backend as open_on_cpu
from tests.engine.scripted_core import ScriptedCore
from tui.engine import model as ir
from tui.engine.backend import Backend
from tui.engine.device_search import Machine
from tui.engine.errors import BadParameter, BadToken, Cancelled, ContextFull, ModelNotSupported
from tui.engine.events import Finished
from tui.engine.generate import GenerationRequest, generate
from tui.engine.language_model import LanguageModel
from tui.engine.npu import NpuBackend
from tui.engine.npu_lengths import lengths_for
from tui.engine.options import EngineOptions
from tui.engine.plugin_properties import npu_properties
from tui.engine.sampling_params import SamplingParams
from tui.engine.scoring import score

pytestmark = pytest.mark.skipif("NPU" not in Machine().plugins, reason="this OpenVINO has no NPU plugin")

CONTEXT = 191  # 128 tokens of prompt at once
# The plugin keeps its KV cache in f16; logits of these models go from -30 to 30.
TOLERANCE = 0.6


@pytest.fixture(scope="module")
def opened(tiny_model: Callable[[str], Path]) -> Iterator[NpuBackend]:
    core, lengths = ScriptedCore({"NPU": {}}), lengths_for(CONTEXT)
    graph = ir.read(core, tiny_model("llama") / "openvino_model.xml")
    signature = ir.classify(graph)
    compiled = ir.compile_decoder(core, graph, "NPU", npu_properties(lengths), paged=False)
    backend = NpuBackend(compiled, signature, lengths=lengths, context_limit=CONTEXT)
    yield backend
    backend.close()


@pytest.fixture
def backend(opened: NpuBackend) -> NpuBackend:
    for sequence in opened.sequences():
        opened.free(sequence)
    return opened


@pytest.fixture(scope="module")
def on_cpu(tiny_model: Callable[[str], Path]) -> Iterator[Backend[Any]]:
    backend = open_on_cpu("stateful", tiny_model("llama"))
    yield backend
    backend.close()


@pytest.fixture(scope="module")
def tokens() -> list[int]:
    found: list[int] = np.random.default_rng(7).integers(3, 500, CONTEXT).tolist()
    return found


def logits_of(backend: Backend[Any], parts: list[list[int]], rows: int = 1) -> np.ndarray:
    sequence = backend.create()
    for part in parts:
        logits = backend.step(sequence, part, rows=rows if part is parts[-1] else 1)
    return np.array(logits)


@pytest.mark.parametrize(
    "cuts",
    [[2], [20], [128], [129], [160], [191], [1], [1, 9], [20, 21, 22], [20, 50], [20, 23, 60], [150, 191]],
    ids=str,
)
def test_logits_are_those_of_the_cpu_however_the_tokens_come(
    backend: NpuBackend, on_cpu: Backend[Any], tokens: list[int], cuts: list[int]
) -> None:
    parts = [tokens[begin:end] for begin, end in zip([0, *cuts], cuts, strict=False)]
    expected = logits_of(on_cpu, [tokens[: cuts[-1]]])
    np.testing.assert_allclose(logits_of(backend, parts), expected, atol=TOLERANCE)
    assert backend.tokens(backend.sequences()[0]).tolist() == tokens[: cuts[-1]]


@pytest.mark.parametrize(("begin", "rows"), [(0, 5), (0, 30), (20, 1), (20, 4), (20, 10)])
def test_rows_of_earlier_tokens_can_be_had(
    backend: NpuBackend, on_cpu: Backend[Any], tokens: list[int], begin: int, rows: int
) -> None:
    parts = [tokens[:begin], tokens[begin:30]] if begin else [tokens[:30]]
    found = logits_of(backend, parts, rows)
    assert found.shape == (rows, backend.vocab_size)
    np.testing.assert_allclose(found, logits_of(on_cpu, [tokens[:30]], rows), atol=TOLERANCE)


def test_a_conversation_before_leaves_nothing_behind(
    backend: NpuBackend, on_cpu: Backend[Any], tokens: list[int]
) -> None:
    logits_of(backend, [tokens[:150]])
    np.testing.assert_allclose(logits_of(backend, [tokens[40:60]]), logits_of(on_cpu, [tokens[40:60]]), atol=TOLERANCE)


def test_the_context_is_both_lengths_without_the_last_token(backend: NpuBackend, tokens: list[int]) -> None:
    assert backend.capabilities.context_limit == 128 + 64 - 1
    sequence = backend.create()
    backend.step(sequence, tokens)  # the plugin refuses one more
    with pytest.raises(ContextFull):
        backend.step(sequence, [5])
    with pytest.raises(BadToken):
        backend.step(backend.create(), [600])


def test_there_is_one_sequence_and_going_back_forgets_it(backend: NpuBackend, tokens: list[int]) -> None:
    first = backend.create()
    backend.step(first, tokens[:30])
    assert not backend.capabilities.can_rewind
    assert backend.rewind(first, 20) == 0
    assert not len(backend.tokens(first))
    assert backend.sequences() == [first]
    backend.step(first, tokens[:30])
    second = backend.fork(first, 20)
    assert backend.sequences() == [second]
    assert not len(backend.tokens(second))


def test_every_turn_computes_the_conversation_anew_in_one_call(
    backend: NpuBackend, on_cpu: Backend[Any], tokens: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = greedy(backend, tokens[:30], 5)
    assert answer == greedy(on_cpu, tokens[:30], 5)
    fed: list[int] = []
    compute = backend._compute
    monkeypatch.setattr(backend, "_compute", lambda new, *rest: (fed.append(len(new)), compute(new, *rest)))
    prompt = [*tokens[:30], *answer, *tokens[50:60]]
    greedy(backend, prompt, 3)
    assert fed == [len(prompt), 1, 1]


def test_after_a_cancelled_step_nothing_is_held(backend: NpuBackend, tokens: list[int]) -> None:
    sequence, cancel = backend.create(), threading.Event()
    backend.step(sequence, tokens[:30])
    cancel.set()
    with pytest.raises(Cancelled):
        backend.step(sequence, tokens[30:40], cancel=cancel)
    assert not len(backend.tokens(sequence))


@pytest.fixture
def core(monkeypatch: pytest.MonkeyPatch) -> ScriptedCore:
    core = ScriptedCore({"NPU": {"FULL_DEVICE_NAME": "Intel(R) AI Boost"}})
    monkeypatch.setattr(ov, "Core", lambda: core)
    return core


def test_a_model_is_loaded_and_answers(core: ScriptedCore, tiny_model: Callable[[str], Path], tmp_path: Path) -> None:
    stages: list[str] = []
    options = EngineOptions(context=300)
    with LanguageModel.load(tiny_model("llama"), "npu", options, {}, stages.append, tmp_path) as model:
        ((device, properties),) = [each for each in core.compiled if each[0] == "NPU"]
        assert properties == {**npu_properties(lengths_for(300)), "CACHE_DIR": str(tmp_path / device)}
        assert stages == ["reading the model", "compiling for NPU (the first time, that takes minutes)"]
        assert (model.device, model.context_limit, model.notices) == ("NPU", 300, ())
        model.warm_up(threading.Event())
        greedily = SamplingParams(temperature=0, ignore_eos=True, max_tokens=12)
        request = GenerationRequest(prompt="A tiny model says", sampling=greedily)
        first, again = [[*generate(model, request)][-1] for _ in range(2)]
        assert isinstance(first, Finished)
        assert isinstance(again, Finished)
        assert first.token_ids == again.token_ids
        assert again.usage.cached_tokens == 0
        *_, scored = _all(score(model, request, first.token_ids, 2))
        assert [each.token_id for each in scored] == list(first.token_ids)


def _all(scoring: Any) -> list[Any]:
    found = []
    while True:
        try:
            found.append(next(scoring))
        except StopIteration as end:
            return [*found, end.value]


@pytest.mark.parametrize(
    ("name", "options", "error", "said"),
    [
        ("lfm2", {}, ModelNotSupported, "it is a hybrid decoder"),
        ("llama-stateless", {}, ModelNotSupported, "it is a stateless decoder"),
        ("bloom", {}, ModelNotSupported, "it takes no positions"),
        ("batch-axis-1", {}, ModelNotSupported, "another layout"),
        ("llama", {"backend": "paged"}, BadParameter, "NPU has no paged attention"),
        ("llama", {"kv_cache": "u8"}, BadParameter, "a type of its own choice"),
    ],
)
def test_what_an_npu_cannot_run_is_said_before_it_compiles(
    core: ScriptedCore,
    tiny_model: Callable[[str], Path],
    name: str,
    options: dict[str, str],
    error: type[Exception],
    said: str,
) -> None:
    with pytest.raises(error, match=said):
        LanguageModel.load(tiny_model(name), "NPU", EngineOptions(**options))
    assert not [device for device, _ in core.compiled if device == "NPU"]
