"""Graphs: what kind a decoder is, and the row selection before each known kind of LM head."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import openvino as ov
import pytest
from openvino import opset13 as ops

from tui.engine import model as ir
from tui.engine.errors import BadParameter, ModelBroken
from tui.engine.options import EngineOptions

HIDDEN, VOCABULARY = 8, 11
WEIGHTS = np.random.default_rng(0).standard_normal((VOCABULARY, HIDDEN)).astype(np.float32)


def matmul(hidden: ov.Output) -> ov.Node:
    return ops.matmul(hidden, ops.constant(WEIGHTS), False, True)


def compressed(hidden: ov.Output) -> ov.Node:
    weights = ops.multiply(
        ops.convert(ops.constant((WEIGHTS * 10).astype(np.int8)), "f32"),
        ops.constant(np.full((11, 1), 0.1, np.float32)),
    )
    return ops.matmul(hidden, weights, False, True)


def biased(hidden: ov.Output) -> ov.Node:
    return ops.add(matmul(hidden), ops.constant(np.arange(VOCABULARY, dtype=np.float32)))


def soft_capped(hidden: ov.Output) -> ov.Node:
    cap = ops.constant(np.float32(30))
    return ops.multiply(ops.tanh(ops.divide(matmul(hidden), cap)), cap)


def transposed(hidden: ov.Output) -> ov.Node:
    """Old ChatGLM computes [tokens, batch, hidden] and turns the logits round."""
    turned = ops.transpose(hidden, ops.constant(np.array([1, 0, 2])))
    return ops.transpose(matmul(turned), ops.constant(np.array([1, 0, 2])))


def sorted_logits(hidden: ov.Output) -> ov.Node:
    return ops.topk(matmul(hidden), ops.constant(np.int64(VOCABULARY)), -1, "max", "value")


def decoder(tail: Callable[[ov.Output], ov.Node]) -> ov.Model:
    """Token ids [1, T] -> a table of hidden states -> the tail."""
    ids = ops.parameter([-1, -1], np.int64, name="input_ids")
    ids.output(0).set_names({"input_ids"})
    table = np.random.default_rng(1).standard_normal((VOCABULARY, HIDDEN)).astype(np.float32)
    logits = tail(ops.gather(ops.constant(table), ids, ops.constant(np.int64(0))).output(0))
    logits.output(0).set_names({"logits"})
    return ov.Model([logits.output(0)], [ids])


@pytest.mark.parametrize("tail", [matmul, compressed, biased, soft_capped, transposed])
def test_chosen_rows_are_the_rows_of_all_logits(tail: Callable[[ov.Output], ov.Node]):
    ids = np.array([[3, 1, 4, 1, 5, 9, 2, 6]])
    core = ov.Core()
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    everything = core.compile_model(decoder(tail), "CPU", exact)({"input_ids": ids})["logits"]
    graph = decoder(tail)
    assert ir.select_rows(graph, token_axis=1)
    rows = np.array([7, 2])
    chosen = core.compile_model(graph, "CPU", exact)({"input_ids": ids, ir.ROWS_INPUT: rows})["logits"]
    assert chosen.shape == (1, 2, VOCABULARY)
    np.testing.assert_allclose(chosen, everything[:, rows], atol=1e-5)


def test_an_unknown_tail_is_left_as_it_is():
    graph = decoder(sorted_logits)
    assert not ir.select_rows(graph, token_axis=1)
    assert [port.get_any_name() for port in graph.inputs] == ["input_ids"]


def test_a_model_with_an_unknown_tail_still_runs_and_says_so(tiny_model: Callable[[str], Path], monkeypatch):
    from tests.engine.generation import answer
    from tui.engine.language_model import LanguageModel

    exact = EngineOptions(precision="f32", kv_cache="f32")
    with LanguageModel.load(tiny_model("llama"), "CPU", exact) as model:
        expected = answer(model, "A tiny model", max_tokens=8).token_ids
    monkeypatch.setattr("tui.engine.model.select_rows", lambda graph, *, token_axis: False)
    for backend in ("paged", "stateful"):
        options = EngineOptions(precision="f32", kv_cache="f32", backend=backend)
        with LanguageModel.load(tiny_model("llama"), "CPU", options) as model:
            assert answer(model, "A tiny model", max_tokens=8).token_ids == expected
            assert "LM head" in " ".join(model.notices)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("llama", ir.Kind.STATEFUL),
        ("bloom", ir.Kind.STATEFUL),
        ("batch-axis-1", ir.Kind.STATEFUL),
        ("lfm2", ir.Kind.HYBRID),
        ("llama-stateless", ir.Kind.STATELESS),
        ("llama-no-cache", ir.Kind.NO_CACHE),
    ],
)
def test_kinds(name: str, kind: ir.Kind, tiny_model: Callable[[str], Path]):
    xml = tiny_model(name) / "openvino_model.xml"
    signature = ir.classify(ir.read(ov.Core(), xml))
    assert signature.kind is kind
    assert ("position_ids" in signature.inputs) == (name not in ("bloom", "lfm2"))
    if name == "batch-axis-1":
        assert set(signature.kv_axes.values()) == {ir.StateAxes(batch=1, tokens=0)}


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        ("bakend=paged", "Did you mean backend"),
        ("backend=pagd", "auto, paged, stateful"),
        ("precision=f8", "f32, bf16, f16"),
        ("kv_cache=q4", "u8, f16"),
        ("threads=many", "whole number"),
        ("threads=0", "1 to"),
        ("context=4", "16 to"),
        ("context", "context=VALUE"),
        ("=", "no engine option"),
    ],
)
def test_unknown_options_are_refused_with_what_there_is(pair: str, said: str):
    with pytest.raises(BadParameter) as refused:
        EngineOptions.parse([pair])
    assert said in str(refused.value)


def test_f32_kv_with_bf16_is_refused_with_a_sentence():
    with pytest.raises(BadParameter, match="precision=bf16"):
        EngineOptions.parse(["kv_cache=f32", "precision=bf16"])


def test_an_unreadable_graph_is_a_sentence(tmp_path: Path):
    xml = tmp_path / "openvino_model.xml"
    xml.write_text("<net name='x' version='11'><layers></layers>")
    with pytest.raises(ModelBroken, match=r"openvino_model\.xml"):
        ir.read(ov.Core(), xml)
