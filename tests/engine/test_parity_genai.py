"""The peer as oracle: the same greedy tokens on the same model, backend against its twin, at f32."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.generation import answer
from tui.engine.language_model import LanguageModel
from tui.engine.options import EngineOptions

TOKENS = 200
PROMPT = "A tiny model says that the quick brown fox and one small dog live in a blue house"


@pytest.mark.parametrize("backend", ["paged", "stateful"])
@pytest.mark.parametrize(
    "name",
    ["llama", "llama-int8", "llama-int4", "qwen2", "qwen3", "gpt2", "phi3", "gpt_neox", "falcon", "bloom", "mistral"],
)
def test_greedy_tokens_are_those_of_openvino_genai(name: str, backend: str, tiny_model: Callable[[str], Path]):
    openvino_genai = pytest.importorskip("openvino_genai")
    folder = tiny_model(name)
    attention = {"paged": "PA", "stateful": "SDPA"}[backend]
    peer = openvino_genai.LLMPipeline(folder, "CPU", INFERENCE_PRECISION_HINT="f32", ATTENTION_BACKEND=attention)
    config = openvino_genai.GenerationConfig(
        max_new_tokens=TOKENS, ignore_eos=True, do_sample=False, apply_chat_template=False
    )
    with LanguageModel.load(folder, "CPU", EngineOptions(precision="f32", backend=backend)) as model:
        ours = answer(model, PROMPT, max_tokens=TOKENS)
        ids = openvino_genai.Tokenizer(folder).encode(PROMPT)
        assert ids.input_ids.data[0].tolist() == list(ours.prompt_token_ids)
        theirs = peer.generate(ids, config).tokens[0]
        assert theirs == list(ours.token_ids)
