"""The committed models give torch's stored tokens with nothing but OpenVINO, before any code of ours runs them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import pytest

MODELS = Path(__file__).parent
ORACLE = json.loads((MODELS / "oracle.json").read_text())
EXACT = {"INFERENCE_PRECISION_HINT": "f32", "KV_CACHE_PRECISION": "f32", "INFERENCE_NUM_THREADS": 1}
MAX_FOLDER_BYTES = 1_000_000


def last_logits(folder: Path, ids: list[int], steps: int) -> Iterator[np.ndarray]:
    """Logits f32 [vocabulary] after `ids`, then after each greedy token, for any of the signatures."""
    compiled = ov.Core().compile_model(folder / "openvino_model.xml", "CPU", EXACT)
    request = compiled.create_infer_request()
    inputs = {port.get_any_name(): port for port in compiled.inputs}
    past = {
        name: np.zeros([d.get_length() if d.is_static else int(i == 0) for i, d in enumerate(port.partial_shape)], "f4")
        for name, port in inputs.items()
        if name.startswith("past_key_values")
    }
    remembers = bool(request.query_state() or past)
    feed, known = list(ids), 0
    for _ in range(steps):
        start = known if remembers else 0
        known = start + len(feed)
        values = {
            "input_ids": np.array([feed]),
            "attention_mask": np.ones((1, known), np.int64),
            "position_ids": np.arange(start, known)[None],
            "beam_idx": np.zeros(1, np.int32),
        }
        out = request.infer({name: values[name] for name in inputs if name in values} | past)
        past = {name: out[name.replace("past_key_values", "present")] for name in past}
        logits = out["logits"][0, -1]
        yield logits
        feed = [int(logits.argmax())] if remembers else [*feed, int(logits.argmax())]


@pytest.mark.parametrize("prompt", ["short", "long"])
@pytest.mark.parametrize("name", ORACLE)
def test_ir_gives_the_tokens_of_torch(name: str, prompt: str, tiny_model: Callable[[str], Path]) -> None:
    answer: dict[str, Any] = ORACLE[name]["answers"][prompt]
    rows = list(last_logits(tiny_model(name), answer["prompt_ids"], len(answer["token_ids"])))
    assert [int(row.argmax()) for row in rows] == answer["token_ids"]
    for token, logit in answer["last_logits"].items():
        assert rows[-1][int(token)] == pytest.approx(logit, abs=2e-3)


def test_answers_are_varied_and_far_from_ties() -> None:
    for name, record in ORACLE.items():
        assert record["variety"] >= 0.3, name
        assert record["margin"] > 5e-3, name


def test_folders_are_small() -> None:
    for folder in filter(Path.is_dir, MODELS.iterdir()):
        assert sum(file.stat().st_size for file in folder.iterdir() if file.is_file()) <= MAX_FOLDER_BYTES, folder.name
